import assert from 'node:assert/strict'
import { test } from 'node:test'
import { returnToPool, isPooled, pooledReads } from '../../../../src/proxy/upstream/read-buffers.ts'

const full = 64 * 1024

/** A connection whose reads the test controls. */
function connection() {
  const pushed: Buffer[] = []
  const { buffer, callback } = pooledReads((chunk) => pushed.push(chunk) > 0)
  const memory = buffer as () => Buffer
  let next = memory()
  return {
    pushed,
    /** The buffer of the next read. */
    where: () => next.buffer,
    read(letter: string, bytes: number): Buffer {
      next.fill(letter, 0, bytes)
      callback(bytes, next)
      next = memory()
      return pushed.at(-1) as Buffer
    },
  }
}

test('copies short chunks, and idle connections share one buffer', () => {
  const [one, other] = [connection(), connection()]
  const first = one.read('a', 100)
  assert.equal(one.where(), other.where())
  other.read('b', 100)
  assert.equal(first.toString(), 'a'.repeat(100))
  assert.equal(isPooled(first), false)
})

test('long chunks keep their buffer until it is returned', () => {
  const one = connection()
  const letters = 'abcdefgh'.split('')
  const chunks = letters.map((letter) => one.read(letter, full))
  const other = connection()
  for (const letter of letters) other.read(letter.toUpperCase(), full)
  chunks.forEach((chunk, i) => assert.ok(chunk.equals(Buffer.alloc(full, letters[i]))))
  for (const chunk of chunks) assert.ok(isPooled(chunk))
})

test('reads into returned buffers again', () => {
  const one = connection()
  one.read('a', full)
  const chunk = one.read('b', full)
  returnToPool(chunk)
  one.read('c', full)
  assert.equal(one.where(), chunk.buffer)
})

test('returning a buffer twice has no effect', () => {
  const one = connection()
  const chunk = one.read('a', full)
  returnToPool(chunk)
  returnToPool(chunk)
  assert.equal(isPooled(chunk), false)
  one.read('b', full)
  const where = one.where()
  one.read('c', full)
  assert.notEqual(one.where(), where)
})

test('a part of a read is not pooled: other chunks share its buffer', () => {
  const chunk = connection().read('a', full - 1)
  assert.ok(isPooled(chunk))
  for (const part of [chunk.subarray(1), chunk.subarray(0, -1), Buffer.from(chunk)]) assert.equal(isPooled(part), false)
})

test('a connection holds no buffer after a long response', () => {
  const [one, idle] = [connection(), connection()]
  one.read('a', full)
  assert.notEqual(one.where(), idle.where())
  one.read('b', 10)
  assert.equal(one.where(), idle.where())
})
