import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCount, formatInstant, formatLocal, formatNoun, formatBytes } from '../../../src/pages/format.ts'

test('sizes have at most three digits and one unit', () => {
  const sizes: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1234, '1.2 kB'],
    [9949, '9.9 kB'],
    [9950, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [48_348_123, '48 MB'],
    [5e9, '5.0 GB'],
    [7.2e12, '7.2 TB'],
    [8e18, '8000 PB'],
  ]
  for (const [bytes, text] of sizes) assert.equal(formatBytes(bytes), text)
})

test('counts show their thousands and nouns their number', () => {
  assert.equal(formatCount(0), '0')
  assert.equal(formatCount(999), '999')
  assert.equal(formatCount(1_234_567), '1,234,567')
  assert.equal(formatNoun(1, 'file'), '1 file')
  assert.equal(formatNoun(50_000, 'file'), '50,000 files')
})

test('moments are given in both forms, and one that no calendar has in none', () => {
  assert.equal(formatInstant(Date.UTC(2026, 2, 1, 13, 5)), '2026-03-01T13:05:00.000Z')
  assert.equal(formatInstant(9e15), undefined)
  assert.equal(formatInstant(NaN), undefined)
  assert.deepEqual(formatLocal(new Date(2026, 2, 1, 9, 5).getTime()), ['2026-03-01', '09:05'])
})
