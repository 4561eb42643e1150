import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHttpDate, parseHttpDate } from '../../../../src/http/message/date.ts'

const time = Date.UTC(1994, 10, 6, 8, 49, 37)
const now = Date.UTC(2026, 0, 1)

for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
  test(`parses ${text}`, () => assert.equal(parseHttpDate(text, now), time))
}

const refused = [
  '',
  'not a date',
  '0',
  '784111777000',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37 +0000',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'sun, 06 nov 1994 08:49:37 gmt',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:37 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  'Wed, 30 Feb 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun Nov 6 08:49:37 1994',
  '1994-11-06T08:49:37Z',
]

for (const text of refused) {
  test(`rejects ${JSON.stringify(text)}`, () => assert.equal(parseHttpDate(text, now), undefined))
}

test('reads a two-digit year as at most 50 years ahead', () => {
  assert.equal(new Date(parseHttpDate('Friday, 01-May-76 00:00:00 GMT', now) ?? 0).getUTCFullYear(), 2076)
  assert.equal(new Date(parseHttpDate('Friday, 01-May-77 00:00:00 GMT', now) ?? 0).getUTCFullYear(), 1977)
})

test('does not read years before 100 as the twentieth century', () => {
  assert.equal(new Date(parseHttpDate('Sat, 01 Jan 0050 00:00:00 GMT', now) ?? 0).getUTCFullYear(), 50)
})

test('accepts a leap second', () => {
  assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now), Date.UTC(2016, 11, 31, 23, 59, 59))
})

test('formats a time so that it can be parsed again', () => {
  assert.equal(formatHttpDate(time + 999), 'Sun, 06 Nov 1994 08:49:37 GMT')
  assert.equal(parseHttpDate(formatHttpDate(time)), time)
})
