/**
 * Runs the tests: `node --import tsx test/run.ts [--all | --covered | --rest] [--repeat N] [--under-load] [name ...]`.
 *
 * Without arguments the quick tests run. `--covered` adds the slow files of the same suites, `--rest` runs the other suites,
 * `--all` runs both. Names pick the files whose path holds one of them, out of every suite. `--repeat` and `--under-load` find tests that fail at times.
 * The last line is always `N passed, N failed`, for people and for scripts.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { Worker } from 'node:worker_threads'
import { builtCommand } from '../scripts/build.ts'
import { countsCoverage } from '../scripts/compile-folder.ts'
import { buildScripts } from '../scripts/client.ts'
import { withBundle, type Bundle } from './runner/bundle-tests.ts'
import { runBatch, type Result } from './runner/run-batch.ts'

const root = resolve(import.meta.dirname, '..')
/** The suites that run most lines of the sources; coverage counts what they run. */
const covering = ['test/unit/', 'test/http/', 'test/cli/', 'test/browser/live.test.ts', 'test/structure.test.ts']
const quickMs = 120_000
const slowMs = 900_000
const filesInProcess = 40

function testFiles(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path.split(sep).join('/')}`)
    .toSorted()
}

/** Files of the covering suites that take long, and that few changes can break, say why: `// slow: …`. */
const slow = /^\/\/ slow: /m

function covers(file: string): boolean {
  return covering.some((start) => file.startsWith(start))
}

