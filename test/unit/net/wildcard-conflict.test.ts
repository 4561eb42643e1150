import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { probe } from '../../../src/net/probe.ts'
import { isShadowed } from '../../../src/net/wildcard-conflict.ts'

async function hold(t: TestContext, host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 })
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('notices a server on a wildcard beside which a specific address can be bound', async (t) => {
  const wildcard = await hold(t, '::')
  assert.equal(await isShadowed(wildcard, ['127.0.0.1', '::1'], 'darwin'), true)
  const loopback = await hold(t, '127.0.0.1')
  assert.equal(await isShadowed(loopback, ['::'], 'darwin'), true)
  assert.equal(await isShadowed(loopback, ['0.0.0.0'], 'freebsd'), true)
  assert.equal(await isShadowed(loopback, ['::1'], 'darwin'), false)
})

test('does not probe on Linux, which refuses such a binding, nor for port 0', async (t) => {
  assert.equal(await isShadowed(await hold(t, '127.0.0.1'), ['127.0.0.1'], 'linux'), false)
  assert.equal(await isShadowed(0, ['127.0.0.1'], 'darwin'), false)
})

test('reads the socket table on Windows', async () => {
  // Elsewhere its tools are missing, and what is not known to be held is left to the binding.
  if (process.platform !== 'win32') assert.equal(await isShadowed(1, ['127.0.0.1'], 'win32'), false)
})

test('tells answered, refused and absent connections apart', async (t) => {
  const port = await hold(t, '127.0.0.1')
  assert.equal(await probe({ host: '127.0.0.1', port }), 'answered')
  assert.equal(await probe({ host: '127.0.0.1', port: 1 }), 'refused')
  assert.equal(await probe({ path: join(tmpdir(), 'no-such-socket-8008') }), 'absent')
  assert.equal(await probe({ path: tmpdir() }), 'refused')
})
