import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, resolve, sep } from 'node:path'
import { realPathOrSame } from '../core/util/disk-name.ts'

/** Most files that are watched; a config file that imports more is part of a program. */
const mostFiles = 100
/** Bytes of a file that is looked into. */
const mostBytes = 1024 * 1024

/** `from './x'`, `import './x'`, `import('./x')`, `require('./x')`: one in a comment does no harm. */
const imported = /\b(?:from|import|require)\s*\(?\s*(["'`])(\.{1,2}\/[^"'`\n]+)\1/g
const moduleTypes: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'])
/** What `require` tries. */
const endings = ['', '.js', '.json', '.cjs', `${sep}index.js`]

/**
 * The files of the project that a config file imports by relative paths, at any depth, itself first. One that is not
 * there is among them, since it may come. Packages are not. Of a link both ends are: imports begin at its target.
 */
export function importedFiles(config: string): string[] {
  const found = new Set([config])
  for (const file of found) {
    const real = realPathOrSame(file)
    found.add(real)
    if (!moduleTypes.has(extname(real))) continue
    for (const [, , specifier = ''] of textOf(real).matchAll(imported)) {
      const path = fileAt(resolve(dirname(real), specifier.replace(/[?#].*$/, '')))
      if (found.size < mostFiles && !path.includes(`${sep}node_modules${sep}`)) found.add(path)
    }
  }
  return [...found]
}

function fileAt(path: string): string {
  return endings.map((ending) => path + ending).find(isFile) ?? path
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function textOf(file: string): string {
  try {
    return isFile(file) && statSync(file).size <= mostBytes ? readFileSync(file, 'utf8') : ''
  } catch {
    return ''
  }
}
