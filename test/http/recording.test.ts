import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createNodeServer, request as nodeRequest } from 'node:http'
import { constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { RecordedExchange, Recording } from '../../src/index.ts'
import { webSocketAccept } from '../../src/http/message/websocket-accept.ts'
import { ask, openSession, startHttp2 } from '../support/http2.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { deadPort } from '../support/free-port.ts'
import { startServer, type Started } from '../support/server.ts'

const megabyte = Buffer.alloc(2 ** 20, 'm')

/** The next exchange that ends. */
async function next(recording: Recording): Promise<RecordedExchange> {
  for await (const exchange of recording) return exchange
  throw new Error('The recording was closed.')
}

/** Exchanges of a recording, once that many have ended. */
async function take(recording: Recording, count: number): Promise<RecordedExchange[]> {
  const taken: RecordedExchange[] = []
  for await (const exchange of recording) if (taken.push(exchange) === count) break
  return taken
}

/** A backend that sends back what it gets, each with a trailer section. */
async function echo(t: TestContext): Promise<string> {
  const backend = createNodeServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      response.writeHead(200, { Trailer: 'X-Sum', 'Set-Cookie': 'sid=s3cret' })
      response.addTrailers({ 'X-Sum': '1' })
      response.end(Buffer.concat(chunks))
    })
  }).listen(0, '127.0.0.1')
  t.after(() => (backend.close(), backend.closeAllConnections()))
  await once(backend, 'listening')
  return `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
}

async function post(port: number, path: string, content: Uint8Array): Promise<Buffer> {
  const request = nodeRequest({ port, host: '127.0.0.1', path, method: 'POST', headers: { Host: `localhost:${port}` } })
  request.end(content)
  const [response] = await once(request, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('records what was sent both ways, with times, and without credentials', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  started.server.use((before) => async (x) => {
    for await (const _ of x.body.stream()) void _
    const reply = await before(x)
    return { ...reply, headers: [...reply.headers, 'Set-Cookie', 'sid=s3cret', 'Location', '/?token=s3cret'] }
  })
  using recording = await started.server.record()
  const before = Date.now()
  await rawRequest(
    started.port,
    [
      'GET /a.txt?token=s3cret&a=b HTTP/1.1',
      `Host: user:s3cret@localhost:${started.port}`,
      'Connection: close',
      'Content-Length: 4',
      'Authorization: Basic s3cret',
      'Cookie: sid=s3cret',
      'Referer: http://localhost/?code=s3cret',
      'X-Api-Key: s3cret',
      'Accept: text/plain',
      '',
      'ping',
    ].join('\r\n'),
  )
  const refused = await next(recording)
  assert.equal(refused.refusal, 'E8008_HOST_INVALID')
  assert.doesNotMatch(JSON.stringify(refused), /s3cret/)

  await rawRequest(
    started.port,
    [
      'POST /a.txt?token=s3cret&a=b HTTP/1.1',
      `Host: localhost:${started.port}`,
      'Connection: close',
      'Content-Length: 4',
      'Authorization: Basic s3cret',
      'Cookie: sid=s3cret',
      'Referer: http://localhost/?code=s3cret',
      'X-Api-Key: s3cret',
      '',
      'ping',
    ].join('\r\n'),
  )
  await rawGet(started.port, '/a.txt?token=s3cret&a=b', ['Cookie: sid=s3cret'])
  const [, posted, got] = await take(recording, 3)
  assert.doesNotMatch(JSON.stringify([posted, got]), /s3cret/)
  assert.equal(Buffer.from(posted?.request.content ?? []).toString(), 'ping')
  assert.equal(posted?.request.bytes, 4)
  assert.equal(posted?.refusal, 'E8008_METHOD')
  assert.deepEqual(posted?.request.headers.slice(6, 14), [
    ...['Authorization', '…', 'Cookie', '…', 'Referer', 'http://localhost/?code=…', 'X-Api-Key', '…'],
  ])
  assert.equal(got?.method, 'GET')
  assert.equal(got?.target, '/a.txt?token=…&a=b')
  assert.equal(got?.authority, `localhost:${started.port}`)
  assert.equal(got?.version, '1.1')
  assert.deepEqual(got?.peer.address, '127.0.0.1')
  assert.equal(got?.reply?.status, 200)
  assert.equal(Buffer.from(got?.reply?.content ?? []).toString(), 'alpha')
  const fields = got?.reply?.headers.join('\n') ?? ''
  assert.match(fields, /Set-Cookie\n…\nLocation\n\/\?token=…\n/)
  assert.match(fields, /Content-Length\n5$/)
  assert.ok((got?.time ?? 0) >= before && (got?.time ?? 0) <= Date.now())
  assert.ok((got?.firstByteMs ?? -1) >= 0 && (got?.endMs ?? -1) >= (got?.firstByteMs ?? 0))
  assert.equal(got?.aborted, false)
})

test('no exchange is followed while there is no recording', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const followed: boolean[] = []
  started.server.use((before) => (x) => {
    followed.push(x.observer !== undefined)
    return before(x)
  })
  await rawGet(started.port, '/a.txt')
  const one = await started.server.record()
  const other = await started.server.record()
  await rawGet(started.port, '/a.txt')
  one.close()
  await rawGet(started.port, '/a.txt')
  other.close()
  await rawGet(started.port, '/a.txt')
  assert.deepEqual(followed, [false, true, true, false])
  assert.deepEqual([one.exchanges.length, other.exchanges.length], [1, 2])
})

for (const version of ['HTTP/1.1', 'HTTP/2']) {
  test(`large content passes unchanged over ${version}, and its beginning is recorded`, async (t) => {
    const options = { proxy: { '/echo': await echo(t) }, limits: { recordedContentBytes: 1000 } }
    const random = Buffer.from(Array.from({ length: 3 * 2 ** 20 }, (_, i) => (i * 7) % 251))
    await using started = await startHttp2({ 'big.bin': megabyte }, options)
    using recording = await started.server.record()
    using session = openSession(started.port)
    const authority = { ':authority': `localhost:${started.port}` }
    const echoed =
      version === 'HTTP/2'
        ? (await ask(session, { ...authority, ':method': 'POST', ':path': '/echo' }, random)).body
        : await post(started.port, '/echo', random)
    assert.ok(echoed.equals(random))
    const file =
      version === 'HTTP/2'
        ? (await ask(session, { ...authority, ':path': '/big.bin' })).body
        : (await rawGet(started.port, '/big.bin')).body
    assert.ok(file.equals(megabyte))
    const [forwarded, sent] = await take(recording, 2)
    assert.equal(forwarded?.request.bytes, random.length)
    assert.equal(forwarded?.reply?.bytes, random.length)
    assert.ok(random.subarray(0, 1000).equals(forwarded?.request.content ?? Buffer.alloc(0)))
    assert.ok(random.subarray(0, 1000).equals(forwarded?.reply?.content ?? Buffer.alloc(0)))
    assert.deepEqual(forwarded?.reply?.trailers, ['X-Sum', '1'])
    assert.equal(forwarded?.route, '/echo')
    assert.match(forwarded?.upstream ?? '', /^127\.0\.0\.1:\d+$/)
    assert.equal(sent?.reply?.bytes, megabyte.length)
    assert.equal(sent?.reply?.content.length, 1000)
  })

  test(`a reply without content over ${version} has none in its record`, async () => {
    await using started = await startHttp2({ 'a.txt': 'alpha', 'big.bin': megabyte })
    using recording = await started.server.record()
    using session = openSession(started.port)
    const send = async (method: string, path: string, fields: Record<string, string> = {}): Promise<string> => {
      if (version === 'HTTP/2') {
        const authority = `localhost:${started.port}`
        const reply = await ask(session, { ':authority': authority, ':method': method, ':path': path, ...fields })
        return String(reply.headers['etag'])
      }
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
      const head = `${method} ${path} HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n${lines.join('')}\r\n`
      return (await rawRequest(started.port, head, method)).field('etag')
    }
    const etag = await send('HEAD', '/a.txt')
    await send('HEAD', '/big.bin')
    await send('GET', '/a.txt', { 'if-none-match': etag })
    const records = await take(recording, 3)
    assert.deepEqual(
      records.map(({ reply }) => [reply?.status, reply?.bytes, reply?.content.length]),
      [
        [200, 0, 0],
        [200, 0, 0],
        [304, 0, 0],
      ],
    )
  })
}

/** Answers with content that never ends, and counts the bytes that were pushed. */
function endless({ server }: Started): { pushed: number } {
  const source = { pushed: 0 }
  server.use(() => () => ({
    status: 200,
    headers: [],
    body: {
      async pull(sink, signal) {
        while (!signal.aborted) {
          await sink.write(megabyte)
          source.pushed += megabyte.length
        }
      },
      cancel() {},
    },
  }))
  return source
}

test('a client that does not read holds the reply back, and is given up, as without a recording', async () => {
  await using started = await startServer({}, { limits: { writeMs: 200 } })
  const source = endless(started)
  using recording = await started.server.record()
  const client = await RawClient.open(started.port)
  client.socket.pause()
  client.send(`GET / HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  const { aborted, reply } = await next(recording)
  client.socket.destroy()
  assert.equal(aborted, true)
  assert.equal(reply?.content.length, 65_536)
  assert.ok(source.pushed < 64 * megabyte.length, `${source.pushed} bytes were pushed`)
})

