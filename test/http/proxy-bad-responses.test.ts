import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startBackend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { refusals, type Misbehaviour } from '../support/misbehaviour.ts'
import { startFront, type FrontOptions } from '../support/proxy.ts'
import { upstreamAt } from '../support/upstream.ts'
import { RawClient } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A backend that misbehaves, with its sockets counted. */
function broken(act: Misbehaviour): ReturnType<typeof startBackend> {
  return startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      await connection.head()
      await act(connection)
    }
  })
}

for (const [name, act, expected, options] of refusals) {
  test(`sends a gateway error and closes the connection when the upstream ${name}`, async () => {
    await using backend = await broken(act)
    await using front = await startFront(backend.port, { ...options, match: { path: '/' }, proxy: { retries: 0 } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nAccept: application/json\r\n\r\n`)
    let reply = await client.reply()
    while (reply.status < 200) reply = await client.reply()
    const text = reply.body.toString()
    assert.match(`${reply.status} ${text.replaceAll('\n', ' ')}`, expected)
    assert.ok(text.includes(`127.0.0.1:${backend.port}`), text)
    await backend.quiet()
    assert.deepEqual(front.faults, [])
  })
}

/** Faults within the content: the proxy forwards what arrived, and does not complete the response. */
const cuts: readonly [name: string, act: Misbehaviour, options?: FrontOptions][] = [
  ['resets within a known length', (c) => c.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome'), {}],
  ['resets within chunks', (c) => c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n')],
]

for (const [name, act] of cuts) {
  for (const way of ['end', 'resetAndDestroy'] as const) {
    test(`breaks the client's response when the upstream ${name} (${way})`, async () => {
      await using backend = await broken(act)
      await using front = await startFront(backend.port)
      using client = await RawClient.open(front.port)
      const ended = front.ended()
      client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      await client.sees('some')
      backend.sockets[0]?.socket[way]()
      const text = (await client.closed()).toString('latin1')
      assert.doesNotMatch(text, /\r\n0\r\n\r\n$/)
      const record = await ended
      assert.equal(record.aborted, true)
      assert.equal(record.refusal, 'E8008_UPSTREAM_RESET')
      assert.deepEqual(front.faults, [])
      await backend.quiet()
    })
  }
}

const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
const trailers = 'Transfer-Encoding: chunked\r\nTrailer: X-End\r\n'
for (const [name, fields, content] of [
  ['a request', '', ''],
  ['a request with trailers', trailers, '1\r\nx\r\n0\r\nX-End: 1\r\n\r\n'],
  ['a rejected upgrade', upgrade, ''],
] as const) {
  test(`does not take a reset for the end of content without a length: ${name}`, async () => {
    await using backend = await broken((c) => c.send('HTTP/1.1 403 No\r\nConnection: close\r\n\r\nsome'))
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    const ended = front.ended()
    client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\n${fields}\r\n${content}`)
    await client.sees('some')
    backend.sockets[0]?.socket.resetAndDestroy()
    assert.doesNotMatch((await client.closed()).toString('latin1'), /\r\n0\r\n\r\n$/)
    assert.equal((await ended).refusal, 'E8008_UPSTREAM_RESET')
    assert.deepEqual(front.faults, [])
  })
}

// RFC 9110 section 15.2: a client may drop a 100 that it did not request.
for (const [name, interim] of [
  ['a 100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['a 100 in pieces', 'HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\nHTTP/1.1 100 \r\n\r\n'],
] as const) {
  for (const method of ['GET', 'HEAD', 'POST']) {
    test(`accepts an unrequested ${name} in the response to ${method}`, async () => {
      await using backend = await startBackend(async (connection) => {
        while (await connection.sees('\r\n\r\n')) {
          await connection.head()
          const reply = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`
          for (const byte of interim + reply) connection.send(byte)
        }
      })
      await using front = await startFront(backend.port)
      using client = await RawClient.open(front.port)
      for (let i = 0; i < 2; i++) {
        const length = method === 'POST' ? 'Content-Length: 0\r\n' : ''
        client.send(`${method} / HTTP/1.1\r\n${front.hostLine}\r\n${length}\r\n`)
        assert.equal((await client.reply(method)).status, 200)
      }
    })
  }
}

