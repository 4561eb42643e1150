import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { BodyRelay, BufferRelease } from '../../../../src/http/body/body-relay.ts'

/** A chunk whose memory is all its own, as Node's parser makes them. */
function chunkOf(bytes = 32 * 1024): Buffer {
  return Buffer.alloc(bytes, 'x')
}

test('frees memory on free(), not before', () => {
  const spent = new BufferRelease()
  const [one, other] = [chunkOf(), chunkOf()]
  spent.add(one)
  assert.equal(one.length, 32 * 1024)
  spent.free()
  spent.add(other)
  assert.deepEqual([one.length, other.length], [0, 32 * 1024])
})

test('keeps shared memory and small chunks', () => {
  const spent = new BufferRelease()
  const whole = chunkOf()
  const small = chunkOf(100)
  const parts = [whole.subarray(1), whole.subarray(0, 20_000)]
  for (const chunk of [small, ...parts]) spent.add(chunk)
  spent.free()
  assert.deepEqual([small.length, whole.length], [100, 32 * 1024])
})

/** Passes on two chunks; tells how many bytes of the first are left when the second has come. */
async function leftOfFirst(isOurs: boolean, writableLength: number): Promise<number> {
  const source = new Readable({ read: () => {} })
  const hooks = { begin: () => {}, count: () => {}, onFailure: () => {}, isWhole: () => true, isOurs }
  const content = new BodyRelay(source, hooks)
  content.goTo({ writableLength })
  const [first, second] = [chunkOf(), chunkOf()]
  content.resume()
  for (const chunk of [first, second]) {
    source.push(chunk)
    await once(content, 'data')
  }
  return first.length
}

test('frees the memory of forwarded content after it was sent', async () => {
  assert.equal(await leftOfFirst(true, 0), 0)
})

test('keeps the memory of content that waits to be sent', async () => {
  assert.equal(await leftOfFirst(true, 1), 32 * 1024)
})

test('keeps the memory of content that an embedding program may read', async () => {
  assert.equal(await leftOfFirst(false, 0), 32 * 1024)
})
