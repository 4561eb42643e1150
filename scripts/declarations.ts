import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fromRoot, root } from './paths.ts'

const specifier = /(\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"]+)\2/g

/**
 * Emits the type declarations that `src/index.ts` really needs. The compiler declares every file it saw; what the
 * public types do not reach stays out of the package.
 *
 * @throws Error when a public type refers to a package: consumers do not have our dependencies.
 */
export function emitDeclarations(folder: string): void {
  const all = mkdtempSync(join(dirname(folder), 'types-'))
  try {
    const compiler = fromRoot('node_modules/typescript/bin/tsc')
    const project = fromRoot('tsconfig.build.json')
    const { status } = spawnSync(process.execPath, [compiler, '-p', project, '--outDir', all], {
      cwd: root,
      stdio: 'inherit',
    })
    if (status !== 0) throw new Error('The declarations do not compile.')
    copyReachable(all, folder)
  } finally {
    rmSync(all, { recursive: true, force: true })
  }
}

function copyReachable(from: string, to: string): void {
  const wanted = new Set(['index.d.ts'])
  // A Set's iterator also visits what is added on the way.
  for (const file of wanted) {
    const text = readFileSync(join(from, file), 'utf8').replace(specifier, (whole, keyword, quote, path) => {
      if (path.startsWith('node:')) return whole
      if (!path.startsWith('.')) throw new Error(`${file} exposes a type of the package ${path}.`)
      wanted.add(join(dirname(file), path.replace(/\.ts$/, '.d.ts')))
      // `.js` is understood by every TypeScript; `.ts` in a declaration is not.
      return `${keyword}${quote}${path.replace(/\.ts$/, '.js')}${quote}`
    })
    const target = resolve(to, file)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
}
