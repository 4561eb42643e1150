/** `npm run structure`: the numbers of the source tree, and the exported names that more than one file defines. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.ts'
import { printTable } from './run.ts'

/** A file below this many lines is often a fragment of its neighbour. */
const fragmentLines = 25

interface SourceFile {
  /** Below src, with slashes. */
  readonly path: string
  readonly lines: number
  /** Names that are defined and exported here. */
  readonly names: readonly string[]
}

/** `export { a } from` hands a name on and defines none. */
const definition =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm

function readSources(): SourceFile[] {
  const root = fromRoot('src')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return {
        path: path.replaceAll('\\', '/'),
        lines: text.split('\n').length - 1,
        names: [...new Set([...text.matchAll(definition)].map(([, name = '']) => name))],
      }
    })
    .toSorted((one, other) => one.lines - other.lines)
}

/** Exported names with the files that define them, where these are several. */
function sharedNames(files: readonly SourceFile[]): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const { path, names } of files) {
    for (const name of names) places.set(name, [...(places.get(name) ?? []), path])
  }
  return new Map(
    [...places].filter(([, paths]) => paths.length > 1).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

const files = readSources()
const shared = sharedNames(files)
const largest = files.at(-1)
printTable([
  ['source files', String(files.length)],
  ['median lines', String(files[Math.floor(files.length / 2)]?.lines ?? 0)],
  [`files under ${fragmentLines} lines`, String(files.filter(({ lines }) => lines < fragmentLines).length)],
  ['largest file', `${largest?.lines ?? 0}  ${largest?.path ?? ''}`],
  ['exported names defined in several files', String(shared.size)],
  ...[...shared].map(([name, paths]) => [`  ${name}`, paths.toSorted().join('  ')]),
])
