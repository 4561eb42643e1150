import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend, type Backend, type BackendSocket } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { startFront } from '../support/proxy.ts'
import { upstreamAt } from '../support/upstream.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const events = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n'
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\nSec-WebSocket-Version: 13\r\n`
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** A server whose graceful shutdown would wait longer than a test may take. */
function patient(backend: { readonly port: number }): Promise<Started> {
  const proxy = { '/': `http://127.0.0.1:${backend.port}` }
  return startServer({}, { proxy, live: false, limits: { closeMs: 600_000, halfClosedMs: 600_000 } })
}

async function asked(backend: Backend): Promise<BackendSocket> {
  const upstream = await backend.next()
  await upstream.head()
  return upstream
}

for (const [how, leave] of [
  ['closes', (client: RawClient) => client.socket.destroy()],
  ['closes its sending side', (client: RawClient) => client.socket.end()],
  ['resets', (client: RawClient) => client.socket.resetAndDestroy()],
] as const) {
  test(`closes the upstream's connection when a client ${how} before its upgrade is answered`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port, {
      timeouts: { upgradeMs: 0 },
      limits: { halfClosedMs: 600_000 },
    })
    const client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\n`)
    const upstream = await asked(backend)
    const ended = front.ended()
    leave(client)
    await upstream.closed()
    assert.equal((await ended).status, 499)
    client.end()
  })
}

for (const [state, reply, status] of [
  ['has not begun', '', 503],
  ['is under way', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome', 200],
] as const) {
  test(`logs a reply that ${state} as cut by the server when closing ends it`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port, { limits: { closeMs: 0 } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    ;(await asked(backend)).send(reply)
    if (reply !== '') await client.sees('some')
    const ended = front.ended()
    await front[Symbol.asyncDispose]()
    const { status: logged, aborted, refusal, reason } = await ended
    const expected = { logged: status, aborted: true, refusal: 'E8008_CLOSED', reason: '' }
    assert.deepEqual({ logged, aborted, refusal, reason }, expected)
  })
}

test('forwards what a client sends before its upgrade is answered', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\none`)
  const upstream = await asked(backend)
  client.send('two'.repeat(40_000))
  // A request on another connection shows that the proxy has read these bytes before the upstream answers.
  using other = await RawClient.open(front.port)
  other.send(`GET /other HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  ;(await asked(backend)).send(ok)
  await other.reply()
  upstream.send(switching)
  assert.equal((await client.reply()).status, 101)
  client.send('three')
  assert.ok(await upstream.sees('three'))
  assert.equal(upstream.text, `one${'two'.repeat(40_000)}three`)
})

test('closing ends an event stream regularly, and its upstream connection', async () => {
  await using backend = await startBackend()
  await using front = await patient(backend)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = (await asked(backend)).send(events)
  await client.sees('data: 1')
  await front.server.close()
  assert.equal((await client.reply()).body.toString(), 'data: 1\n\n')
  await upstream.closed()
})

test('closing ends an upgrade that the upstream has not answered', async () => {
  await using backend = await startBackend()
  await using front = await patient(backend)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\n`)
  const upstream = await asked(backend)
  await front.server.close()
  assert.equal((await client.reply()).status, 503)
  await upstream.closed()
})

test('closing ends a WebSocket after the messages that were sent before', async () => {
  await using backend = await startBackend()
  await using front = await patient(backend)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\n`)
  const upstream = (await asked(backend)).send(switching)
  await client.sees('\r\n\r\n')
  upstream.send('last words')
  await client.sees('last words')
  await front.server.close()
  await Promise.all([client.closed(), upstream.closed()])
})

test('closing ends the wait for a backend that is not running', async () => {
  await using front = await startServer(
    {},
    {
      proxy: { '/': { to: `http://127.0.0.1:${await deadPort()}`, hold: 600_000 } },
      live: false,
      limits: { closeMs: 600_000 },
    },
  )
  using client = await RawClient.open(front.port)
  const asked = new Promise((resolve) => front.server.on('request', resolve))
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nAccept: application/json\r\n\r\n`)
  await asked
  await front.server.close()
  assert.equal((await client.reply()).status, 502)
})

test('a removed route closes its connections once they are idle', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, { proxy: { '/api': `http://127.0.0.1:${backend.port}` }, live: false })
  const request = `GET /api HTTP/1.1\r\n${front.hostLine}\r\n\r\n`
  using client = await RawClient.open(front.port)
  using busy = await RawClient.open(front.port)
  client.send(request)
  const idle = (await asked(backend)).send(ok)
  await client.reply()
  // Two requests: the second connection is busy while the route is removed.
  client.send(request)
  await idle.head()
  busy.send(request)
  const working = await asked(backend)
  idle.send(ok)
  await client.reply()
  assert.ok(front.server.routes.remove('/api'))
  await idle.closed()
  working.send(ok)
  assert.equal((await busy.reply()).body.toString(), 'ok')
  await working.closed()
  client.send(request)
  assert.equal((await client.reply()).status, 404)
})

test('a route can be removed after the server is closed', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send(ok)
  })
  await using front = await startServer({}, { proxy: { '/api': `http://127.0.0.1:${backend.port}` }, live: false })
  using client = await RawClient.open(front.port)
  await client.send(`GET /api HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
  await front.server.close()
  assert.ok(front.server.routes.remove('/api'))
  // An unhandled rejection would have ended the process by now.
  await new Promise(setImmediate)
})

test('a WebSocket stays open after its route is removed', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send(switching).socket.pipe(connection.socket)
  })
  await using front = await startServer({}, { proxy: { '/ws': `http://127.0.0.1:${backend.port}` }, live: false })
  using client = await RawClient.open(front.port)
  client.send(`GET /ws HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\n`)
  assert.equal((await client.reply()).status, 101)
  front.server.routes.remove('/ws')
  client.send('still there')
  await client.sees('still there')
})

test('balance: least counts requests until their response is complete', async () => {
  await using busy = await startBackend(async (c) => {
    while (await c.sees('\r\n\r\n')) {
      const head = await c.head()
      c.send(head.includes('/stream') ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome' : ok)
    }
  })
  await using other = await startBackend(async (c) => {
    while (await c.sees('\r\n\r\n')) {
      await c.head()
      c.send(ok)
    }
  })
  await using front = await startFront(0, {
    upstreams: [upstreamAt(busy.port), upstreamAt(other.port)],
    proxy: { balance: 'least' },
  })
  using stream = await RawClient.open(front.port)
  stream.send(`GET /stream HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  await stream.sees('some')
  using client = await RawClient.open(front.port)
  for (let i = 0; i < 6; i++) await client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
  assert.deepEqual([busy.sockets.length, other.sockets.length], [1, 1])
})
