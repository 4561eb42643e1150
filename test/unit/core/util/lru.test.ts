import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLru } from '../../../../src/core/util/lru.ts'

test('keeps at most its capacity, and evicts the least recently used value', () => {
  const lru = createLru<string, number>(2)
  lru.set('a', 1)
  lru.set('b', 2)
  assert.equal(lru.get('a'), 1)
  lru.set('c', 3)
  assert.equal(lru.get('b'), undefined)
  assert.equal(lru.get('a'), 1)
  assert.equal(lru.get('c'), 3)
  assert.equal(lru.size, 2)
})

test('counts weights, and evicts as many values as the new one needs', () => {
  const lru = createLru<string, string>(10, (value, key) => value.length + key.length)
  lru.set('a', 'xxx')
  lru.set('b', 'xxx')
  assert.equal(lru.weight, 8)
  lru.set('c', 'xxxxxx')
  assert.deepEqual([lru.get('a'), lru.get('b'), lru.weight], [undefined, undefined, 7])
})

test('stores no value heavier than the capacity, and removes the value of its key', () => {
  const lru = createLru<string, string>(3, (value) => value.length)
  lru.set('a', 'x')
  lru.set('b', 'x')
  lru.set('a', 'xxxx')
  assert.deepEqual([lru.get('a'), lru.get('b'), lru.weight], [undefined, 'x', 1])
})

test('updates the weight when it replaces, deletes and clears', () => {
  const lru = createLru<string, string>(9, (value) => value.length)
  lru.set('a', 'xx')
  lru.set('a', 'xxxx')
  assert.equal(lru.weight, 4)
  lru.delete('a')
  lru.delete('never there')
  assert.equal(lru.weight, 0)
  lru.set('b', 'xx')
  lru.clear()
  assert.deepEqual([lru.size, lru.weight, lru.get('b')], [0, 0, undefined])
})
