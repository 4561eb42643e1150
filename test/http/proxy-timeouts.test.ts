// own process: it mocks the clock of the whole process
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { after, afterEach, before, beforeEach, describe, mock, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { startBackend, type Backend } from '../support/backend.ts'
import { block, flags, frame, frameTypes, preface, uint32 } from '../support/frames.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const day = 86_400_000

/** The response of a debugged backend or of a language model may take any time. */
describe('waits for a backend as long as the client waits', () => {
  let backend: Backend
  let started: Started

  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())
  before(async () => {
    backend = await startBackend()
    started = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  })
  after(async () => {
    await started[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
  })

  const upgrade = ['Connection: Upgrade', 'Upgrade: thing']
  for (const [name, lines, content] of [
    ['a header section', [], ''],
    ['a header section after content', ['Content-Length: 5'], 'hello'],
    [
      'a header section after content with trailers',
      ['Transfer-Encoding: chunked', 'Trailer: X-End'],
      '0\r\nX-End: 1\r\n\r\n',
    ],
    ['the response to an upgrade', upgrade, ''],
  ] as const) {
    test(`for ${name}`, async () => {
      using client = await RawClient.open(started.port)
      client.send(`POST /x HTTP/1.1\r\n${[started.hostLine, ...lines].join('\r\n')}\r\n\r\n${content}`)
      const upstream = await backend.next()
      await upstream.sees('\r\n\r\n')
      mock.timers.tick(day)
      upstream.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
      const reply = await client.reply('POST')
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), 'ok')
    })
  }

  for (const type of ['application/x-ndjson', 'text/plain', 'application/octet-stream']) {
    test(`between two chunks of ${type}`, async () => {
      using client = await RawClient.open(started.port)
      client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
      const upstream = await backend.next()
      await upstream.head()
      upstream.send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 10\r\n\r\nfirst`)
      await client.sees('first')
      mock.timers.tick(day)
      upstream.send('later')
      assert.equal((await client.reply()).body.toString(), 'firstlater')
    })
  }
})

describe('waits for an HTTP/2 backend as long as the client waits', () => {
  let behind: Http2Server
  let started: Started
  let get: string

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    behind = createServer({ settings: { maxConcurrentStreams: 1 } })
    behind.listen(0, '127.0.0.1')
    await once(behind, 'listening')
    const to = `h2c://127.0.0.1:${(behind.address() as AddressInfo).port}`
    started = await startServer({}, { proxy: { '/': to } })
    get = `GET / HTTP/1.1\r\n${started.hostLine}\r\n\r\n`
  })
  afterEach(async () => {
    mock.timers.reset()
    await started[Symbol.asyncDispose]()
    behind.close()
  })

  test('for the header section and between two chunks', async () => {
    using client = await RawClient.open(started.port)
    client.send(get)
    const [stream] = (await once(behind, 'stream')) as [ServerHttp2Stream]
    for (let days = 0; days < 2; days++) {
      mock.timers.tick(day)
      await setImmediate()
    }
    stream.respond({ ':status': 200, 'content-length': '10' })
    stream.write('first')
    await client.sees('first')
    mock.timers.tick(day)
    stream.end('later')
    assert.equal((await client.reply()).body.toString(), 'firstlater')
  })

  // Upstreams such as Tomcat close a session that gets many control frames without content between.
  test('for a free stream of a session that has transferred content, and checks it once', async () => {
    using client = await RawClient.open(started.port)
    using other = await RawClient.open(started.port)
    client.send(get)
    const [session] = (await once(behind, 'session')) as [ServerHttp2Session]
    const [earlier] = (await once(behind, 'stream')) as [ServerHttp2Stream]
    earlier.end('x'.repeat(5000))
    assert.equal((await client.reply()).body.length, 5000)
    let checks = 0
    const checked = new Promise<void>((resolve) => session.on('remoteSettings', () => resolve(void checks++)))
    client.send(get)
    const [first] = (await once(behind, 'stream')) as [ServerHttp2Stream]
    const asked = new Promise((resolve) => started.server.on('request', resolve))
    other.send(get)
    await asked
    mock.timers.tick(day)
    await checked
    first.end('first')
    const next = once(behind, 'stream')
    assert.equal((await client.reply()).body.toString(), 'first')
    const [second] = (await next) as [ServerHttp2Stream]
    mock.timers.tick(day)
    second.end('second')
    assert.equal((await other.reply()).body.toString(), 'second')
    assert.equal(checks, 1)
  })

  test('while it reads nothing of an upload', async () => {
    const size = 2 ** 25
    let stopped: Socket | undefined
    const upstream = createSocketServer((socket) => {
      const answer = (stream: number, content: Buffer): void => {
        socket.write(frame('headers', flags.endHeaders, stream, block([[':status', '200']])))
        socket.write(frame('data', flags.endStream, stream, content))
      }
      socket.on('error', () => {})
      // The windows of the stream and of the session let the whole upload go out.
      socket.write(frame('settings', flags.none, 0, Buffer.from([0, 4, ...uint32(2 ** 30)])))
      socket.write(frame('window', flags.none, 0, uint32(2 ** 30)))
      let bytes = Buffer.alloc(0)
      let at = preface.length
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        for (; bytes.length >= at + 9; at += 9 + bytes.readUIntBE(at, 3)) {
          const [type, flag, stream] = [bytes[at + 3], bytes[at + 4], bytes.readUInt32BE(at + 5)]
          if (type === frameTypes.settings && flag !== flags.ack) socket.write(frame('settings', flags.ack, 0))
          else if (type === frameTypes.headers && stream === 1) answer(1, Buffer.alloc(5000))
          else if (type === frameTypes.headers) stopped = socket.pause()
          else if (type === frameTypes.data && flag === flags.endStream) answer(3, Buffer.from('read'))
        }
        const read = Math.min(at, bytes.length)
        bytes = bytes.subarray(read)
        at -= read
      })
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const proxy = { '/': `h2c://127.0.0.1:${(upstream.address() as AddressInfo).port}` }
    const front = await startServer({}, { proxy })
    using client = await RawClient.open(front.port)
    try {
      client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      assert.equal((await client.reply()).body.length, 5000)
      client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: ${size}\r\n\r\n`)
      // The proxy stops reading when the socket to the upstream accepts nothing more.
      const part = Buffer.alloc(65_536)
      let sent = 0
      for (let isTaken = true; isTaken;) {
        isTaken = false
        client.socket.write(part, () => (isTaken = true))
        sent += part.length
        for (let turns = 0; !isTaken && turns < 500; turns++) await setImmediate()
      }
      for (let days = 0; days < 2; days++) {
        mock.timers.tick(day)
        await setImmediate()
      }
      assert.ok(stopped !== undefined)
      stopped.resume()
      client.send(Buffer.alloc(size - sent))
      assert.equal((await client.reply()).body.toString(), 'read')
    } finally {
      client[Symbol.dispose]()
      await front[Symbol.asyncDispose]()
      stopped?.destroy()
      upstream.close()
    }
  })
})

describe('timeout bounds the time of a backend', () => {
  test('to answer: 504', async () => {
    await using backend = await startBackend()
    await using started = await startServer({}, { timeout: 0.05, proxy: { '/': `http://127.0.0.1:${backend.port}` } })
    using client = await RawClient.open(started.port)
    client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\nAccept: application/json\r\n\r\n`)
    const reply = await client.reply()
    assert.equal(reply.status, 504)
    assert.match(reply.body.toString(), /--timeout/)
  })

  const patient = 'for its response, from the last chunk of content on'
  for (const [name, lines, half, rest] of [
    ['', ['Content-Length: 8'], 'half', 'rest'],
    [', with trailers', ['Transfer-Encoding: chunked', 'Trailer: X-End'], '4\r\nhalf\r\n', '4\r\nrest\r\n0\r\n\r\n'],
  ] as const) {
    test(`${patient}${name}`, async () => {
      await using backend = await startBackend()
      await using started = await startServer({}, { timeout: 0.05, proxy: { '/': `http://127.0.0.1:${backend.port}` } })
      using client = await RawClient.open(started.port)
      client.send(`POST /x HTTP/1.1\r\n${[started.hostLine, ...lines].join('\r\n')}\r\n\r\n${half}`)
      const upstream = await backend.next()
      await upstream.sees('half')
      // More than the timeout passes several times.
      await setTimeout(150)
      client.send(rest)
      assert.equal(await upstream.sees('rest'), true)
      assert.equal((await client.reply('POST')).status, 504)
    })
  }

  test(`${patient}, over HTTP/2`, async () => {
    const behind = createServer()
    behind.listen(0, '127.0.0.1')
    await once(behind, 'listening')
    const to = `h2c://127.0.0.1:${(behind.address() as AddressInfo).port}`
    const started = await startServer({}, { timeout: 0.05, proxy: { '/': to } })
    try {
      using client = await RawClient.open(started.port)
      client.send(`POST /x HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 8\r\n\r\nhalf`)
      const [stream] = (await once(behind, 'stream')) as [ServerHttp2Stream]
      stream.on('error', () => {})
      await once(stream, 'data')
      await setTimeout(150)
      client.send('rest')
      assert.equal(String(await once(stream, 'data')), 'rest')
      assert.equal((await client.reply('POST')).status, 504)
    } finally {
      await started[Symbol.asyncDispose]()
      behind.close()
    }
  })

  test('to continue its content, but not an event stream', async () => {
    await using backend = await startBackend()
    await using started = await startServer({}, { timeout: 1, proxy: { '/': `http://127.0.0.1:${backend.port}` } })
    using events = await RawClient.open(started.port)
    events.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    const source = await backend.next()
    await source.head()
    source.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:hi\n\n')
    using client = await RawClient.open(started.port)
    client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    const upstream = await backend.next()
    await upstream.head()
    upstream.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nfirst')
    // The other request began earlier.
    assert.match((await client.closed()).toString(), /first$/)
    source.send('data: 1\n\n')
    await events.sees('data: 1')
  })

  test('on a route that is added later', async () => {
    await using backend = await startBackend()
    await using started = await startServer({}, { timeout: 0.05 })
    started.server.routes.add({ match: { path: '/api' }, proxy: `http://127.0.0.1:${backend.port}` })
    using client = await RawClient.open(started.port)
    client.send(`GET /api HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).status, 504)
  })
})
