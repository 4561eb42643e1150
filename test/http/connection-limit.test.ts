import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { FrameClient, plainGet } from '../support/frames.ts'
import { createGate } from '../support/gate.ts'
import { startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { connectSecurely, openSecure, startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }
const head = 'GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n'

const slow = head.replace('/a.txt', '/slow')

/** A server whose `/slow` is answered by `finish()`; `reached(n)` waits for its nth request. */
async function startSlow(connections: number) {
  const gate = createGate()
  const arrivals = [createGate(), createGate()]
  let count = 0
  const started = await startServer(files, { limits: { connections } })
  started.server.use((next) => async (x) => {
    if (x.target.path !== '/slow') return next(x)
    arrivals[count++]?.open()
    await gate.opened
    return next(x)
  })
  return { started, finish: gate.open, reached: (times: number) => arrivals[times - 1]?.opened }
}

async function served(client: RawClient): Promise<RawClient> {
  assert.equal((await client.send(head).reply()).status, 200)
  return client
}

test('closes the connection that has idled longest at the limit', async () => {
  await using started = await startServer(files, { limits: { connections: 3 } })
  using first = await served(await RawClient.open(started.port))
  using second = await served(await RawClient.open(started.port))
  using third = await served(await RawClient.open(started.port))
  // The first has sent a request since, so the second has idled longest.
  await served(first)
  using fourth = await served(await RawClient.open(started.port))
  assert.equal((await second.closed()).length, 0)
  for (const client of [first, third, fourth]) await served(client)
})

for (const [name, bytes] of [
  ['has said nothing', ''],
  ['has sent half a header section', 'GET /a.txt HTTP/1.1\r\nHost: loc'],
] as const) {
  test(`closes a connection that ${name} at the limit`, async () => {
    await using started = await startServer(files, { limits: { connections: 1 } })
    using first = (await RawClient.open(started.port)).send(bytes)
    using second = await served(await RawClient.open(started.port))
    assert.equal((await first.closed()).length, 0)
    await served(second)
  })
}

test('closes a connection that lingers after its last reply at the limit', async () => {
  await using started = await startServer(files, { limits: { connections: 1 } })
  using first = await RawClient.open(started.port)
  first.send('POST /a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx')
  assert.equal((await first.reply()).status, 405)
  using second = await RawClient.open(started.port)
  await served(second)
})

test('closes a new connection without a reply when all others are busy', async () => {
  const { started, finish, reached } = await startSlow(2)
  await using _ = started
  const warnings: string[] = []
  started.server.on('warning', ({ code }) => warnings.push(code))
  using first = (await RawClient.open(started.port)).send(slow)
  await reached(1)
  using idle = await served(await RawClient.open(started.port))
  using second = (await RawClient.open(started.port)).send(slow)
  await idle.closed()
  await reached(2)
  for (let i = 0; i < 2; i++) {
    using turnedAway = await RawClient.open(started.port)
    assert.equal((await turnedAway.closed()).length, 0)
  }
  assert.deepEqual(warnings, ['W8008_CONNECTIONS'])
  finish()
  for (const client of [first, second]) assert.equal((await client.reply()).status, 404)
  await served(first)
})

test('does not count a WebSocket as idle', async () => {
  await using started = await startServer({ ...files, 'index.html': '<p>page' }, { limits: { connections: 2 } })
  started.server.use((next) => (x) => {
    if (x.target.path !== '/socket') return next(x)
    const takeover = (socket: Duplex): void => {
      socket.write('open')
      // Ends when the client does, so that the server need not wait for it.
      socket.pipe(socket)
    }
    return { status: 101, headers: ['Upgrade', 'any'], body: null, takeover }
  })
  using socket = await RawClient.open(started.port)
  socket.send('GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n')
  await socket.sees('open')
  using idle = await served(await RawClient.open(started.port))
  using next = await served(await RawClient.open(started.port))
  await idle.closed()
  await served(next)
  assert.equal(socket.socket.readableEnded, false)
})

test('counts plain HTTP and TLS together', async () => {
  await using started = await startSecure(files, { limits: { connections: 2 } })
  using plain = await served(await RawClient.open(started.port))
  using first = await served(await openSecure(started))
  using second = await served(await openSecure(started))
  assert.equal((await plain.closed()).length, 0)
  using third = await served(await openSecure(started))
  assert.equal((await first.closed()).length, 0)
  for (const client of [second, third]) await served(client)
})

test('closes a stalled handshake at the limit, and a new TLS connection when all are busy', async () => {
  await using started = await startSecure(files, { limits: { connections: 1 } })
  using stopped = (await RawClient.open(started.tlsPort)).send('\x16\x03\x01')
  const gate = createGate()
  const begun = new Promise<void>((resolve) => started.server.on('request', () => resolve()))
  started.server.use(() => async () => {
    await gate.opened
    return { status: 204, headers: [], body: null }
  })
  using busy = (await openSecure(started)).send(head)
  assert.equal((await stopped.closed()).length, 0)
  await begun
  await assert.rejects(connectSecurely(started))
  gate.open()
  assert.equal((await busy.reply()).status, 204)
})

test('counts an HTTP/2 session without open streams as idle', async () => {
  const gate = createGate()
  await using front = await startHttp2(files, {
    limits: { connections: 2 },
    layers: [
      (next) => async (x) => {
        if (x.target.path === '/slow') await gate.opened
        return next(x)
      },
    ],
  })
  using busy = await FrameClient.open(front.port)
  busy.request(1, [...plainGet.slice(0, 3), [':path', '/slow']])
  busy.request(3, plainGet)
  assert.equal(await busy.outcome(3), undefined)
  using idle = await FrameClient.open(front.port)
  assert.equal(await idle.request(1, plainGet).outcome(1), undefined)
  using next = await FrameClient.open(front.port)
  assert.equal(await next.request(1, plainGet).outcome(1), undefined)
  await idle.closed()
  gate.open()
  assert.equal(await busy.outcome(1), undefined)
})

/** Node detaches its connection, which comes to the server a second time. */
const chunkedUpgrade =
  'POST /slow HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: any\r\nTransfer-Encoding: chunked\r\n\r\n'

test('counts the connection of a declined upgrade once, and as busy', async () => {
  const { started, finish, reached } = await startSlow(1)
  await using _ = started
  const warnings: string[] = []
  started.server.on('warning', ({ code }) => warnings.push(code))
  using first = (await RawClient.open(started.port)).send(`${chunkedUpgrade}1\r\nx\r\n0\r\n\r\n`)
  await Promise.race([reached(1), first.closed()])
  assert.equal(first.socket.readableEnded, false)
  using second = await RawClient.open(started.port)
  assert.equal((await second.closed()).length, 0)
  assert.deepEqual(warnings, ['W8008_CONNECTIONS'])
  finish()
  assert.equal((await first.reply()).status, 405)
})
