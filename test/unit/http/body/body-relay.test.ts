import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { BodyRelay, freeMemory } from '../../../../src/http/body/body-relay.ts'

/** A chunk whose memory is all its own, as Node's parser makes them. */
function chunkOf(bytes = 32 * 1024): Buffer {
  return Buffer.alloc(bytes, 'x')
}

test('frees the memory of a chunk', () => {
  const [one, other] = [chunkOf(), chunkOf()]
  freeMemory(one)
  assert.deepEqual([one.length, other.length], [0, 32 * 1024])
})

test('keeps shared memory and small chunks', () => {
  const whole = chunkOf()
  const small = chunkOf(100)
  for (const chunk of [small, whole.subarray(1), whole.subarray(0, 20_000)]) freeMemory(chunk)
  assert.deepEqual([small.length, whole.length], [100, 32 * 1024])
})

test('keeps the memory of content that an embedding program may read', () => {
  const left = [true, false].map((isOurs) => {
    const hooks = { begin: () => {}, count: () => {}, onFailure: () => {}, isWhole: () => true, isOurs }
    const chunk = chunkOf()
    new BodyRelay(new Readable({ read: () => {} }), hooks).free(chunk)
    return chunk.length
  })
  assert.deepEqual(left, [0, 32 * 1024])
})
