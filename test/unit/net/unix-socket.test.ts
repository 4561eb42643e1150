import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { bind, type Bound } from '../../../src/net/net.ts'
import { FakeServer } from './fake-server.ts'

const skip = process.platform === 'win32' ? 'Windows has pipes without files' : false

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ports-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function bindAt(where: { socket?: string; fd?: number }, create = (): Server => createServer()): Promise<Bound> {
  return bind({ host: 'localhost', ports: [8008], fallback: true, lan: false, create, ...where })
}

async function close(server: Server | undefined): Promise<void> {
  await new Promise((resolve) => server?.close(resolve))
}

test('gives only the owner access to a socket, whatever the umask, and removes its file', { skip }, async (t) => {
  const socket = join(folder(t), 's')
  for (const umask of [0o000, 0o022, 0o777]) {
    const before = process.umask(umask)
    try {
      const { servers, addresses, port, skipped } = await bindAt({ socket })
      assert.equal(lstatSync(socket).mode & 0o777, 0o600)
      assert.deepEqual([addresses, port, skipped], [[socket], 0, []])
      await close(servers[0])
      assert.equal(existsSync(socket), false)
    } finally {
      process.umask(before)
    }
  }
})

test('replaces a socket file on which no server answers', { skip }, async (t) => {
  const socket = join(folder(t), 's')
  const dead = createServer().listen(`${socket}.old`)
  await once(dead, 'listening')
  renameSync(`${socket}.old`, socket)
  await close(dead)
  assert.ok(lstatSync(socket).isSocket())

  const { servers } = await bindAt({ socket })
  const client = connect(socket)
  await once(client, 'connect')
  client.destroy()
  await close(servers[0])
})

test('leaves a socket on which a server answers', { skip }, async (t) => {
  const socket = join(folder(t), 's')
  const { servers } = await bindAt({ socket })
  await assert.rejects(bindAt({ socket }), {
    code: 'E8008_SOCKET',
    message: /held by another server, which answers/,
    exitCode: 3,
  })
  assert.ok(existsSync(socket))
  await close(servers[0])
})

test('never removes a file that is not a socket', { skip }, async (t) => {
  const root = folder(t)
  writeFileSync(join(root, 'file'), 'precious')
  symlinkSync(join(root, 'nowhere'), join(root, 'link'))
  for (const name of ['file', 'link', '.']) {
    const socket = `${root}/${name}`
    await assert.rejects(bindAt({ socket }), { code: 'E8008_SOCKET', message: /exists and is not a socket/ })
    assert.ok(lstatSync(socket))
  }
})

test('fails with E8008_SOCKET for an unusable path, and stops listening', { skip }, async (t) => {
  const root = folder(t)
  await assert.rejects(bindAt({ socket: join(root, 'none', 's') }), {
    code: 'E8008_SOCKET',
    message: /folder of the socket does not exist/,
    fix: { option: 'socket', value: join(tmpdir(), 's') },
  })
  const made: Server[] = []
  const create = (): Server => {
    const server = createServer()
    made.push(server)
    return server
  }
  await assert.rejects(bindAt({ socket: join(root, 'x'.repeat(120)) }, create), { code: 'E8008_SOCKET' })
  assert.equal(made[0]?.listening, false)
})

test('fails with E8008_SOCKET for a held Windows pipe, without reading any file', async () => {
  const create = (): Server => new FakeServer(() => 'EADDRINUSE')
  await assert.rejects(bindAt({ socket: '\\\\.\\pipe\\serve8008' }, create), {
    code: 'E8008_SOCKET',
    message: /is held by another server/,
  })
})

test('listens on an inherited descriptor', { skip }, async (t) => {
  const script = `
    import { createServer } from 'node:net'
    import { bind } from ${JSON.stringify(new URL('../../../src/net/net.ts', import.meta.url).href)}
    const create = () => createServer((socket) => socket.end('hello'))
    const { addresses, port } = await bind({ host: 'localhost', ports: [1], fallback: false, lan: false, fd: 3, create })
    process.send({ addresses, port })
  `
  const listener = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(listener, 'listening')
  t.after(() => listener.close())
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', fd, 'ipc'] })
  t.after(() => child.kill())
  const [told] = (await once(child, 'message')) as [{ addresses: string[]; port: number }]
  assert.deepEqual(told.addresses, ['127.0.0.1'])

  await close(listener)
  const client = connect(told.port, '127.0.0.1')
  const [data] = (await once(client, 'data')) as [Buffer]
  assert.equal(data.toString(), 'hello')
})

test('fails with E8008_SOCKET for a descriptor that is not a socket', async () => {
  await assert.rejects(bindAt({ fd: 99 }), { code: 'E8008_SOCKET', message: /Descriptor 99/ })
})
