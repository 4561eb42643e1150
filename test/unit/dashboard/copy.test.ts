import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { asCurl } from '../../../src/dashboard/page/copy.ts'
import type { ShownExchange } from '../../../src/dashboard/page/exchange.ts'

const exchange = {
  ...{ method: 'POST', tls: false, host: 'localhost:8008', target: '/{a,b}/../[1-9]', requestHeaders: [] },
} as unknown as ShownExchange

/** The words that bash makes of a command. */
function wordsOf(command: string): string[] {
  const script = `${command.replace(/^curl/, "printf '%s\\0'")}`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

test('the command for curl sends what was sent, and reads no file', { skip: process.platform === 'win32' }, () => {
  for (const text of ['@/etc/passwd', "it's", 'a\nb', '\u001B[201~\nid\n', '\\x41 $(id) `id` !', 'é 😀 \u0085']) {
    const requestHeaders = [['X-Note', `it's ${text.replaceAll('\n', ' ')}`] as const]
    const command = asCurl({ ...exchange, requestHeaders, requestContent: { text } })
    const words = wordsOf(command)
    assert.deepEqual(words, [
      ...['--globoff', '--path-as-is', 'http://localhost:8008/{a,b}/../[1-9]'],
      ...['-H', requestHeaders[0]?.join(': '), '--data-raw', text],
    ])
    // A terminal takes what is pasted: a control character could end the paste and be a command.
    assert.doesNotMatch(command, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/)
  }
})
