import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test, type TestContext } from 'node:test'
import { rawRequest } from '../support/raw.ts'
import { folderOf, registered, serve } from './command.ts'
import { runHere } from './here.ts'

const withoutIpv6 = Object.values(networkInterfaces())
  .flat()
  .every((each) => each?.address !== '::1')
  ? 'this machine has no ::1'
  : false

async function serveOwned(
  t: TestContext,
  ...args: string[]
): Promise<{ port: number; cwd: string; env: Record<string, string> }> {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'a.txt': 'alpha' })
  const { port } = await serve(t, args, { cwd, env })
  await registered(env, 1)
  return { port, cwd, env }
}

test('dashboard prints a link that opens the dashboard of the server once', async (t) => {
  const { port, cwd, env } = await serveOwned(t, '--base', '/sub')
  const { exitCode, stdout } = await runHere(t, ['dashboard'], { cwd, env })
  assert.equal(exitCode, 0)
  const [, link = ''] = /^Dashboard of \., by a link that works once:\n {2}(http:\S+)\n$/.exec(stdout) ?? []
  const { host, pathname, search } = new URL(link)
  assert.equal(host, `serve8008.localhost:${port}`)
  assert.equal(pathname, '/sub/__serve8008/')
  const open = (): Promise<{ status: number }> =>
    rawRequest(port, `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  assert.equal((await open()).status, 303)
  assert.equal((await open()).status, 403)
})

test(
  'no token reaches a program of another user at the other loopback address of the port',
  { skip: withoutIpv6 },
  async (t) => {
    const { port, cwd, env } = await serveOwned(t, '--host', '::1')
    let stolen = ''
    const thief = createServer((socket) => {
      socket.on('data', (data) => (stolen += String(data))).on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"url":"http://evil.example/"}')
    }).listen(port, '127.0.0.1')
    await once(thief, 'listening')
    t.after(() => thief.close())
    const { stdout } = await runHere(t, ['dashboard', '--json'], { cwd, env })
    assert.match(stdout, /"http:\/\/serve8008\.localhost:\d+\//)
    const reload = await runHere(t, ['reload'], { cwd, env })
    assert.equal(reload.exitCode, 0)
    assert.equal(stolen, '')
  },
)

test('dashboard --json prints the link for programs', async (t) => {
  const { port, cwd, env } = await serveOwned(t)
  const { stdout } = await runHere(t, ['dashboard', '--json', '--port', String(port)], { cwd, env })
  const { url, server } = JSON.parse(stdout) as { url: string; server: string }
  assert.equal(server, `http://localhost:${port}/`)
  assert.match(url, /\?ticket=[\w-]{43}$/)
})

test('dashboard without a server says so', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const { exitCode, stderr } = await runHere(t, ['dashboard'], { cwd: await folderOf(t, {}), env })
  assert.equal(exitCode, 1)
  assert.match(stderr, /^No server of yours is running\.\nE8008_NOT_RUNNING/)
})
