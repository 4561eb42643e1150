import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeLine, readExchange } from '../../../src/inspect/exchange-json.ts'
import { createRedactor, redactExchange } from '../../../src/inspect/redact/redact.ts'
import { recorded, type RecordedFacts } from '../../support/recorded.ts'

function there(facts: RecordedFacts, hasContent = true): string {
  return exchangeLine(redactExchange(recorded(facts), createRedactor()), hasContent)
}

/** All of an exchange, with content as numbers whatever its class. */
function plain(exchange: unknown): unknown {
  const numbers = (key: string, value: unknown): unknown =>
    key === 'content' ? Object.values((value as { data?: number[] }).data ?? (value as object)) : value
  return JSON.parse(JSON.stringify(exchange, numbers))
}

test('what is written is read as the same', () => {
  for (const facts of [
    {
      requestContent: 'a',
      content: Buffer.from([1, 255]),
      headers: ['Content-Type', 'image/png'],
      trailers: ['A', 'b'],
    },
    { status: false, aborted: true, firstByteMs: undefined, endMs: 4, refusal: 'E8008_TIMEOUT' },
    {
      user: 'ada',
      route: '/a',
      upstream: 'http://b',
      reason: 'c',
      remark: 'd',
      site: 'e',
      listener: 'f',
      version: '2',
    },
  ] satisfies RecordedFacts[]) {
    const exchange = redactExchange(recorded(facts), createRedactor())
    const read = readExchange(JSON.parse(exchangeLine(exchange, true)) as Record<string, unknown>)
    assert.deepEqual(plain(read), plain(exchange))
  }
})

test('content is left out unless it is asked for, and says why it is withheld', () => {
  const facts = { content: '\0', headers: ['Content-Type', 'application/x'] }
  assert.ok(!there(facts, false).includes('ontent":'))
  assert.match(there(facts), /"content":\{"withheld":"binary content"\}/)
})

test('a line holds no character that could steer a terminal', () => {
  assert.match(there({ target: '/\u202e\u001b', content: '\u009b31m' }), /^[ -~]*$/)
})

test('other lines are no exchanges', () => {
  assert.equal(readExchange({ missed: 3 }), undefined)
})
