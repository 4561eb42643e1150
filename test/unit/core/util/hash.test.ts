import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashText, hexHash } from '../../../../src/core/util/hash.ts'

test('hashes as FNV-1a with 32 bits does', () => {
  assert.equal(hashText(''), 0x811c9dc5)
  assert.equal(hashText('a'), 0xe40c292c)
  assert.equal(hashText('foobar'), 0xbf9cf968)
})

test('writes a hash as eight hexadecimal digits', () => {
  assert.equal(hexHash('foobar'), 'bf9cf968')
  const short = Array.from({ length: 100 }, (_, i) => `${i}`).find((text) => hashText(text) < 0x10000000)
  assert.match(hexHash(short as string), /^0[\da-f]{7}$/)
})
