import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseEncoding, type ContentCoding } from '../../../../src/http/semantics/negotiate.ts'
import { processorTime } from '../../../support/processor-time.ts'

const all: readonly ContentCoding[] = ['br', 'zstd', 'gzip']

const cases: readonly [string | undefined, readonly ContentCoding[], string | undefined][] = [
  [undefined, all, 'identity'],
  ['', all, 'identity'],
  ['gzip, deflate, br, zstd', all, 'br'],
  ['gzip, deflate, zstd', all, 'zstd'],
  ['gzip, deflate', all, 'gzip'],
  ['gzip, br', ['gzip', 'br'], 'gzip'],
  ['gzip;q=1, br;q=0.5', all, 'gzip'],
  ['GZIP', all, 'gzip'],
  ['x-gzip', all, 'gzip'],
  ['*', all, 'br'],
  ['br;q=0, *', all, 'zstd'],
  ['*;q=0', all, undefined],
  ['*;q=0, gzip', all, 'gzip'],
  ['*;q=0, identity', all, 'identity'],
  ['identity;q=0', all, undefined],
  ['identity;q=0, gzip', all, 'gzip'],
  ['identity;q=0, gzip', [], undefined],
  ['identity;q=0, *;q=0.1', all, 'br'],
  ['identity, gzip;q=0.5', all, 'identity'],
  ['identity;q=0.5, gzip;q=0.5', all, 'gzip'],
  ['gzip;q=0', all, 'identity'],
  ['gzip;q=0.000', all, 'identity'],
  ['gzip;q=0, gzip', all, 'identity'],
  ['gzip ; q=0.8 ,\tbr ; Q=0.9', all, 'br'],
  ['deflate, compress', all, 'identity'],
  [',, gzip,', all, 'gzip'],
  // members that are not well-formed say nothing
  ['gzip;q=', all, 'identity'],
  ['gzip;q=1.5', all, 'identity'],
  ['gzip;q=abc, br', all, 'br'],
  ['gzip;level=1', all, 'identity'],
  ['gzip br', all, 'identity'],
  ['__proto__, constructor', all, 'identity'],
]

for (const [field, available, expected] of cases) {
  test(`Accept-Encoding ${JSON.stringify(field)} of [${available.join()}] is answered with ${expected}`, () => {
    assert.equal(chooseEncoding(field, available), expected)
    assert.equal(chooseEncoding(field, available), expected, 'the remembered answer is the same')
  })
}

test('parses values beyond the size of the cache', () => {
  for (let i = 0; i < 200; i++) assert.equal(chooseEncoding(`gzip, x${i}`, all), 'gzip')
  assert.equal(chooseEncoding(`${'x,'.repeat(500)}br`, all), 'br')
})

test('parses many spaces in linear time', () => {
  const start = processorTime()
  chooseEncoding(`gzip${' '.repeat(16_000)}x`, all)
  assert.ok(processorTime() - start < 500)
})
