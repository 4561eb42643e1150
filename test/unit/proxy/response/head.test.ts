import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResponseHead } from '../../../../src/proxy/response/head.ts'

test('keeps names, order, case and duplicates of fields', () => {
  const raw = ['Set-Cookie', 'a=1', 'X-One', '\u00e9', 'set-cookie', 'b=2']
  assert.deepEqual(readResponseHead(raw).fields, raw)
})

test('drops Transfer-Encoding, and reads the length', () => {
  const head = readResponseHead(['Content-Length', '5', 'Transfer-Encoding', 'chunked', 'Trailer', 'X-A'])
  assert.deepEqual(head.fields, ['Content-Length', '5', 'Trailer', 'X-A'])
  assert.equal(head.length, 5)
})

for (const [raw, why] of [
  [['X-A', 'a\u0000b'], 'NUL'],
  [['X-A', 'a\rb'], 'CR'],
  [['X-A', 'a\nSet-Cookie: b'], 'LF'],
  [['X-A', '\u0100'], 'no byte'],
  [['Content-Length', '+5'], 'a sign'],
  [['Content-Length', '5, 5'], 'a list'],
  [['Content-Length', '5', 'content-length', '6'], 'two lengths'],
  [['Content-Length', '5', 'content-length', '5'], 'two equal lengths'],
] as const) {
  test(`rejects a field with ${why}`, () => {
    assert.throws(() => readResponseHead(raw), { fault: 'protocol' })
  })
}

for (const [type, expected] of [
  ['text/event-stream', true],
  ['Text/Event-Stream;charset=utf-8', true],
  ['text/event-streams', false],
  ['text/html', false],
] as const) {
  test(`${type} is ${expected ? 'an' : 'not an'} event stream`, () => {
    assert.equal(readResponseHead(['Content-Type', type]).isEventStream, expected)
  })
}
