import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash128 } from '../../../../src/core/util/hash128.ts'

const hex = (text: string): string => hash128(Buffer.from(text)).toString('hex')

test('computes MurmurHash3 for x86 with 128 bits', () => {
  assert.equal(hex(''), '00000000000000000000000000000000')
  assert.equal(hex('I will not buy this record, it is scratched.'), 'a0a9683b25ac5e40d9af2895890dddf5')
  assert.equal(hex('a'.repeat(100)), '26c8087cfcf6d92b5fba4a93839eeb5d')
})

test('depends on every byte and the length, not on the position in memory', () => {
  const hashes = new Set<string>()
  for (let length = 0; length < 70; length++) {
    hashes.add(hex('x'.repeat(length)))
    for (let at = 0; at < length; at++) hashes.add(hex(`${'x'.repeat(at)}y${'x'.repeat(length - at - 1)}`))
  }
  assert.equal(hashes.size, 70 + (69 * 70) / 2)
  const within = Buffer.from('abcdefgh'.repeat(5)).subarray(3, 29)
  assert.equal(hash128(within).toString('hex'), hex(within.toString()))
})
