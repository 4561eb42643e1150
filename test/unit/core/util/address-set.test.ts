import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressSet } from '../../../../src/core/util/ip.ts'

const rows: readonly [set: readonly string[], address: string, within: boolean][] = [
  [[], '127.0.0.1', false],
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
  [['10.0.0.0/8'], '', false],
  [['10.0.0.0/8'], 'localhost', false],
  [['192.0.2.7'], '192.0.2.7', true],
  [['192.0.2.7'], '192.0.2.8', false],
  [['fe80::/10'], 'febf::1', true],
  [['fe80::/10'], 'fec0::1', false],
  [['::1'], '0:0:0:0:0:0:0:1', true],
  [['::1'], '127.0.0.1', false],
]

for (const [set, address, within] of rows) {
  test(`${address || 'no address'} is ${within ? 'within' : 'outside'} [${set.join(' ')}]`, () => {
    assert.equal(addressSet(set)(address), within)
  })
}

test('rejects an entry that is not an address', () => {
  assert.throws(() => addressSet(['example.test']), RangeError)
})