test('a client that leaves in the middle of a reply ends it, and its record', async () => {
  await using started = await startServer({})
  const source = endless(started)
  using recording = await started.server.record()
  const client = await RawClient.open(started.port)
  client.send(`GET / HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  await once(client.socket, 'data')
  const [running] = recording.exchanges
  assert.deepEqual([running?.reply?.status, running?.endMs], [200, undefined])
  client.socket.destroy()
  const ended = await next(recording)
  assert.equal(ended, running)
  assert.equal(ended.aborted, true)
  assert.ok((ended.reply?.bytes ?? 0) >= source.pushed)
})

test('a client of HTTP/2 that cancels a reply ends it, and its record', async () => {
  await using started = await startHttp2({})
  const source = endless(started)
  using recording = await started.server.record()
  using session = openSession(started.port)
  const stream = session.request({ ':authority': `localhost:${started.port}`, ':path': '/' })
  stream.on('error', () => {})
  await once(stream, 'data')
  stream.close(constants.NGHTTP2_CANCEL)
  const ended = await next(recording)
  assert.deepEqual([ended.version, ended.aborted, ended.reply?.status], ['2', true, 200])
  assert.ok((ended.reply?.bytes ?? 0) >= source.pushed)
})

test('an upload that breaks off is recorded with what arrived', async (t) => {
  await using started = await startServer({}, { proxy: { '/echo': await echo(t) } })
  using recording = await started.server.record()
  const client = await RawClient.open(started.port)
  client.send(`POST /echo HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 100\r\n\r\npart`)
  while (recording.exchanges[0]?.request.bytes !== 4) await new Promise(setImmediate)
  client.socket.destroy()
  const ended = await next(recording)
  assert.notEqual(ended.endMs, undefined)
  assert.equal(Buffer.from(ended.request.content).toString(), 'part')
})

test('an upgrade is recorded without what follows it', async (t) => {
  const backend = createNodeServer().listen(0, '127.0.0.1')
  backend.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  t.after(() => backend.close())
  await once(backend, 'listening')
  const { port } = backend.address() as AddressInfo
  await using started = await startServer({}, { proxy: { '/up': `http://127.0.0.1:${port}` } })
  using recording = await started.server.record()
  const client = await RawClient.open(started.port)
  client.send(`GET /up HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
  const ended = await next(recording)
  client.send('through the tunnel')
  const buffer = (): Buffer => (client as unknown as { buffer: Buffer }).buffer
  assert.ok(await client.until(() => buffer().includes('through the tunnel')))
  client.socket.destroy()
  assert.equal(ended.reply?.status, 101)
  assert.deepEqual([ended.request.bytes, ended.reply.bytes], [0, 0])
})

test('a WebSocket over HTTP/2 is recorded without what follows', async (t) => {
  const backend = createNodeServer().listen(0, '127.0.0.1')
  backend.on('upgrade', ({ headers }, socket) => {
    const accept = webSocketAccept(headers['sec-websocket-key'] ?? '')
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}`
    socket.write(`HTTP/1.1 101 Yes\r\n${fields}\r\n\r\n`)
    socket.pipe(socket)
  })
  t.after(() => backend.close())
  await once(backend, 'listening')
  const { port } = backend.address() as AddressInfo
  await using started = await startHttp2({}, { proxy: { '/up': `http://127.0.0.1:${port}` } })
  using recording = await started.server.record()
  using session = openSession(started.port)
  await once(session, 'remoteSettings')
  const authority = `localhost:${started.port}`
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/up', ':authority': authority },
    { endStream: false },
  )
  const ended = await next(recording)
  stream.write('through the tunnel')
  assert.equal(String((await once(stream, 'data'))[0]), 'through the tunnel')
  assert.deepEqual([ended.method, ended.reply?.status], ['GET', 200])
  assert.deepEqual([ended.request.bytes, ended.reply?.bytes], [0, 0])
})

