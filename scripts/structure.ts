/**
 * `npm run structure`: the numbers of the source tree, and the exported names that more than one file defines. Fails when a
 * number is beyond its limit, as `test/structure.test.ts` does.
 */
import { printTable } from './run.ts'
import { breachesOf, fragmentLines, limits, measure, readSources, type SourceFile } from './source-tree.ts'

/** Each file with the only one that imports it, where there is one. */
function onlyImporters(some: readonly SourceFile[], all: readonly SourceFile[]): readonly string[][] {
  return some.flatMap(({ path }) => {
    const [importer, ...others] = all.filter(({ imports }) => imports.includes(path))
    return importer === undefined || others.length > 0 ? [] : [[`  ${path}`, `only in ${importer.path}`]]
  })
}

const files = readSources()
const numbers = measure(files)
const { median, largest, fragments, shared } = numbers
const breaches = breachesOf(numbers)

printTable([
  ['source files', String(files.length)],
  ['median lines', `${median}  at least ${limits.leastMedian}`],
  [`files under ${fragmentLines} lines`, `${fragments.length}  at most ${limits.fragments}`],
  ...(fragments.length > limits.fragments ? onlyImporters(fragments, files) : []),
  ['largest file', `${largest.lines}  at most ${limits.largest}  ${largest.path}`],
  ['exported names defined in several files', String(shared.size)],
])
for (const breach of breaches) console.error(breach)
process.exitCode = breaches.length === 0 ? 0 : 1
