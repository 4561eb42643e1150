/**
 * Runs the tests: `node --import tsx test/run.ts [--all] [--rest] [name ...]`.
 *
 * Without arguments the quick suites run; `--all` adds the slow ones, `--rest` leaves the quick ones out again. Names pick the files whose path holds one of
 * them, out of every suite. The last line is always `N passed, N failed`, for people and for scripts.
 */
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { withCommand } from '../scripts/build.ts'
import { buildClient } from '../scripts/client.ts'

const root = resolve(import.meta.dirname, '..')
const quick = ['test/unit/', 'test/http/', 'test/cli/', 'test/browser/live.test.ts', 'test/structure.test.ts']
const quickMs = 120_000
const slowMs = 900_000

interface Failure {
  readonly file: string
  readonly name: string
  readonly diagnostics: string
}

interface Skip {
  readonly file: string
  readonly name: string
  readonly reason: string
}

interface Result {
  readonly file: string
  passed: number
  readonly failures: Failure[]
  readonly skips: Skip[]
  output: string
  ms: number
}

/** The part of a runner event that every supported Node version sends. */
interface Finished {
  readonly name: string
  readonly nesting: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string; readonly error?: Error & { failureType?: string } }
}

function testFiles(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path.split(sep).join('/')}`)
    .toSorted()
}

function isQuick(file: string): boolean {
  return quick.some((start) => file.startsWith(start))
}

function choose(files: readonly string[], flags: readonly string[], names: readonly string[]): string[] {
  if (names.length > 0) return files.filter((file) => names.some((name) => file.includes(name.replace(/^\.\//, ''))))
  if (flags.includes('--rest')) return files.filter((file) => !isQuick(file))
  return flags.includes('--all') ? [...files] : files.filter(isQuick)
}

/**
 * One file in a process of its own, with a deadline of our own: Node 24 and later apply `timeout` to each test, so a
 * file whose tests are done but whose event loop is still held would never end.
 */
async function runFile(file: string): Promise<Result> {
  const result: Result = { file, passed: 0, failures: [], skips: [], output: '', ms: 0 }
  const path = resolve(root, file)
  const limitMs = isQuick(file) ? quickMs : slowMs
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), limitMs)
  const startedAt = performance.now()
  const parents: string[] = []
  for await (const { type, data } of run({ files: [path], concurrency: false, signal: deadline.signal })) {
    if (type === 'test:stdout' || type === 'test:stderr') result.output += data.message
    if (type === 'test:start' && resolve(data.name) !== path) parents.splice(data.nesting, Infinity, data.name)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const finished = data as Finished
    const isFile = finished.nesting === 0 && resolve(finished.name) === path
    const isSuite = finished.details.type === 'suite'
    if (type === 'test:pass' || finished.todo !== undefined) {
      // A suite counts by its tests, unless it was skipped: then they are not reported.
      const reason = finished.skip ?? finished.todo
      if (isFile || (isSuite && reason === undefined)) continue
      if (reason === undefined) result.passed++
      else result.skips.push({ file, name: finished.name, reason: reason === true ? '' : String(reason) })
      continue
    }
    // A parent fails with its children; they tell the reason.
    if (finished.details.error?.failureType === 'subtestsFailed') continue
    if (isFile && deadline.signal.aborted) {
      const last = parents.join(' > ') || 'none'
      const diagnostics = `Last test that started: ${last}. A server, socket or timer may still be open.`
      result.failures.push({ file, name: `did not end within ${limitMs / 1000} s`, diagnostics })
      continue
    }
    // A file also fails for the failures inside it, which are told already.
    if (isFile && result.failures.length > 0) continue
    const name = isFile ? 'the file failed' : [...parents.slice(0, finished.nesting), finished.name].join(' > ')
    result.failures.push({ file, name, diagnostics: describe(finished.details.error) })
  }
  clearTimeout(timer)
  if (result.passed + result.skips.length + result.failures.length === 0) {
    result.failures.push({ file, name: 'no test ran', diagnostics: 'The file holds no test.' })
  }
  result.ms = performance.now() - startedAt
  return result
}

function describe(error: Error | undefined): string {
  const cause = error?.cause ?? error
  const text =
    cause instanceof Error ? (cause.stack ?? String(cause)) : typeof cause === 'string' ? cause : inspect(cause)
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*node:internal/.test(line))
    .join('\n')
}

async function runAll(files: readonly string[]): Promise<Result[]> {
  const results: Result[] = []
  const queue = files.values()
  const worker = async (): Promise<void> => {
    for (const file of queue) {
      const result = await runFile(file)
      results.push(result)
      const mark = result.failures.length > 0 ? 'FAIL' : 'ok  '
      console.log(`${mark}  ${file}  ${result.passed} passed  ${Math.round(result.ms)} ms`)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker))
  return results
}

/** The command is tested as it is shipped, and starts three times as fast; coverage is counted in the sources. */
function runTests(chosen: readonly string[]): Promise<Result[]> {
  const needsCommand = chosen.some((file) => file.startsWith('test/cli/'))
  if (!needsCommand || process.env['NODE_V8_COVERAGE'] !== undefined) return runAll(chosen)
  return withCommand((script) => {
    process.env['SERVE8008_TEST_COMMAND'] = script
    return runAll(chosen)
  })
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ')
}

const startedAt = performance.now()
const given = process.argv.slice(2)
const names = given.filter((argument) => !argument.startsWith('--'))
const files = choose(testFiles(), given, names)
// The browser client is a built file, also where the sources run: tests of a fresh checkout find it.
await buildClient(join(root, 'dist/client'))
// Each file's run adds its own listeners to the process; they are not a leak.
process.setMaxListeners(0)
const results = await runTests(files)
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
