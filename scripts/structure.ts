/**
 * `npm run structure`: the numbers of the source tree, and the exported names that more than one file defines. Fails when a
 * number is beyond its limit.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fromRoot } from './paths.ts'
import { printTable } from './run.ts'

/** A file below this many lines is often a fragment of its neighbour. */
const fragmentLines = 25

/** Lower a maximum or raise the minimum when the tree allows it; never the other way. */
const limits = { fragments: 32, largest: 400, leastMedian: 70, sharedNames: 0 }

interface SourceFile {
  /** Below src, with slashes. */
  readonly path: string
  readonly lines: number
  /** Names that are defined and exported here. */
  readonly names: readonly string[]
  /** The files that it imports when it is loaded, in the form of `path`. */
  readonly imports: readonly string[]
}

/** `export { a } from` hands a name on and defines none. */
const definition =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm

const staticImport = /^(?:import|export|\}) .*?from '(\.[^']+)'/gm

function readSources(): SourceFile[] {
  const root = fromRoot('src')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const slashed = path.replaceAll('\\', '/')
      return {
        path: slashed,
        lines: text.split('\n').length - 1,
        names: [...new Set([...text.matchAll(definition)].map(([, name = '']) => name))],
        imports: [...text.matchAll(staticImport)].map(([, to = '']) => posix.join(posix.dirname(slashed), to)),
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

/** Each file with the only one that imports it, where there is one. */
function onlyImporters(some: readonly SourceFile[], all: readonly SourceFile[]): readonly string[][] {
  return some.flatMap(({ path }) => {
    const [importer, ...others] = all.filter(({ imports }) => imports.includes(path))
    return importer === undefined || others.length > 0 ? [] : [[`  ${path}`, `only in ${importer.path}`]]
  })
}

const files = readSources()
const shared = sharedNames(files)
const largest = files.at(-1)
const largestLines = largest?.lines ?? 0
const median = files[Math.floor(files.length / 2)]?.lines ?? 0
const fragments = files.filter(({ lines }) => lines < fragmentLines)
const breaches = [
  median < limits.leastMedian && `The median is ${median} lines; at least ${limits.leastMedian} are required.`,
  fragments.length > limits.fragments &&
    `${fragments.length} files have fewer than ${fragmentLines} lines; at most ${limits.fragments} may. Merge one with a file of the same idea, or with its only importer (listed above).`,
  largestLines > limits.largest && `${largest?.path} has ${largestLines} lines; at most ${limits.largest} are allowed.`,
  shared.size > limits.sharedNames && `${[...shared.keys()].join(', ')}: several files define this name. Rename one.`,
].filter((breach) => breach !== false)

printTable([
  ['source files', String(files.length)],
  ['median lines', `${median}  at least ${limits.leastMedian}`],
  [`files under ${fragmentLines} lines`, `${fragments.length}  at most ${limits.fragments}`],
  ...(fragments.length > limits.fragments ? onlyImporters(fragments, files) : []),
  ['largest file', `${largestLines}  at most ${limits.largest}  ${largest?.path ?? ''}`],
  ['exported names defined in several files', `${shared.size}  at most ${limits.sharedNames}`],
  ...[...shared].map(([name, paths]) => [`  ${name}`, paths.toSorted().join('  ')]),
])
for (const breach of breaches) console.error(breach)
process.exitCode = breaches.length === 0 ? 0 : 1
