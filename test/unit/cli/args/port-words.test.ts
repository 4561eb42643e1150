import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portsIn, portWords } from '../../../../src/cli/args/port-words.ts'

test('reads ports in the forms that people write', () => {
  const one = ['8008', ':8008', 'localhost:8008', '127.0.0.1:8008', '[::1]:8008', 'http://localhost:8008/', '*:8008']
  for (const word of one) assert.deepEqual(portsIn(word), [8008], word)
  assert.deepEqual(portsIn('3000-3002'), [3000, 3001, 3002])
  assert.deepEqual(portsIn('3000,3002'), [3000, 3002])
  assert.deepEqual(portsIn('3000,4000-4001'), [3000, 4000, 4001])
  assert.deepEqual(portWords(['1', '2,3'], 'scan'), [1, 2, 3])
})

test('refuses what is no port of this machine', () => {
  const words = ['', '0', '70000', 'a', '8009-8008', '3000,', '3000,x', 'example.com:80', 'localhost', '-1', '80/x']
  for (const word of words) assert.equal(portsIn(word), undefined, word)
  assert.throws(() => portWords(['8008', 'x'], 'scan'), { code: 'E8008_USAGE', hint: 'serve8008 scan 3000' })
})
