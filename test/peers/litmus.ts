import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/**
 * Runs litmus, the WebDAV test suite, against a collection.
 *
 * @param suites Words of `basic copymove props locks http`.
 * @returns the outcome of each test, such as `basic put_get: pass`.
 */
export async function litmus(url: string, cwd: string, suites: readonly string[]): Promise<string[]> {
  const env = { ...process.env, TESTS: suites.join(' ') }
  const child = spawn('litmus', ['-k', url, 'user', 'secret'], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const output = text(child.stdout)
  await once(child, 'close')
  return outcomes(await output)
}

/**
 * Not line by line: litmus prints freed memory with a failure, which may contain a line break.
 */
function outcomes(output: string): string[] {
  let suite = ''
  return [...output.matchAll(/^-> running `([^']+)'|\r\s*\d+\. (\w+)\.+ (pass|FAIL|SKIPPED|WARNING)/gm)].flatMap(
    ([, running, name, outcome]) => {
      suite = running ?? suite
      return running === undefined ? [`${suite} ${name}: ${outcome}`] : []
    },
  )
}