test('records a message that cannot be parsed, and neither control endpoints nor fetch()', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  using recording = await started.server.record()
  await started.server.fetch('http://localhost/a.txt')
  await rawGet(started.port, '/__serve8008/live.js')
  await rawRequest(started.port, 'GARBAGE\r\n\r\n')
  const { method, reply, refusal } = await next(recording)
  assert.deepEqual([method, reply?.status, refusal], ['-', 400, 'E8008_MALFORMED'])
  assert.equal(recording.exchanges.length, 1)
})

test('a request that another handler answers is not recorded', async (t) => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const { handler } = started.server
  const app = createNodeServer((request, response) =>
    handler(request, response, () => response.end('from the program')),
  )
  t.after(() => app.close())
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  const { port } = app.address() as AddressInfo
  using recording = await started.server.record()
  assert.equal((await rawGet(port, '/missing')).body.toString(), 'from the program')
  assert.deepEqual(recording.exchanges, [])
  await rawGet(port, '/a.txt')
  assert.equal((await next(recording)).target, '/a.txt')
})

test('closing a recording or the server ends its iteration', async () => {
  const started: Started = await startServer({ 'a.txt': 'alpha' })
  await using closing = started
  const one = await closing.server.record()
  const other = await closing.server.record()
  const all = (recording: Recording): Promise<RecordedExchange[]> => take(recording, Number.POSITIVE_INFINITY)
  const lists = [all(one), all(other)]
  await rawGet(closing.port, '/a.txt')
  one.close()
  await rawGet(closing.port, '/a.txt')
  await closing.server.close()
  assert.deepEqual(
    (await Promise.all(lists)).map(({ length }) => length),
    [1, 2],
  )
  await assert.rejects(closing.server.record(), { code: 'E8008_CLOSED' })
})

