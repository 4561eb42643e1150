import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { Layer, ProgramOptions, ServeOptions } from '../../src/index.ts'
import type { Source } from '../../src/http/message/reply.ts'
import { startBackend, type BackendSocket } from '../support/backend.ts'
import { makeCertificate } from '../support/certificate.ts'
import { createGate } from '../support/gate.ts'
import { openSession, startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { openSecure, startSecure } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { RawUpstream } from '../support/upstream.ts'

// In every test the other side says nothing more until the header section is seen here: one that waits for content
// waits for ever. nginx sends it after at most 8 ms.

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** A backend that has sent a header section, and sends the rest when it is told to. */
interface Slow extends AsyncDisposable {
  readonly target: string
  readonly tls?: { readonly ca: string }
  goOn(): void
}

interface Head {
  readonly type: string
  readonly length?: number
}

function fieldsOf({ type, length }: Head): string {
  return `Content-Type: ${type}\r\n${length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n`
}

function contentOf({ length }: Head, text: string): string {
  return length === undefined ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text
}

const text = 'data: 1\n\n'

async function overTcp(head: Head): Promise<Slow> {
  let open: BackendSocket | undefined
  const backend = await startBackend(async (connection) => {
    open = connection
    await connection.head()
    connection.send(`HTTP/1.1 200 OK\r\n${fieldsOf(head)}\r\n`)
  })
  return {
    target: `http://127.0.0.1:${backend.port}`,
    goOn: () => open?.send(contentOf(head, text)),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

async function overUnix(head: Head): Promise<Slow> {
  const path = folder.join(`${Math.random().toString(36).slice(2)}.sock`)
  const upstream = await RawUpstream.answering((_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${fieldsOf(head)}\r\n`)
  }, path)
  return {
    target: `unix:${path}`,
    goOn: () => upstream.sockets[0]?.write(contentOf(head, text)),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  }
}

async function overTls(head: Head): Promise<Slow> {
  const { cert, key } = await makeCertificate('localhost')
  await folder.write({ 'backend.pem': cert })
  const gate = createGate()
  const server = createTlsServer({ cert, key }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${fieldsOf(head)}\r\n`))
    void gate.opened.then(() => socket.end(contentOf(head, text)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    target: `https://localhost:${(server.address() as AddressInfo).port}`,
    tls: { ca: folder.join('backend.pem') },
    goOn: gate.open,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

async function overHttp2({ type, length }: Head): Promise<Slow> {
  const server = createHttp2Server()
  let open: ServerHttp2Stream | undefined
  server.on('stream', (stream) => {
    open = stream
    stream.on('error', () => {})
    stream.respond({ 'content-type': type, ...(length === undefined ? {} : { 'content-length': String(length) }) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    target: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goOn: () => open?.end(text),
    [Symbol.asyncDispose]: async () => {
      open?.session?.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const upstreams = { 'HTTP/1.1': overTcp, 'a unix socket': overUnix, TLS: overTls, 'HTTP/2': overHttp2 }
const heads: Readonly<Record<string, Head>> = {
  'an event stream': { type: 'text/event-stream' },
  'content with a length': { type: 'application/octet-stream', length: text.length },
  'content without a length': { type: 'text/plain' },
}

function routed({ target, tls }: Slow, more: object = {}): ServeOptions {
  return { proxy: { '/': { to: target, ...(tls === undefined ? {} : { tls }), ...more } } } as ServeOptions
}

const get = (hostLine: string, ...lines: string[]): string =>
  [`GET /events HTTP/1.1`, hostLine, ...lines, '', ''].join('\r\n')

for (const [upstream, open] of Object.entries(upstreams)) {
  for (const [kind, head] of Object.entries(heads)) {
    test(`sends the head of ${kind} before its content comes over ${upstream}`, async () => {
      await using slow = await open(head)
      await using front = await startServer({}, routed(slow))
      using client = await RawClient.open(front.port)
      client.send(get(front.hostLine))
      await client.sees('\r\n\r\n')
      slow.goOn()
      const reply = await client.reply()
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), text)
    })
  }

  test(`sends the head over HTTP/2 before content comes over ${upstream}`, async () => {
    await using slow = await open({ type: 'text/event-stream' })
    await using front = await startHttp2({}, routed(slow))
    using session = openSession(front.port)
    const stream = session.request({ ':path': '/events' })
    const [fields] = await once(stream, 'response')
    assert.equal(fields[':status'], 200)
    slow.goOn()
    assert.equal(String((await once(stream, 'data'))[0]), text)
  })

  test(`fetch() resolves before content comes over ${upstream}`, async () => {
    await using slow = await open({ type: 'text/event-stream' })
    await using front = await startServer({}, routed(slow))
    const response = await front.server.fetch(new Request(`http://localhost:${front.port}/events`))
    assert.equal(response.status, 200)
    slow.goOn()
    assert.equal(await response.text(), text)
  })
}

test('sends the head under TLS before content comes', async () => {
  await using slow = await overTcp({ type: 'text/event-stream' })
  await using front = await startSecure({}, routed(slow))
  using client = await openSecure(front)
  client.send(get(front.secureLine))
  await client.sees('\r\n\r\n')
  slow.goOn()
  assert.equal((await client.reply()).body.toString(), text)
})

test('sends the head of a page that gets the client of live reload before its content comes', async () => {
  await using slow = await overTcp({ type: 'text/html' })
  await using front = await startServer({}, { ...routed(slow, { live: true }), live: true })
  using client = await RawClient.open(front.port)
  client.send(get(front.hostLine, 'Accept: text/html', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Mode: navigate'))
  await client.sees('\r\n\r\n')
  slow.goOn()
  assert.match((await client.reply()).body.toString(), /__serve8008/)
})

test('sends the head of a reply to a request with trailers before its content comes', async () => {
  await using slow = await overTcp({ type: 'text/event-stream' })
  await using front = await startServer({}, routed(slow))
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n`)
  client.send('1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n')
  await client.sees('\r\n\r\n')
  slow.goOn()
  assert.equal((await client.reply()).body.toString(), text)
})

for (const [name, fields] of [
  ['a request', 'Content-Length: 1\r\n'],
  ['a request in chunks', 'Transfer-Encoding: chunked\r\n'],
  ['a request with trailers', 'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n'],
] as const) {
  test(`sends the head of ${name} before its content comes`, async () => {
    await using backend = await startBackend()
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
    using client = await RawClient.open(front.port)
    client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\n${fields}\r\n`)
    const upstream = await backend.next()
    assert.match(
      await upstream.head(),
      /^POST \/ HTTP\/1\.1\r\n[^]*\r\n(?:Transfer-Encoding|Content-Length): [^]*\r\n\r\n$/,
    )
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    assert.equal((await client.reply()).body.toString(), 'ok')
  })
}

for (const from of ['HTTP/1.1', 'HTTP/2']) {
  test(`sends the head of a request from ${from} to HTTP/2 before its content comes, and the answer back`, async () => {
    await using slow = await overHttp2({ type: 'text/event-stream' })
    const options = { proxy: { '/': slow.target } }
    if (from === 'HTTP/1.1') {
      await using front = await startServer({}, options)
      using client = await RawClient.open(front.port)
      client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n`)
      await client.sees('\r\n\r\n')
    } else {
      await using front = await startHttp2({}, options)
      using session = openSession(front.port)
      const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
      stream.on('error', () => {})
      const [fields] = await once(stream, 'response')
      assert.equal(fields[':status'], 200)
      stream.destroy()
    }
  })
}

const slowBodies = (gate: Promise<void>): Readonly<Record<string, () => PassThrough | Source>> => ({
  'a stream': () => {
    const stream = new PassThrough()
    void gate.then(() => stream.end(text))
    return stream
  },
  'a source': () => ({
    async pull(sink) {
      await gate
      await sink.write(Buffer.from(text))
    },
    cancel: () => {},
  }),
})

for (const kind of ['a stream', 'a source']) {
  for (const coding of ['identity', 'gzip']) {
    test(`sends the head of ${kind} of a program before its content, in ${coding}`, async () => {
      const gate = createGate()
      const layer: Layer = () => () => ({
        status: 200,
        headers: ['Content-Type', 'text/plain'],
        body: slowBodies(gate.opened)[kind]?.() ?? null,
      })
      const options: ServeOptions & ProgramOptions = { compress: true }
      await using front = await startServer({}, options)
      front.server.use(layer)
      using client = await RawClient.open(front.port)
      client.send(get(front.hostLine, `Accept-Encoding: ${coding}`))
      await client.sees('\r\n\r\n')
      gate.open()
      const reply = await client.reply()
      assert.equal(reply.field('content-encoding'), coding === 'gzip' ? 'gzip' : '')
      if (coding === 'identity') assert.equal(reply.body.toString(), text)
    })
  }
}

test('sends a 101 before the other protocol says anything', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using client = await RawClient.open(front.port)
  client.send(get(front.hostLine, 'Connection: Upgrade', 'Upgrade: raw'))
  const upstream = await backend.next()
  await upstream.head()
  upstream.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
  assert.equal((await client.reply()).status, 101)
  upstream.send('hello')
  await client.sees('hello')
})

test('sends head and content in one piece when both are there', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst')
  })
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using client = await RawClient.open(front.port)
  client.send(get(front.hostLine))
  const [first] = (await once(client.socket, 'data')) as [Buffer]
  assert.match(first.toString(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nfirst$/)
  backend.sockets[0]?.send('last')
  assert.equal((await client.reply()).body.toString(), 'firstlast')
})
