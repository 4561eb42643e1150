import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { folderOf, serve, type Command } from './command.ts'

const megabytes = 32

/** A server with a reply under way: the client has read the head and then stopped reading. */
async function underWay(
  t: TestContext,
): Promise<{ command: Command & { port: number }; client: Socket; read: number }> {
  const cwd = await folderOf(t, { 'big.bin': Buffer.alloc(megabytes << 20) })
  const command = await serve(t, ['--log', 'none'], { cwd })
  const client = connect(command.port, '127.0.0.1')
  t.after(() => client.destroy())
  client.write(`GET /big.bin HTTP/1.1\r\nHost: localhost:${command.port}\r\nConnection: close\r\n\r\n`)
  const [chunk] = (await once(client, 'data')) as [Buffer]
  client.pause()
  assert.match(chunk.toString('latin1'), /^HTTP\/1\.1 200 OK\r\n/)
  return { command, client, read: chunk.length }
}

/** Connects until no connection is accepted: the server has begun to drain. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const probe = connect(port, '127.0.0.1')
    const taken = await once(probe, 'connect').then(
      () => true,
      () => false,
    )
    probe.destroy()
    if (!taken) return
  }
}

const posix = process.platform === 'win32' ? 'Windows has no signals between processes' : false

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} ends an idle server with exit code 0`, { skip: posix }, async (t) => {
    const { child, ended } = await serve(t, [], { cwd: await folderOf(t, {}) })
    child.kill(signal)
    const { exitCode, stderr } = await ended
    assert.deepEqual([exitCode, stderr], [0, ''])
  })
}

test('SIGTERM lets a reply under way finish, takes no new connection and exits with 0', { skip: posix }, async (t) => {
  const { command, client, read } = await underWay(t)
  command.child.kill('SIGTERM')
  await refused(command.port)
  let bytes = read
  client.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  client.resume()
  await once(client, 'close')
  assert.ok(bytes > megabytes << 20)
  assert.equal((await command.ended).exitCode, 0)
})

test('a second signal forces, with 128 and its number as exit code', { skip: posix }, async (t) => {
  const { command } = await underWay(t)
  command.child.kill('SIGTERM')
  await refused(command.port)
  command.child.kill('SIGINT')
  const { exitCode, signal } = await command.ended
  assert.deepEqual([exitCode, signal], [130, null])
})

test('ignores SIGHUP under nohup', { skip: posix }, async (t) => {
  const { child, url, ended } = await serve(t, [], { cwd: await folderOf(t, {}), env: { _: '/usr/bin/nohup' } })
  child.kill('SIGHUP')
  assert.equal((await fetch(url)).status, 200)
  child.kill('SIGTERM')
  assert.equal((await ended).exitCode, 0)
})

test('ends quietly when the reader of its output leaves', { skip: posix }, async (t) => {
  const { child, url, ended } = await serve(t, [], { cwd: await folderOf(t, {}) })
  child.stdout?.destroy()
  await fetch(url)
  const { exitCode, stderr } = await ended
  assert.deepEqual([exitCode, stderr], [0, ''])
})
