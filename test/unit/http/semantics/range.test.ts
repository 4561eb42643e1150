import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRange } from '../../../../src/http/semantics/range.ts'
import { processorTime } from '../../../support/processor-time.ts'

const cases: readonly [field: string, size: number, expected: string][] = [
  ['bytes=0-4', 9, '0-4'],
  ['bytes=2-5', 9, '2-5'],
  ['bytes=0-0', 9, '0-0'],
  ['bytes=8-8', 9, '8-8'],
  ['bytes=3-', 9, '3-8'],
  ['bytes=0-', 9, '0-8'],
  ['bytes=-3', 9, '6-8'],
  ['bytes=-9', 9, '0-8'],
  ['bytes=-1000', 9, '0-8'],
  ['bytes=2-50', 9, '2-8'],
  ['Bytes=0-1', 9, '0-1'],
  ['BYTES=0-1', 9, '0-1'],
  ['bytes=007-008', 9, '7-8'],
  ['bytes= 0-1 ,\t3-4 ', 9, '0-1 3-4'],
  ['bytes=,0-1,,', 9, '0-1'],
  // numbers of 20 digits and more
  ['bytes=0-99999999999999999999', 9, '0-8'],
  ['bytes=-99999999999999999999', 9, '0-8'],
  ['bytes=99999999999999999999-', 9, 'unsatisfiable'],
  [`bytes=0-${'9'.repeat(400)}`, 9, '0-8'],
  [`bytes=${'9'.repeat(400)}-`, 9, 'unsatisfiable'],
  // beyond the end
  ['bytes=9-', 9, 'unsatisfiable'],
  ['bytes=9-50', 9, 'unsatisfiable'],
  ['bytes=-0', 9, 'unsatisfiable'],
  ['bytes=-0, 9-10', 9, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-0', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'full'],
  ['bytes=0-1, 9-10', 9, '0-1'],
  ['bytes=20-30, -2', 9, '7-8'],
  // malformed or unknown: ignored
  ['bytes=5-2', 9, 'full'],
  ['bytes=0-1, 5-2', 9, 'full'],
  ['bytes=50-20', 9, 'full'],
  ['bytes=', 9, 'full'],
  ['bytes=,', 9, 'full'],
  ['bytes=-', 9, 'full'],
  ['bytes=a-b', 9, 'full'],
  ['bytes=0x1-0x2', 9, 'full'],
  ['bytes=1e0-2', 9, 'full'],
  ['bytes=+1-2', 9, 'full'],
  ['bytes=--1', 9, 'full'],
  ['bytes=1-2-3', 9, 'full'],
  ['bytes=0 - 1', 9, 'full'],
  ['bytes =0-1', 9, 'full'],
  ['bytes: 0-1', 9, 'full'],
  ['bytes=0-1;2-3', 9, 'full'],
  ['items=0-4', 9, 'full'],
  ['asdf', 9, 'full'],
  ['', 9, 'full'],
  // several
  ['bytes=0-1, 4-5', 9, '0-1 4-5'],
  ['bytes=4-5, 0-1', 9, '4-5 0-1'],
  ['bytes=0-3, 2-5', 9, '0-5'],
  ['bytes=0-3, 4-5', 9, '0-5'],
  ['bytes=6-7, 2-3, 0-1', 9, '6-7 0-3'],
  ['bytes=2-3, 6-7, 0-1', 9, '0-3 6-7'],
  ['bytes=0-8, 2-3', 9, '0-8'],
  ['bytes=0-3,1-4,2-5', 9, '0-5'],
  ['bytes=0-3,1-4,2-5,3-6', 9, 'full'],
  ['bytes=0-,0-,0-,0-', 9, 'full'],
]

for (const [field, size, expected] of cases) {
  test(`${JSON.stringify(field.slice(0, 60))} of ${size} bytes: ${expected}`, () => {
    const outcome = parseRange(field, size, 32)
    const text = typeof outcome === 'string' ? outcome : outcome.map(({ first, last }) => `${first}-${last}`).join(' ')
    assert.equal(text, expected)
  })
}

test('returns the full content for more ranges than the limit, satisfiable or not', () => {
  const some = (count: number): string =>
    `bytes=${Array.from({ length: count }, (_, i) => `${i * 10}-${i * 10}`).join()}`
  assert.notEqual(parseRange(some(32), 1000, 32), 'full')
  assert.equal(parseRange(some(33), 1000, 32), 'full')
  assert.equal(parseRange(some(33), 5, 32), 'full')
  assert.equal(parseRange('bytes=0-1', 9, 0), 'full')
})

test('parses many spaces in linear time', () => {
  const start = processorTime()
  assert.equal(parseRange(`bytes=0-1,${' '.repeat(16_000)}x${' '.repeat(16_000)}`, 9, 32), 'full')
  assert.ok(processorTime() - start < 500)
})
