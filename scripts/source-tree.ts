import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fromRoot } from './paths.ts'

/** A file below this many lines is often a fragment of its neighbour. */
export const fragmentLines = 25

/** Folders with one file a command or a kind of route: a short one has no neighbour that it could be a part of. */
const shortByNature = ['cli/commands/', 'config/kinds/']

/** Lower a maximum or raise the minimum when the tree allows it; never the other way. */
export const limits: Readonly<Record<'fragments' | 'largest' | 'leastMedian', number>> = {
  fragments: 31,
  largest: 400,
  leastMedian: 70,
}

export interface SourceFile {
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

/** Every file of src, the shortest first. */
export function readSources(): SourceFile[] {
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

/** The numbers of the tree that have a limit. */
export interface TreeNumbers {
  readonly median: number
  readonly largest: SourceFile
  readonly fragments: readonly SourceFile[]
  /** Exported names with the files that define them, where these are several. */
  readonly shared: ReadonlyMap<string, readonly string[]>
}

/** Measures files that are sorted by their lines. */
export function measure(files: readonly SourceFile[]): TreeNumbers {
  return {
    median: files[Math.floor(files.length / 2)]?.lines ?? 0,
    largest: files.at(-1) as SourceFile,
    fragments: files.filter(
      ({ lines, path }) => lines < fragmentLines && !shortByNature.some((folder) => path.startsWith(folder)),
    ),
    shared: sharedNames(files),
  }
}

/** What is beyond its limit, each with what to do. */
export function breachesOf({ median, largest, fragments, shared }: TreeNumbers): string[] {
  return [
    median < limits.leastMedian && `The median is ${median} lines; at least ${limits.leastMedian} are required.`,
    fragments.length > limits.fragments &&
      `${fragments.length} files have fewer than ${fragmentLines} lines; at most ${limits.fragments} may. Merge one with a file of the same idea, or with its only importer (npm run structure lists them).`,
    largest.lines > limits.largest &&
      `${largest.path} has ${largest.lines} lines; at most ${limits.largest} are allowed.`,
    ...[...shared].map(([name, paths]) => `${name} is defined by ${paths.join(' and ')}. Rename one.`),
  ].filter((breach) => breach !== false)
}
