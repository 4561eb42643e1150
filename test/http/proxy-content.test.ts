import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { startFront } from '../support/proxy.ts'
import { RawClient } from '../support/raw.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

for (const method of ['POST', 'PUT', 'GET', 'DELETE', 'OPTIONS', 'REPORT', 'LOCK']) {
  test(`${method} forwards content of known length with Content-Length`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(`${method} /x HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 5\r\n\r\nhello`)
    const upstream = await backend.next()
    assert.ok(await upstream.sees('hello'))
    assert.match(upstream.text, /\r\ncontent-length: 5\r\n/i)
    assert.doesNotMatch(upstream.text, /transfer-encoding/i)
    upstream.send(ok)
    assert.equal((await client.reply()).body.toString(), 'ok')
  })

  // Without framing fields a backend reads a chunk as the next request. http-proxy still allows this smuggling.
  test(`${method} forwards chunked content, and no part of it becomes a request`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const chunk = `${smuggled.length.toString(16)};ext=1\r\n${smuggled}\r\n0\r\n\r\n`
    client.send(`${method} /x HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
    const upstream = await backend.next()
    assert.ok(await upstream.sees('0\r\n\r\n'))
    const [head = '', ...rest] = upstream.text.split('\r\n\r\n')
    assert.match(head, /\r\ntransfer-encoding: chunked(?:\r\nconnection: close)?$/i)
    assert.doesNotMatch(head, /content-length/i)
    assert.equal(rest.join('\r\n\r\n'), `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`)
    upstream.send(ok)
    assert.equal((await client.reply()).body.toString(), 'ok')
    assert.equal(backend.sockets.length, 1)
  })
}

test('frames empty chunked content unambiguously', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  for (const method of ['POST', 'DELETE', 'GET']) {
    client.send(`${method} /x HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
    const upstream = backend.sockets[0] ?? (await backend.next())
    const head = await upstream.head()
    assert.doesNotMatch(head, /transfer-encoding/i)
    assert.match(head, method === 'POST' ? /content-length: 0/i : /^[^]*\r\n\r\n$/)
    upstream.send(ok)
    assert.equal((await client.reply()).body.toString(), 'ok')
  }
})

test('answers Expect itself, and does not forward it', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  assert.equal((await client.reply()).status, 100)
  client.send('hello')
  const upstream = await backend.next()
  assert.ok(await upstream.sees('hello'))
  assert.doesNotMatch(upstream.text, /expect/i)
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('sends no 100 (Continue) when the upstream is not running', async () => {
  await using front = await startFront(await deadPort())
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  assert.equal((await client.reply()).status, 502)
})

test('forwards content larger than limits.bodyBytes', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { limits: { bodyBytes: 10 } })
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 20\r\n\r\n${'x'.repeat(20)}`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('x'.repeat(20)))
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('an upload may exceed limits.requestMs while it makes progress', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { limits: { requestMs: 200, headerMs: 200 } })
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 1000\r\n\r\n`)
  const began = performance.now()
  let sent = 0
  while (performance.now() - began < 900) {
    client.send('x')
    sent++
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const upstream = await backend.next()
  assert.ok(await upstream.sees('x'.repeat(sent)))
  assert.equal(client.received.length, 0)
  assert.equal((await client.reply()).status, 408)
  await upstream.closed()
})

for (const [name, content] of [
  ['of known length', 'Content-Length: 100000\r\n\r\nfirst'],
  ['before trailers', 'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n'],
] as const) {
  test(`delivers a response that precedes the end of the content, and reuses neither connection: ${name}`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\n${content}`)
    const upstream = await backend.next()
    assert.ok(await upstream.sees('first'))
    upstream.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
    const reply = await client.reply()
    assert.equal(reply.status, 413)
    assert.equal(reply.body.toString(), 'big')
    assert.equal(reply.field('connection'), 'close')
    await upstream.closed()
    client.socket.end()
    await client.closed()
    await backend.quiet()
  })
}

test('trailers of the upstream reach the client after the last chunk', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\nSet-Cookie: a=1\r\n\r\n',
  )
  await client.sees('X-Sum: 42\r\n\r\n')
  const text = client.received.toString('latin1')
  assert.match(text, /\r\nTrailer: X-Sum\r\n/)
  assert.match(text, /\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n$/)
})

test('an HTTP/1.0 client gets content without chunks and trailers', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.0\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
  )
  const text = (await client.closed()).toString('latin1')
  assert.doesNotMatch(text, /trailer|x-sum|chunked/i)
  assert.match(text, /\r\n\r\nok$/)
})

test('forwards early hints before the response', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n')
  const hint = await client.reply()
  assert.equal(hint.status, 103)
  assert.deepEqual(hint.fields, [['link', '</a.css>; rel=preload']])
  upstream.send(ok)
  assert.equal((await client.reply()).body.toString(), 'ok')
})

test('forwards each event of an event stream at once, and no timeout ends it', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { timeouts: { bodyIdleMs: 50, totalMs: 100 } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\ndata: 1\n\n')
  await client.sees('data: 1')
  await new Promise((resolve) => setTimeout(resolve, 400))
  upstream.send('data: 2\n\n')
  await client.sees('data: 2')
  client.end()
  await upstream.closed()
})

test('a client that disconnects before the response ends the request to the upstream', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  const client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  const ended = front.ended()
  client.end()
  await upstream.closed()
  await backend.quiet()
  assert.equal(backend.sockets.length, 1)
  assert.equal((await ended).aborted, true)
  assert.deepEqual(front.faults, [])
})

test('a client that disconnects within its content ends the request to the upstream', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  const client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 100\r\n\r\nsome`)
  const upstream = await backend.next()
  await upstream.sees('some')
  client.end()
  await upstream.closed()
  await backend.quiet()
  assert.equal(backend.sockets.length, 1)
  assert.deepEqual(front.faults, [])
})

test('a client that disconnects within the response ends the request to the upstream', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  const client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
  await client.sees('some')
  client.end()
  await upstream.closed()
  await backend.quiet()
  assert.equal(backend.sockets.length, 1)
  assert.deepEqual(front.faults, [])
})

const mebibyte = Buffer.alloc(2 ** 20, 'm')

/** Writes until the other side stops reading. Returns the number of bytes written. */
async function writeUntilFull(socket: import('node:net').Socket, most: number): Promise<number> {
  let sent = 0
  while (sent < most) {
    sent += mebibyte.length
    if (socket.write(mebibyte)) continue
    const drained = new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true)))
    const full = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500))
    if (!(await Promise.race([drained, full]))) return sent - socket.writableLength
  }
  return sent
}

test('applies backpressure to an upstream that sends faster than the client reads', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.socket.pause()
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
  const taken = await writeUntilFull(upstream.socket, 2 ** 30)
  assert.ok(taken < 64 * 2 ** 20, `${taken} bytes were taken`)
})

test('applies backpressure to a client that sends faster than the upstream reads', async () => {
  await using backend = await startBackend((connection) => connection.socket.pause())
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
  const taken = await writeUntilFull(client.socket, 2 ** 30)
  assert.ok(taken < 64 * 2 ** 20, `${taken} bytes were taken`)
})
