import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socketActivation } from '../../../../src/cli/serve/activation.ts'

test('takes the first descriptor for this process', () => {
  assert.deepEqual(socketActivation({ LISTEN_FDS: '1', LISTEN_PID: '42' }, 42), { fd: 3, sockets: 1 })
  assert.deepEqual(socketActivation({ LISTEN_FDS: '2', LISTEN_PID: '42' }, 42), { fd: 3, sockets: 2 })
})

test('ignores descriptors of another process, and incomplete variables', () => {
  assert.equal(socketActivation({}, 42), undefined)
  assert.equal(socketActivation({ LISTEN_FDS: '1' }, 42), undefined)
  assert.equal(socketActivation({ LISTEN_FDS: '1', LISTEN_PID: '41' }, 42), undefined)
  assert.equal(socketActivation({ LISTEN_FDS: '0', LISTEN_PID: '42' }, 42), undefined)
  assert.equal(socketActivation({ LISTEN_FDS: 'x', LISTEN_PID: '42' }, 42), undefined)
})
