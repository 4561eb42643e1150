import assert from 'node:assert/strict'
import { test } from 'node:test'
import { returnToPool, isPooled, pooledReads } from '../../../../src/proxy/upstream/read-buffers.ts'

const full = 64 * 1024

/** A connection that reads what the test says. */
function connection() {
  const pushed: Buffer[] = []
  const { buffer, callback } = pooledReads((chunk) => pushed.push(chunk) > 0)
  const memory = buffer as () => Buffer
  let next = memory()
  return {
    pushed,
    /** Where the next read would go. */
    where: () => next.buffer,
    read(letter: string, bytes: number): Buffer {
      next.fill(letter, 0, bytes)
      callback(bytes, next)
      next = memory()
      return pushed.at(-1) as Buffer
    },
  }
}

test('short pieces are copied, and idle connections share the memory that they read into', () => {
  const [one, other] = [connection(), connection()]
  const first = one.read('a', 100)
  assert.equal(one.where(), other.where())
  other.read('b', 100)
  assert.equal(first.toString(), 'a'.repeat(100))
  assert.equal(isPooled(first), false)
})

test('long pieces keep their memory until it is given back', () => {
  const one = connection()
  const letters = 'abcdefgh'.split('')
  const chunks = letters.map((letter) => one.read(letter, full))
  const other = connection()
  for (const letter of letters) other.read(letter.toUpperCase(), full)
  chunks.forEach((chunk, i) => assert.ok(chunk.equals(Buffer.alloc(full, letters[i]))))
  for (const chunk of chunks) assert.ok(isPooled(chunk))
})

test('memory that was given back is read into again', () => {
  const one = connection()
  one.read('a', full)
  const chunk = one.read('b', full)
  returnToPool(chunk)
  one.read('c', full)
  assert.equal(one.where(), chunk.buffer)
})

test('memory is given back once, however often that is said', () => {
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

test('a part of what was read is not lent: the rest belongs to someone else', () => {
  const chunk = connection().read('a', full - 1)
  assert.ok(isPooled(chunk))
  for (const part of [chunk.subarray(1), chunk.subarray(0, -1), Buffer.from(chunk)]) assert.equal(isPooled(part), false)
})

test('after a long reply a connection holds no memory of its own', () => {
  const [one, idle] = [connection(), connection()]
  one.read('a', full)
  assert.notEqual(one.where(), idle.where())
  one.read('b', 10)
  assert.equal(one.where(), idle.where())
})
