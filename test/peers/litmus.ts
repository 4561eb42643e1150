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

function outcomes(output: string): string[] {
  let suite = ''
  return output.split('\n').flatMap((line) => {
    suite = /^-> running `([^']+)'/.exec(line)?.[1] ?? suite
    const found = /(?:^|\r)\s*\d+\. (\w+)\.+ (pass|FAIL|SKIPPED|WARNING)/.exec(line.slice(line.lastIndexOf('\r') + 1))
    return found === null ? [] : [`${suite} ${found[1]}: ${found[2]}`]
  })
}
