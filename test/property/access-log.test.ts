import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LogFormat } from '../../src/config/value-types.ts'
import type { AccessRecord } from '../../src/server/types.ts'
import { createAccessLog } from '../../src/inspect/inspect.ts'

const nasty = fc.constantFrom(
  ...['\n', '\r', '\x1b[2J', '\x1b]0;x\x07', '\x9b31m', '\x7f', '\0', '\u202e', '\u2066', '\u2028', '\u200b', '\ud800'],
  ...['\u0301\u0301\u0301\u0301', '\u034f', '\ufe0f', '\u180b', '\u17b4', '❤️', '%CC%81%CC%81', '%CD%8F'],
  ...['\ufeff', '\u{e0041}', '\u061c', '"', '\\', '\\x1b', '…', '😀', 'é'],
)
const text = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary' }), fc.string()), { maxLength: 12 })
  .map((parts) => parts.join(''))
const number = fc.oneof(fc.double(), fc.integer(), fc.nat(600))
const refusal = fc.oneof(fc.constantFrom('', 'E8008_HOST_NOT_ALLOWED', 'E8008_NOT_FOUND'), text)

const records: fc.Arbitrary<AccessRecord> = fc.record({
  time: fc.oneof(number, fc.constant(Date.UTC(2026, 0, 5))),
  address: text,
  method: text,
  target: text,
  version: text,
  host: text,
  status: number,
  bytes: number,
  ms: number,
  aborted: fc.boolean(),
  referer: text,
  userAgent: text,
  user: text,
  refusal,
  remark: text,
  route: text,
  upstream: text,
  reason: text,
  site: text,
  listener: text,
})

/** Whatever may steer a terminal, split a line, turn its direction or be invisible; the selectors and joiners of emoji may stay. */
const unprintable =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\ufe0f\u200d])[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?<![\p{Emoji}\p{Emoji_Modifier}])\ufe0f|(?<![\p{Emoji}\ufe0f])\u200d|\p{M}{9}/u

function lineOf(record: AccessRecord, format: LogFormat, color: boolean, columns: number | undefined): string {
  const writes: string[] = []
  const size = columns === undefined ? {} : { columns }
  const log = createAccessLog({ format, write: (written) => writes.push(written), color, ...size })
  log.log(record)
  log.flush()
  assert.equal(writes.length, 1)
  return writes[0] as string
}

const columns = fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined })

for (const format of ['pretty', 'common', 'combined', 'json'] as const) {
  test(`whatever a record holds, ${format} makes one line without control characters`, () => {
    fc.assert(
      fc.property(records, columns, (record, width) => {
        const line = lineOf(record, format, false, width)
        assert.ok(line.endsWith('\n'))
        assert.doesNotMatch(line.slice(0, -1), unprintable)
      }),
      { numRuns: 300 },
    )
  })
}

test('adds only the colour sequences around the time and the status', () => {
  fc.assert(
    fc.property(records, columns, (record, width) => {
      const painted = lineOf(record, 'pretty', true, width)
      const plain = painted.replace(/^\x1b\[2m([^\x1b]*)\x1b\[22m/, '$1').replace(/\x1b\[3\dm([^\x1b]*)\x1b\[39m/, '$1')
      assert.equal(plain, lineOf(record, 'pretty', false, width))
    }),
    { numRuns: 200 },
  )
})

test('parses back each JSON record', () => {
  fc.assert(
    fc.property(records, (record) => {
      const read = JSON.parse(lineOf(record, 'json', false, undefined)) as AccessRecord
      for (const key of ['target', 'host', 'referer', 'userAgent', 'user', 'remark', 'method'] as const) {
        assert.equal(read[key], record[key])
      }
    }),
    { numRuns: 200 },
  )
})
