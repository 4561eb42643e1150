// starts first: a client waits 35 seconds for news
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { ClientEvent, createClient, SyncState, type MatrixClient } from 'matrix-js-sdk'
import { logger } from 'matrix-js-sdk/lib/logger.js'
import { Agent, fetch } from 'undici'
import { folderOf, start } from '../cli/command.ts'
import { Homeserver } from '../support/homeserver.ts'
import { makeCertificate } from '../support/certificate.ts'

// own process: matrix-js-sdk replaces globals and keeps timers

const listeners = [
  { name: 'client', port: 0 },
  { name: 'client-tls', port: 0, tls: true },
  { name: 'federation', port: 0, tls: true },
]

/** Most bytes of memory that a process has had. */
function mostMemory(pid: number): number {
  const [, kilobytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

test('matrix-js-sdk behind one serve8008 --preset matrix', { timeout: 180_000 }, async (t) => {
  const log = logger as unknown as { setLevel(level: string): void }
  log.setLevel('silent')
  // The time limit of a sync stays set after its end, for two minutes: it must not keep the process.
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((...words: Parameters<typeof setTimeout>) =>
    setTimeout(...words).unref()) as typeof setTimeout
  const clients: MatrixClient[] = []
  await using homeserver = await Homeserver.start()
  const { cert, key } = await makeCertificate('localhost')
  const cwd = await folderOf(t, { 'tls.crt': cert, 'tls.key': key })
  const agent = new Agent({ connect: { ca: cert }, headersTimeout: 0, bodyTimeout: 0 })
  t.after(() => agent.close())
  t.after(() => clients.forEach((client) => client.stopClient()))
  const flags = ['--preset', 'matrix', '--upstream', String(homeserver.port), '--cert', 'tls.crt', '--key', 'tls.key']
  const served = start(t, [...flags, '--json'], { cwd, env: { SERVE8008_LISTENERS: JSON.stringify(listeners) } })
  const [line] = await served.stdout(/^\{"version".*\}$/m)
  const { listeners: bound, pid } = JSON.parse(line) as {
    listeners: { name: string; protocol: string; port: number }[]
    pid: number
  }

  /** A URL of a listener. */
  function baseOf(name: string): string {
    const { protocol, port } = bound.find((each) => each.name === name) ?? assert.fail()
    return `${protocol}://localhost:${port}`
  }

  /** A client that has logged in. */
  async function login(name: string): Promise<MatrixClient> {
    const client = createClient({
      baseUrl: baseOf(name),
      fetchFn: ((url: string, init: object) => fetch(url, { ...init, dispatcher: agent })) as never,
    })
    clients.push(client)
    const { user_id: user, access_token: token } = await client.loginRequest({
      type: 'm.login.password',
      user: 'ann',
      password: 'secret',
    })
    client.credentials.userId = user
    client.setAccessToken(token)
    return client
  }

  for (const { name } of listeners) {
    await t.test(`logs in at ${name}, and finds a room by an alias with a slash`, async () => {
      const client = await login(name)
      const { room_id: room } = await client.createRoom({ room_alias_name: 'a/b' })
      const found = await client.getRoomIdForAlias('#a/b:hs.test')
      assert.equal(found.room_id, room)
      assert.equal(homeserver.requests.at(-1)?.target, '/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs.test')
    })

    await t.test(`keeps state keys apart at ${name}`, async () => {
      const client = await login(name)
      const { room_id: room } = await client.createRoom({})
      for (const [key, end] of [
        ['k/z%', '/k%2Fz%25'],
        ['', '/'],
      ] as const) {
        await client.sendStateEvent(room, 'x.y' as never, { key } as never, key)
        assert.ok(homeserver.requests.at(-1)?.target.endsWith(`/state/x.y${end}`), homeserver.requests.at(-1)?.target)
        assert.deepEqual(await client.getStateEvent(room, 'x.y', key), { key })
      }
    })
  }

  await t.test('shows the homeserver the address of the client, whatever it says', async () => {
    const client = await login('client')
    const { devices } = await client.http.authedRequest<{ devices: { last_seen_ip: string }[] }>(
      'GET' as never,
      '/devices',
      undefined,
      undefined,
      { priority: 'auto', headers: { 'X-Forwarded-For': '6.6.6.6, 10.0.0.9' } },
    )
    assert.equal(devices[0]?.last_seen_ip, '127.0.0.1')
  })

  await t.test('uploads 48 MB', async () => {
    const client = await login('client-tls')
    const content = randomBytes(48_000_000)
    const { content_uri: uri } = await client.uploadContent(new Blob([content]), { name: 'ok.bin' })
    assert.equal(uri, `mxc://hs.test/${content.length}-${createHash('sha256').update(content).digest('hex')}`)
    if (process.platform === 'linux') assert.ok(mostMemory(pid) < 250_000_000, `${mostMemory(pid)} bytes`)
  })

  await t.test('fails soon where the homeserver hangs up on a large upload', async () => {
    const client = await login('client')
    const begin = performance.now()
    await assert.rejects(client.uploadContent(new Blob([Buffer.alloc(60_000_000)])), /502/)
    assert.ok(performance.now() - begin < 10_000)
  })

  await t.test('finds the homeserver by both documents', async () => {
    const base = baseOf('client-tls')
    const ask = async (path: string): Promise<unknown> => (await fetch(base + path, { dispatcher: agent })).json()
    assert.deepEqual(await ask('/.well-known/matrix/client'), { 'm.homeserver': { base_url: base } })
    assert.deepEqual(await ask('/.well-known/matrix/server'), { 'm.server': 'localhost:8448' })
    const federation = await fetch(`${baseOf('federation')}/_matrix/federation/v1/version`, { dispatcher: agent })
    assert.deepEqual(await federation.json(), { server: { name: 'Synapse', version: '1.67.0' } })
  })

  await t.test('syncs while nothing happens for 35 s', { timeout: 60_000 }, async () => {
    const client = await login('client')
    const began = new Promise<void>((resolve) => {
      client.on(ClientEvent.Sync, (state) => (state === SyncState.Syncing ? resolve() : undefined))
    })
    const errors: unknown[] = []
    client.on(ClientEvent.Sync, (state, _old, data) => (state === SyncState.Error ? errors.push(data) : 0))
    await client.startClient({ pollTimeout: 35_000 })
    await began
    const begin = performance.now()
    await once(client as never, ClientEvent.Sync)
    assert.ok(performance.now() - begin > 34_000, `${performance.now() - begin} ms`)
    assert.deepEqual(errors, [])
    assert.equal(client.getSyncState(), SyncState.Syncing)
  })
})