const continued = 'HTTP/1.1 100 Continue\r\n\r\n'
const chunkedRequest = ['Trailer: X-Sum', 'Transfer-Encoding: chunked', '', '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n']
for (const [name, lines, answer, status] of [
  ['a request with trailers', chunkedRequest, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
  [
    'an upgrade',
    ['Connection: Upgrade', 'Upgrade: x', '', ''],
    'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    101,
  ],
  [
    'an upgrade that is rejected',
    ['Connection: Upgrade', 'Upgrade: x', '', ''],
    'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n',
    403,
  ],
] as const) {
  test(`accepts an unrequested 100 in the response to ${name}`, async () => {
    await using backend = await broken((c) => c.send(continued + answer))
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(['POST / HTTP/1.1', front.hostLine, ...lines].join('\r\n'))
    assert.equal((await client.reply()).status, status)
  })
}

test('accepts an unrequested 100 over HTTP/2', async () => {
  const server = createHttp2Server()
  server.on('stream', (stream) => {
    stream.additionalHeaders({ ':status': 100 })
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const to = `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const method of ['GET', 'POST']) {
    await using front = await startServer({}, { proxy: { '/': to } })
    using client = await RawClient.open(front.port)
    client.send(`${method} / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 0\r\n\r\n`)
    const { status, body } = await client.reply(method)
    assert.deepEqual([status, body.toString()], [200, 'ok'])
  }
  server.close()
})

// RFC 9112 section 2.2 lets a recipient accept a bare line feed as a line end. Such a recipient sees another response.
test('does not take content for a response after a 100 whose header section ends in bare line feeds', async () => {
  const content = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`
  await using backend = await broken((c) => c.send(`HTTP/1.1 100 Continue\n\n${head}${content}`))
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.equal((await client.reply()).status, 502)
})

test('accepts a large header section in the response that rejects an upgrade', async () => {
  const field = `X-Long: ${'x'.repeat(40_000)}\r\n`
  await using backend = await broken((c) => c.send(`HTTP/1.1 403 No\r\n${field}Content-Length: 0\r\n\r\n`))
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${upgrade}\r\n`)
  const reply = await client.reply()
  assert.equal(reply.status, 403)
})

test("breaks the client's response when a chunk is malformed", async () => {
  await using backend = await broken((c) =>
    c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n'),
  )
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  await client.sees('some')
  backend.sockets[0]?.send('not a size\r\n')
  assert.doesNotMatch((await client.closed()).toString('latin1'), /\r\n0\r\n\r\n$/)
  await backend.quiet()
})

for (const [name, rest] of [
  ['breaks off', '5\r\nso'],
  ['ends in a field that would split a message', '2\r\nso\r\n0\r\nX-End: a\u0001b\r\n\r\n'],
] as const) {
  test(`breaks the client's response when a rejected upgrade ${name}`, async () => {
    await using backend = await broken((c) => {
      c.send(`HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n${rest}`).socket.end()
    })
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13'
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`)
    const ended = front.ended()
    const received = (await client.closed()).toString('latin1')
    assert.doesNotMatch(received, /\r\n0\r\n\r\n$/)
    assert.match((await ended).refusal ?? '', /^E8008_UPSTREAM/)
    assert.deepEqual(front.faults, [])
  })
}

test('a response whose end is malformed is a 502 or a broken response, never a complete one', async () => {
  await using backend = await broken((c) =>
    c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\nzz\r\n').socket.end(),
  )
  await using front = await startFront(backend.port, { proxy: { retries: 0 } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nConnection: close\r\n\r\n`)
  const text = (await client.closed()).toString('latin1')
  assert.doesNotMatch(text, /^HTTP\/1\.1 200[^]*\r\n0\r\n\r\n$/)
})

test("breaks the client's response when an upstream sends slowly and then stops", async () => {
  await using backend = await broken((c) => c.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome'))
  await using front = await startFront(backend.port, { timeouts: { bodyIdleMs: 200 } })
  using client = await RawClient.open(front.port)
  const ended = front.ended()
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.match((await client.closed()).toString(), /some$/)
  assert.equal((await ended).refusal, 'E8008_UPSTREAM_TIMEOUT')
  await backend.quiet()
})

test('waits for an upstream that sends slowly without stopping', async () => {
  await using backend = await broken(async (c) => {
    c.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      c.send(String(i))
    }
  })
  await using front = await startFront(backend.port, { timeouts: { bodyIdleMs: 300 } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.equal((await client.reply()).body.toString(), '0123456789')
})

for (const [name, extra] of [
  ['bytes after a complete response', 'garbage'],
  ['a second reply', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
] as const) {
  test(`drops ${name}`, async () => {
    await using backend = await broken((c) => c.send(`${ok}${extra}`))
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    for (let i = 0; i < 20; i++) {
      client.send(`GET /${i} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      const reply = await client.reply()
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), 'ok')
    }
    assert.equal(backend.sockets.length, 20)
    assert.equal(client.received.length, 0)
  })
}

test('three thousand requests over few connections get their own responses', async () => {
  await using backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      const [, path = ''] = /^GET (\S+)/.exec(await connection.head()) ?? []
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
    }
  })
  await using front = await startFront(backend.port)
  await Promise.all(
    Array.from({ length: 10 }, async (_, lane) => {
      using client = await RawClient.open(front.port)
      for (let i = 0; i < 300; i++) {
        client.send(`GET /${lane}/${i} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
        assert.equal((await client.reply()).body.toString(), `/${lane}/${i}`)
      }
    }),
  )
  assert.ok(backend.sockets.length <= 20, `${backend.sockets.length} connections`)
})

test('an upstream that is not running is an immediate 502 with a hint', async () => {
  const port = await deadPort()
  await using front = await startFront(port, { match: { path: '/api' } })
  using client = await RawClient.open(front.port)
  client.send(`GET /api HTTP/1.1\r\n${front.hostLine}\r\nAccept: application/json\r\n\r\n`)
  const reply = await client.reply()
  assert.equal(reply.status, 502)
  const text = reply.body.toString()
  assert.match(text, /E8008_UPSTREAM_REFUSED/)
  assert.ok(text.includes(`127.0.0.1:${port}`) && text.includes('/api'), text)
  assert.match(text, /hint/)
})

test('a name that cannot be resolved is a 502', async () => {
  await using front = await startFront(1, { upstream: { hostname: 'nowhere.invalid', label: 'nowhere.invalid' } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nAccept: application/json\r\n\r\n`)
  assert.match(
    (await client.reply()).body.toString(),
    /The name of nowhere\.invalid \(route \/\) cannot be resolved[^]*E8008_UPSTREAM_UNREACHABLE/,
  )
})

test('names every upstream that refused the connection', async () => {
  const upstreams = [upstreamAt(await deadPort()), upstreamAt(await deadPort()), upstreamAt(await deadPort())]
  for (const retries of [0, 1, 2]) {
    await using front = await startFront(0, { upstreams, proxy: { retries, balance: 'round' } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    const named = / on (.+) \(route/.exec((await client.reply()).body.toString())?.[1]
    const labels = new Set(named?.split(' or '))
    assert.equal(labels.size, retries + 1, named)
    assert.ok(upstreams.filter(({ label }) => labels.has(label)).length === labels.size, named)
  }
})

test('names one upstream when only one of two refused the connection', async () => {
  await using backend = await startBackend((connection) => void connection.socket.resetAndDestroy())
  const upstreams = [upstreamAt(await deadPort()), upstreamAt(backend.port)]
  await using front = await startFront(0, { upstreams, proxy: { retries: 1, balance: 'round' } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.match((await client.reply()).body.toString(), new RegExp(`\\n127\\.0\\.0\\.1:${backend.port} \\(route`))
})

for (const hostname of ['metadata.google.internal', 'Metadata.Google.Internal.']) {
  test(`does not forward to a metadata service (${hostname})`, async () => {
    await using front = await startFront(80, { upstream: { hostname } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nAccept: application/json\r\n\r\n`)
    const reply = await client.reply()
    assert.equal(reply.status, 502)
    assert.match(reply.body.toString(), /E8008_UPSTREAM_FORBIDDEN/)
  })
}

for (const host of ['127.0.0.1', '::1']) {
  test(`connects to localhost at ${host}`, async () => {
    await using backend = await startBackend(async (c) => {
      await c.head()
      c.send(ok)
    }, host)
    await using front = await startFront(backend.port, { upstream: { hostname: 'localhost' } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).body.toString(), 'ok')
  })
}

test('retries a safe request when the upstream closes the reused connection', async () => {
  let connections = 0
  await using backend = await startBackend(async (c) => {
    const first = ++connections === 1
    await c.head()
    if (first) c.socket.destroy()
    else c.send(ok)
  })
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.equal((await client.reply()).body.toString(), 'ok')
})

for (const [method, content] of [
  ['POST', 'hello'],
  ['POST', ''],
  ['DELETE', ''],
] as const) {
  test(`does not retry ${method} with ${content.length} bytes that the upstream may have read`, async () => {
    await using backend = await broken((c) => c.socket.destroy())
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(`${method} / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: ${content.length}\r\n\r\n${content}`)
    assert.equal((await client.reply()).status, 502)
    assert.equal(backend.sockets.length, 1)
  })
}

test('retries on another upstream when one is not running, also with content', async () => {
  await using backend = await startBackend(async (c) => {
    await c.sees('hello')
    c.send(ok)
  })
  const upstreams = [upstreamAt(await deadPort()), upstreamAt(backend.port)]
  await using front = await startFront(0, { upstreams })
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 5\r\n\r\nhello`)
  assert.equal((await client.reply()).body.toString(), 'ok')
})