test('records what was sent on, on which connection, and what each upstream answered', async (t) => {
  const to = await echo(t)
  const dead = `http://127.0.0.1:${await deadPort()}`
  const options = {
    proxy: { '/echo': to },
    routes: [{ match: { path: '/two' }, proxy: { to: [dead, to], balance: 'round' as const } }],
  }
  await using started = await startServer({}, options)
  using recording = await started.server.record()
  const facts = [
    ['POST', '/echo/a?token=s3cret'],
    ['POST', '/echo/b'],
    ['POST', '/two'],
    ['POST', '/two'],
  ] as const
  for (const [, path] of facts) await post(started.port, path, Buffer.from('x'))
  const exchanges = await take(recording, facts.length)
  assert.doesNotMatch(JSON.stringify(exchanges), /s3cret/)
  const [first, second, ...others] = exchanges.map(({ forwarded }) => forwarded)
  const [attempt] = first ?? []
  assert.deepEqual([first?.length, attempt?.status, attempt?.isReused], [1, 200, false])
  assert.deepEqual([attempt?.method, attempt?.target], ['POST', '/echo/a?token=…'])
  assert.ok(attempt?.headers.includes('X-Forwarded-For'), attempt?.headers.join())
  assert.ok(!exchanges[0]?.request.headers.includes('X-Forwarded-For'))
  assert.match(attempt?.replyHeaders.join('\n') ?? '', /^Set-Cookie\n…$/m)
  const [startMs, connectedMs = -1, answeredMs = -1] = [
    attempt?.startMs ?? -1,
    attempt?.connectedMs,
    attempt?.answeredMs,
  ]
  assert.ok(startMs >= 0 && connectedMs >= startMs && answeredMs >= connectedMs)
  assert.ok((exchanges[0]?.firstByteMs ?? 0) >= answeredMs)
  assert.deepEqual(
    second?.map(({ isReused }) => isReused),
    [true],
  )
  // One of them asked the upstream that is down first.
  const attempts = others.map((list) => list.map(({ status }) => status))
  assert.ok(
    attempts.some((list) => list.length === 2 && list[0] === undefined && list[1] === 200),
    JSON.stringify(attempts),
  )
})
