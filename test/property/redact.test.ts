import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRedactor, redactExchange } from '../../src/inspect/redact/redact.ts'
import { recorded } from '../support/recorded.ts'

const redactor = createRedactor()
const secret = 's3cretQ7x'

function redacted(type: string, content: string | Uint8Array, bytes?: number): string {
  const facts = { headers: ['Content-Type', type], content, ...(bytes === undefined ? {} : { bytes }) }
  const { reply } = redactExchange(recorded(facts), redactor)
  return Buffer.from(reply?.content ?? []).toString('latin1')
}

/** Names and texts that suggest nothing. */
const plain = fc.stringMatching(/^[a-d é€"\\\n]{0,8}$/u)
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    plain,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(plain, tie('value'), { maxKeys: 4 }),
  ),
})).value

test('JSON without secrets stays as it is, however it is written', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = `[${JSON.stringify(value, null, space)}]`
      assert.equal(redacted('application/json', text), Buffer.from(text).toString('latin1'))
    }),
  )
})

/** What holds the secret, at any depth. */
const hiding = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(secret),
    fc.tuple(values, tie('value')).map(([before, value]) => [before, value]),
    fc.tuple(plain, tie('value')).map(([name, value]) => ({ [name]: value })),
  ),
})).value
const named = fc.tuple(values, fc.constantFrom('password', 'accessToken', 'X-Api-Key', 'client_secret', 'jwt'), hiding)

test('JSON loses what stands below the name of a secret, also where it is cut off', () => {
  fc.assert(
    fc.property(named, fc.nat(60), fc.boolean(), ([before, name, value], cut, isNested) => {
      const inner = JSON.stringify({ a: before, [name]: value, z: 1 })
      const text = isNested ? JSON.stringify({ text: inner }) : inner
      const shown = redacted('application/json', text.slice(0, text.length - cut), text.length)
      assert.ok(!shown.includes(secret), shown)
      if (cut > 0) return
      const parsed = JSON.parse(Buffer.from(shown, 'latin1').toString()) as { text?: string; z?: number }
      assert.equal(isNested ? (JSON.parse(parsed.text ?? '') as { z: number }).z : parsed.z, 1)
    }),
  )
})

const types = fc.constantFrom(
  ...['application/json', 'text/html', 'text/plain', 'text/javascript', 'text/event-stream', 'application/xml', ''],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'image/png', 'application/grpc'],
)

test('any content can be redacted, once as well as twice', () => {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '\\',
      ':',
      ',',
      '=',
      '&',
      '<',
      '>',
      '</',
      '--b',
      '\r\n\r\n',
      '\n',
      'data: ',
      '?',
      '://',
    ],
    ...[
      'password',
      'token',
      'x',
      '1',
      ' ',
      'eyJhbGciOiJIUzI1NiJ9.e',
      'name="key"',
      '<![CDATA[',
      'Bearer ',
      '%74oken',
      '€',
    ],
  )
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 24 }).map((all) => all.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(types, text, (type, content) => {
      const once = redacted(type, content)
      redacted(type, Buffer.from(once, 'latin1'))
    }),
    { numRuns: 3000 },
  )
})
