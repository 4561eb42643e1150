import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes } from '../../../../src/core/util/format-bytes.ts'

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
