import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCount, formatInstant, formatLocal, formatNoun } from '../../../src/pages/format.ts'

test('counts have thousands separators, and nouns their plural', () => {
  assert.equal(formatCount(0), '0')
  assert.equal(formatCount(999), '999')
  assert.equal(formatCount(1_234_567), '1,234,567')
  assert.equal(formatNoun(1, 'file'), '1 file')
  assert.equal(formatNoun(50_000, 'file'), '50,000 files')
})

test('times have both forms, and one outside the range of dates has none', () => {
  assert.equal(formatInstant(Date.UTC(2026, 2, 1, 13, 5)), '2026-03-01T13:05:00.000Z')
  assert.equal(formatInstant(9e15), undefined)
  assert.equal(formatInstant(NaN), undefined)
  assert.deepEqual(formatLocal(new Date(2026, 2, 1, 9, 5).getTime()), ['2026-03-01', '09:05'])
})