function isQuick(file: string): boolean {
  return covers(file) && !slow.test(textOf(file))
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function choose(files: readonly string[], flags: readonly string[], names: readonly string[]): string[] {
  if (names.length > 0) return files.filter((file) => names.some((name) => file.includes(name.replace(/^\.\//, ''))))
  if (flags.includes('--rest')) return files.filter((file) => !covers(file))
  if (flags.includes('--covered')) return files.filter(covers)
  return flags.includes('--all') ? [...files] : files.filter(isQuick)
}

/** Hooks at the top level of a file would run for the tests of the files beside it too. `after` runs at the end. */
const rootHook = /^(?:before|beforeEach|afterEach)\(/m

/** Files that change what belongs to the process say why: `// own process: …`. */
const ownProcess = /^\/\/ own process: /m

/** Files that wait long say so, each with a process of its own that begins first: `// starts first: …`. */
const startsFirst = /^\/\/ starts first: /m

/** Tests that wait for processes and browsers that they start, each by itself. */
const starting = ['test/browser/', 'test/cli/']

/** Which files share a process, in their order: the slow ones and those that need it have one each. */
function batchesOf(files: readonly string[]): string[][] {
  const first: string[] = []
  const shared: string[] = []
  const starters: string[] = []
  const single: string[] = []
  for (const file of files) {
    const text = textOf(file)
    if (startsFirst.test(text)) first.push(file)
    else if (starting.some((folder) => file.startsWith(folder))) starters.push(file)
    else if (!covers(file) || rootHook.test(text) || ownProcess.test(text)) single.push(file)
    else shared.push(file)
  }
  // Every batch gets something of each folder, so that they take about as long.
  const count = Math.ceil(shared.length / filesInProcess)
  const batches = Array.from({ length: count }, (_, at) => shared.filter((_each, index) => index % count === at))
  const alone = (each: readonly string[]): string[][] => each.map((file) => [file])
  // Those that compute run beside those that wait, the longest first. The short ones fill the end evenly.
  return [...alone(first), ...batches, ...alone(starters), ...alone(single)]
}

/** Suites that measure: each of their files has the machine to itself. */
const measuring = ['test/abuse/', 'test/soak/large-listing', 'test/soak/soak']

function measures(file: string): boolean {
  return measuring.some((start) => file.startsWith(start))
}

/** Suites that run the built command. */
const withCommandOnly = ['test/cli/', 'test/docs/', 'test/abuse/', 'test/peers/scan']

async function runAll(files: readonly string[], bundle: Bundle): Promise<Result[]> {
  const measured = files.filter(measures)
  const others = files.filter((file) => !measures(file))
  // Quick tests wait for sockets and processes more than they compute; browsers, other servers and coverage compute more.
  const isWaiting = others.every(covers) && !countsCoverage
  const results = await runBeside(others, bundle, (isWaiting ? 4 : 2) * availableParallelism())
  return [...results, ...(await runBeside(measured, bundle, 1))]
}

async function runBeside(files: readonly string[], bundle: Bundle, processes: number): Promise<Result[]> {
  const results: Result[] = []
  const queue = batchesOf(files).values()
  const worker = async (): Promise<void> => {
    for (const batch of queue) {
      const perFileMs = covers(batch[0] as string) && !countsCoverage ? quickMs : slowMs
      const limitMs = perFileMs * Math.ceil(batch.length / 4)
      const ended = await runBatch(batch, bundle, limitMs)
      // Alone, each file answers for itself.
      const again = ended.isBroken && batch.length > 1 ? batch : []
      const alone: Result[] = []
      for (const file of again) alone.push(...(await runBatch([file], bundle, quickMs)).results)
      for (const result of alone.length > 0 ? alone : ended.results) {
        results.push(result)
        const mark = result.failures.length > 0 ? 'FAIL' : 'ok  '
        console.log(`${mark}  ${result.file}  ${result.passed} passed  ${Math.round(result.ms)} ms`)
      }
    }
  }
  await Promise.all(Array.from({ length: processes }, worker))
  return results
}

async function runTests(chosen: readonly string[]): Promise<Result[]> {
  // The test processes run compiled files: they need the way back to the sources, and no loader.
  process.execArgv.splice(0, Infinity, '--enable-source-maps')
  if (chosen.some((file) => withCommandOnly.some((start) => file.startsWith(start))))
    process.env['SERVE8008_TEST_COMMAND'] = await builtCommand()
  return withBundle(chosen, (bundle) => runAll(chosen, bundle))
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ')
}

/** Keeps every core busy, as a machine with other work on it is. */
function underLoad(): () => void {
  const workers = Array.from({ length: availableParallelism() }, () => new Worker('for (;;);', { eval: true }))
  return () => {
    for (const worker of workers) void worker.terminate()
  }
}

const startedAt = performance.now()
const given = process.argv.slice(2)
const repeatAt = given.indexOf('--repeat')
const repeat = repeatAt < 0 ? 1 : Number(given.splice(repeatAt, 2)[1])
if (!Number.isInteger(repeat) || repeat < 1)
  throw new RangeError('--repeat takes a number, as in: npm test -- --repeat 10 proxy')
const names = given.filter((argument) => !argument.startsWith('--'))
const files = choose(testFiles(), given, names)
const unload = given.includes('--under-load') ? underLoad() : () => {}
// These are built files, also where the sources run: tests of a fresh checkout find them.
await buildScripts(join(root, 'dist'))
// Each file's run adds its own listeners to the process; they are not a leak.
process.setMaxListeners(0)
const results: Result[] = []
for (let round = 0; round < repeat; round++) results.push(...(await runTests(files)))
unload()
const failures = results.flatMap((result) => result.failures)
const skips = results.flatMap((result) => result.skips)
const passed = results.reduce((sum, result) => sum + result.passed, 0)

for (const skip of skips) console.log(`skip  ${skip.file}  ${skip.name}${skip.reason && `: ${skip.reason}`}`)
for (const { file, output } of results.filter((result) => result.failures.length > 0 && result.output !== '')) {
  console.log(`\nOutput of ${file}\n${indent(output)}`)
}
for (const failure of failures)
  console.log(`\nFAIL  ${failure.file}\n  ${failure.name}\n${indent(failure.diagnostics)}`)
if (files.length === 0) console.log(`No test file matches: ${names.join(' ')}`)

const total = passed + failures.length + skips.length
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
console.log(`\nNode ${process.versions.node}: ${total} tests in ${files.length} files, ${seconds} s`)
console.log(`${passed} passed, ${failures.length} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`)
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1
// What a test process that was killed has started may still hold its pipes: it must not hold this process too.
process.stdout.write('', () => process.exit())
