import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { after, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { UpstreamReply } from '../../src/proxy/types.ts'
import type { BackendSocket } from '../support/backend.ts'
import { startBackend } from '../support/backend.ts'
import { makeCertificate } from '../support/certificate.ts'
import { transportTo } from '../support/http1.ts'
import { startFront, type FrontOptions } from '../support/proxy.ts'
import { RawClient } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'
import { RawUpstream, requestOf } from '../support/upstream.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const noRetries = { proxy: { retries: 0 } } satisfies FrontOptions

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** Ways to close a connection that has just received a request. */
const endings: Readonly<Record<string, (socket: Socket) => unknown>> = {
  'resets it': (socket) => socket.resetAndDestroy(),
  'ends it': (socket) => socket.end(),
  'destroys it': (socket) => socket.destroy(),
}

/** Answers one request on each connection, and closes the connection at the next one. */
const oneEach =
  (end: (socket: Socket) => unknown, seen: string[]) =>
  async (connection: BackendSocket): Promise<void> => {
    seen.push(await connection.head())
    connection.send(ok)
    if (!(await connection.sees('\r\n\r\n'))) return
    seen.push(await connection.head())
    end(connection.socket)
  }

const methodOf = (head: string): string => head.slice(0, head.indexOf(' '))

async function twice(client: RawClient, hostLine: string, method: string, content = ''): Promise<number> {
  const length = content === '' ? '' : `Content-Length: ${content.length}\r\n`
  client.send(`GET /first HTTP/1.1\r\n${hostLine}\r\n\r\n`)
  assert.equal((await client.reply()).status, 200)
  client.send(`${method} /second HTTP/1.1\r\n${hostLine}\r\n${length}\r\n${content}`)
  return (await client.reply(method)).status
}

// A backend may close an idle connection at the moment of its reuse. Go's net/http and Caddy retry the request on a new
// connection if its method is safe (RFC 9110 section 9.2.2).
for (const [name, end] of Object.entries(endings)) {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PROPFIND']) {
    test(`retries ${method} on a new connection when the backend ${name}`, async () => {
      const seen: string[] = []
      await using backend = await startBackend(oneEach(end, seen))
      await using front = await startFront(backend.port, noRetries)
      using client = await RawClient.open(front.port)
      assert.equal(await twice(client, front.hostLine, method), 200)
      assert.deepEqual(seen.map(methodOf), ['GET', method, method])
      assert.equal(backend.sockets.length, 2)
    })
  }

  for (const [method, content] of [
    ['POST', 'x'],
    ['DELETE', ''],
  ] as const) {
    test(`does not retry ${method} when the backend ${name}`, async () => {
      const seen: string[] = []
      await using backend = await startBackend(oneEach(end, seen))
      await using front = await startFront(backend.port)
      using client = await RawClient.open(front.port)
      assert.equal(await twice(client, front.hostLine, method, content), 502)
      assert.deepEqual(seen.map(methodOf), ['GET', method])
    })
  }
}

test('retries on a new connection when several idle connections are dead', async () => {
  const seen: string[] = []
  await using backend = await startBackend(oneEach((socket) => socket.resetAndDestroy(), seen))
  await using front = await startFront(backend.port, noRetries)
  using one = await RawClient.open(front.port)
  using two = await RawClient.open(front.port)
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`
  one.send(get('/1'))
  two.send(get('/2'))
  await Promise.all([one.reply(), two.reply()])
  one.send(get('/3'))
  assert.equal((await one.reply()).status, 200)
})

test('does not retry a request whose response has begun', async () => {
  const seen: string[] = []
  const half = (socket: Socket): unknown => socket.end('HTTP/1.1 200 OK\r\nContent-')
  await using backend = await startBackend(oneEach(half, seen))
  await using front = await startFront(backend.port, noRetries)
  using client = await RawClient.open(front.port)
  assert.equal(await twice(client, front.hostLine, 'GET'), 502)
  assert.equal(seen.length, 2)
})

test('does not retry a request on a new connection', async () => {
  let heads = 0
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    heads++
    connection.socket.resetAndDestroy()
  })
  await using front = await startFront(backend.port, noRetries)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.match((await client.reply()).body.toString(), /E8008_UPSTREAM_RESET/)
  assert.equal(heads, 1)
})

test('retries GET on a new connection over a unix socket', async () => {
  const path = folder.join('backend.sock')
  let connections = 0
  await using upstream = await RawUpstream.open((socket) => {
    connections++
    socket.once('data', () => {
      socket.write(ok)
      socket.once('data', () => socket.destroy())
    })
  }, path)
  await using front = await startFront(0, { ...noRetries, upstream: { socketPath: path } })
  using client = await RawClient.open(front.port)
  assert.equal(await twice(client, front.hostLine, 'GET'), 200)
  assert.equal(connections, 2)
  assert.equal(upstream.sockets.length, 2)
})

test('retries GET on a new connection under TLS', async () => {
  const { cert, key } = await makeCertificate('localhost')
  let connections = 0
  const server = createTlsServer({ cert, key }, (socket) => {
    connections++
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(ok)
      socket.once('data', () => socket.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  {
    const { port } = server.address() as AddressInfo
    const proxy = { ...noRetries.proxy, tls: { verify: false } }
    await using front = await startFront(port, { proxy, upstream: { protocol: 'https:' } })
    using client = await RawClient.open(front.port)
    assert.equal(await twice(client, front.hostLine, 'GET'), 200)
    assert.equal(connections, 2)
  }
  server.close()
  await once(server, 'close')
})

for (const method of ['GET', 'POST']) {
  test(`retries ${method} that was not written yet on a new connection when an idle one is reset`, async () => {
    await using backend = await startBackend(async (connection) => {
      while (await connection.sees('\r\n\r\n')) {
        await connection.head()
        connection.send(ok)
      }
    })
    await using transport = transportTo(backend.port)
    assert.equal((await transport.send(requestOf())).status, 200)
    const [first] = backend.sockets
    // The reset has arrived, but Node has not emitted it when the request takes the connection.
    const second = new Promise<UpstreamReply>((resolve) =>
      first?.socket.once('close', () => resolve(transport.send(requestOf({ method })))),
    )
    first?.socket.resetAndDestroy()
    assert.equal((await second).status, 200)
    assert.equal(backend.sockets.length, 2)
  })
}

// An upstream that does not read the content takes it for the next request, whose reply would go to another client.
for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST']) {
  for (const content of ['Content-Length: 4\r\n\r\nGET ', 'Transfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n']) {
    test(`reuses the connection of ${method} with ${content.slice(0, 14)} only where content has a meaning`, async () => {
      const seen: string[] = []
      await using backend = await startBackend(async (connection) => {
        while (await connection.sees('GET ')) {
          const head = await connection.head()
          seen.push(head)
          connection.send(head.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : ok)
        }
      })
      await using front = await startFront(backend.port, noRetries)
      using client = await RawClient.open(front.port)
      client.send(`${method} /first HTTP/1.1\r\n${front.hostLine}\r\n${content}`)
      assert.equal((await client.reply(method)).status, 200)
      client.send(`GET /second HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      assert.equal((await client.reply()).status, 200)
      assert.equal(backend.sockets.length, method === 'POST' ? 1 : 2)
      assert.equal(/\r\nConnection: close\r\n/.test(seen[0] ?? ''), method !== 'POST')
    })
  }
}
