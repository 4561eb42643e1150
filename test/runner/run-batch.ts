/** Runs test files in one process and reports the result of each. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import type { Bundle } from './bundle-tests.ts'

/** A test that failed. */
export interface Failure {
  readonly file: string
  readonly name: string
  readonly diagnostics: string
}

/** A test that was skipped. */
export interface Skip {
  readonly file: string
  readonly name: string
  readonly reason: string
}

/** The result of a file. */
export interface Result {
  readonly file: string
  passed: number
  readonly failures: Failure[]
  readonly skips: Skip[]
  /** What its tests printed. */
  output: string
  /** Milliseconds its tests took. */
  ms: number
}

/** The results of the files of a process. */
interface Batch {
  readonly results: Result[]
  /** Whether the process itself failed, so that a failure may be attributed to the wrong file. */
  readonly isBroken: boolean
}

/** The part of a runner event that every supported Node version sends. */
interface Finished {
  readonly name: string
  readonly nesting: number
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: {
    readonly type?: string
    readonly duration_ms?: number
    readonly error?: Error & { failureType?: string }
  }
}

/** The name of the test before the tests of a file. The tests after it belong to that file. */
const marker = 'tests of '

/**
 * Runs files one after the other in one process. The deadline is our own: Node 24 and later apply `timeout` to each test, so
 * a process whose event loop is still busy after its tests would never end.
 */
export async function runBatch(files: readonly string[], bundle: Bundle, limitMs: number): Promise<Batch> {
  const results = new Map(files.map((file) => [file, emptyResult(file)]))
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-tests-'))
  const entry = join(folder, 'batch.mjs')
  writeFileSync(entry, entryOf(files, bundle))
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), limitMs)
  let current = results.get(files[0] as string) as Result
  let parents: string[] = []
  let processError: Error | undefined
  let isBroken = false
  try {
    for await (const { type, data } of run({ files: [entry], concurrency: false, signal: deadline.signal })) {
      if (type === 'test:stdout' || type === 'test:stderr') current.output += data.message
      if (type === 'test:start') {
        if (data.nesting === 0 && data.name.startsWith(marker)) {
          current = results.get(data.name.slice(marker.length)) ?? current
        }
        if (resolve(data.name) !== entry) parents = [...parents.slice(0, data.nesting), data.name]
      }
      if (type === 'test:pass') addPass(current, data)
      if (type !== 'test:fail') continue
      if (resolve(data.name) !== entry) addFailure(current, data, parents)
      else if (!deadline.signal.aborted) processError = data.details.error
    }
    if (deadline.signal.aborted) {
      const last = parents.join(' > ') || 'none'
      const diagnostics = `Last test that started: ${last}. A server, socket or timer may still be open.`
      current.failures.push({ file: current.file, name: `did not end within ${limitMs / 1000} s`, diagnostics })
      isBroken = true
    } else if (processError !== undefined && [...results.values()].every(({ failures }) => failures.length === 0)) {
      // A process also fails for the failures inside it, which are reported already.
      current.failures.push({ file: current.file, name: 'its process failed', diagnostics: describe(processError) })
      isBroken = true
    }
  } finally {
    clearTimeout(timer)
    rmSync(folder, { recursive: true, force: true })
  }
  for (const { file, passed, skips, failures } of results.values()) {
    if (passed + skips.length + failures.length > 0) continue
    failures.push({ file, name: 'no test ran', diagnostics: 'The file holds no test.' })
    isBroken = true
  }
  return { results: [...results.values()], isBroken }
}

function emptyResult(file: string): Result {
  return { file, passed: 0, failures: [], skips: [], output: '', ms: 0 }
}

/** A test may wait for a timer of the sources that does not keep the process alive. */
const alive = 'const alive = setInterval(() => {}, 60_000)\nafter(() => clearInterval(alive))'

function entryOf(files: readonly string[], bundle: Bundle): string {
  // Top-level hooks must be defined before the first test, so a file in a separate process has no marker.
  const loads = files.map((file) => {
    const mark = files.length > 1 ? `test(${JSON.stringify(marker + file)}, () => {})` : ''
    const url = JSON.stringify(bundle.urlOf(file))
    return `${mark}\nawait import(${url}).catch((error) => test('is loaded', () => { throw error }))`
  })
  return `import { after, test } from 'node:test'\n${alive}\n${loads.join('\n')}`
}

function addPass(result: Result, { name, nesting, skip, todo, details }: Finished): void {
  if (name.startsWith(marker) || (nesting === 0 && name.endsWith('batch.mjs'))) return
  if (nesting === 0) result.ms += details.duration_ms ?? 0
  const reason = skip ?? todo
  // A suite counts by its tests. Those of a skipped suite are not reported.
  if (details.type === 'suite' && reason === undefined) return
  if (reason === undefined) result.passed++
  else result.skips.push({ file: result.file, name, reason: reason === true ? '' : String(reason) })
}

function addFailure(result: Result, finished: Finished, parents: readonly string[]): void {
  const { name, nesting, todo, details } = finished
  if (todo !== undefined) return addPass(result, finished)
  if (nesting === 0) result.ms += details.duration_ms ?? 0
  // A parent fails with its children, which report the reason.
  if (details.error?.failureType === 'subtestsFailed') return
  const path = [...parents.slice(0, nesting), name].join(' > ')
  result.failures.push({ file: result.file, name: path, diagnostics: describe(details.error) })
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
