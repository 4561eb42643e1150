import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, type ProgramOptions, type ServeOptions } from '../../src/index.ts'
import { startBackend } from '../support/backend.ts'
import { flags, frame, FrameClient, frameTypes } from '../support/frames.ts'
import { startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { openSecure, startSecure } from '../support/secure.ts'
import { startServer, type Started } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }
const routes = [
  { match: { path: '/old' }, redirect: '/a.txt' },
  { match: { path: '/fixed' }, reply: { status: 200, body: 'fixed' } },
] as const

/** Replies that need no content, with the request line and the options that cause them. */
const kinds: readonly (readonly [name: string, request: string, status: number, options?: ServeOptions])[] = [
  ['a file', 'POST /a.txt', 405],
  ['a file that is read', 'GET /a.txt', 200],
  ['nothing', 'DELETE /missing.txt', 405],
  ['nothing that is read', 'GET /missing.txt', 404],
  ['a redirect', 'PUT /old', 307, { routes: [...routes] }],
  ['a fixed reply', 'PATCH /fixed', 200, { routes: [...routes] }],
  ['what needs a password', 'POST /a.txt', 401, { auth: 'user:secret' }],
  ['a route without its upstream', 'POST /api', 502, { proxy: { '/api': 'http://127.0.0.1:9' } }],
  ['a layer that answers early', 'POST /layer', 200],
]

async function startEarly(options: ServeOptions & ProgramOptions = {}): Promise<Started> {
  // No reply of HTTP/1.1 waits.
  const started = await startServer(files, { ...options, limits: { drainMs: 2 ** 30, ...options.limits } })
  started.server.use((next) => (x) => (x.target.path === '/layer' ? text('early') : next(x)))
  return started
}

// RFC 9112 section 9.3: a server that does not read the whole content closes the connection after its reply.
for (const [framing, content] of [
  ['Content-Length: 100000', 'x'],
  ['Transfer-Encoding: chunked', '1\r\nx\r\n'],
  // RFC 9110 section 7.8: content precedes the switch, so it can be missing here too.
  ['Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 5', ''],
  ['Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 65535', 'x'],
] as const) {
  for (const [name, request, status, options] of kinds) {
    // The switch follows the content, so the upstream is asked once it has arrived.
    if (framing.includes('Upgrade') && status === 502) continue
    test(`answers ${name} although its content never arrives (${framing})`, async () => {
      await using started = await startEarly(options)
      using client = await RawClient.open(started.port)
      client.send(`${request} HTTP/1.1\r\n${started.hostLine}\r\n${framing}\r\n\r\n${content}`)
      const reply = await client.reply()
      assert.deepEqual([reply.status, reply.field('connection')], [status, 'close'])
      // The client neither sends nor closes.
      assert.equal((await client.closed()).length, 0)
    })
  }
}

for (const [name, lines, status] of [
  ['a foreign host', 'Host: evil.example\r\nContent-Length: 100000', 421],
  ['too much content', 'Host: localhost\r\nContent-Length: 100001', 413],
  [
    'a foreign host with an upgrade',
    'Host: evil.example\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 5',
    421,
  ],
  ['a declined upgrade', 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 90000', 405],
] as const) {
  test(`refuses ${name} although the content never arrives`, async () => {
    await using started = await startEarly({ limits: { bodyBytes: 100_000 } })
    using client = await RawClient.open(started.port)
    client.send(`POST /a.txt HTTP/1.1\r\n${lines}\r\n\r\nx`)
    const reply = await client.reply()
    assert.deepEqual([reply.status, reply.field('connection')], [status, 'close'])
    assert.equal((await client.closed()).length, 0)
  })
}

test('sends an early reply of an upstream to a client that sends no more, and closes', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
  })
  await using started = await startEarly({ proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using client = await RawClient.open(started.port)
  client.send(`POST /api HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 100000\r\n\r\nx`)
  const reply = await client.reply()
  assert.deepEqual([reply.status, reply.body.toString(), reply.field('connection')], [413, 'big', 'close'])
  assert.equal((await client.closed()).length, 0)
  await backend.quiet()
})

for (const [name, request, status, options] of kinds) {
  test(`keeps the connection open after ${name} with its content`, async () => {
    await using started = await startEarly(options)
    using client = await RawClient.open(started.port)
    for (const content of [
      'Content-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ]) {
      client.send(`${request} HTTP/1.1\r\n${started.hostLine}\r\n${content}`)
      const reply = await client.reply()
      assert.deepEqual([reply.status, reply.field('connection')], [status, 'keep-alive'])
    }
  })
}

test('answers a request after complete content, and none after incomplete content', async () => {
  await using started = await startEarly()
  const asked: string[] = []
  started.server.on('request', ({ target }) => asked.push(target.path))
  const post = `POST /a.txt HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 5\r\n\r\n`
  const get = `GET /second HTTP/1.1\r\n${started.hostLine}\r\n\r\n`
  using whole = await RawClient.open(started.port)
  whole.send(`${post}hello${get}`)
  assert.equal((await whole.reply()).status, 405)
  assert.equal((await whole.reply()).status, 404)
  using broken = await RawClient.open(started.port)
  broken.send(`${post}he`)
  assert.equal((await broken.reply()).field('connection'), 'close')
  broken.send(`llo${get}`)
  assert.equal((await broken.closed()).length, 0)
  assert.deepEqual(asked, ['/a.txt', '/second', '/a.txt'])
})

test('does not wait for content above drainBytes', async () => {
  await using started = await startEarly({ limits: { drainBytes: 4 } })
  for (const framing of [
    'Content-Length: 5\r\n\r\n',
    'Content-Length: 5\r\n\r\nhello',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  ]) {
    using client = await RawClient.open(started.port)
    client.send(`POST /a.txt HTTP/1.1\r\n${started.hostLine}\r\n${framing}`)
    assert.equal((await client.reply()).field('connection'), 'close')
  }
})

for (const [name, open] of [
  ['', (port: number) => RawClient.open(port)],
  [' under TLS', undefined],
] as const) {
  test(`lets a client that sends all content first read the error${name}`, async () => {
    await using started = await startSecure(files)
    using client = open === undefined ? await openSecure(started) : await open(started.port)
    const hostLine = open === undefined ? started.secureLine : started.hostLine
    client.socket.pause()
    client.send(`POST /a.txt HTTP/1.1\r\n${hostLine}\r\nContent-Length: 20000000\r\n\r\n`)
    const sent = new Promise<unknown>((resolve) => client.socket.write(Buffer.alloc(20_000_000), resolve))
    assert.equal((await sent) ?? undefined, undefined)
    client.socket.resume()
    assert.equal((await client.reply()).status, 405)
  })
}

for (const [name, limits] of [
  ['lingerBytes', { lingerBytes: 1_000_000 }],
  ['headerMs', { headerMs: 300, lingerBytes: 2 ** 40 }],
] as const) {
  test(`disconnects a client that sends without end after its reply (${name})`, async () => {
    await using started = await startEarly({ limits })
    using client = await RawClient.open(started.port)
    client.send(`POST /a.txt HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 1000000000\r\n\r\n`)
    assert.equal((await client.reply()).status, 405)
    const piece = Buffer.alloc(65_536)
    const write = (): Promise<unknown> => new Promise((resolve) => client.socket.write(piece, resolve))
    let failure: unknown
    while (!(failure instanceof Error)) failure = await write()
    assert.match(String(failure), /EPIPE|ECONNRESET/)
  })
}

test('processes no request after the reply that ends a connection', async () => {
  await using started = await startEarly()
  const asked: string[] = []
  started.server.on('request', ({ target }) => asked.push(target.path))
  const line = (target: string, fields: string): string =>
    `GET ${target} HTTP/1.1\r\n${started.hostLine}\r\n${fields}\r\n`
  for (const fields of ['Connection: close\r\n', 'Expect: 100-continue\r\nContent-Length: 5\r\n']) {
    using client = await RawClient.open(started.port)
    const behind = line('/second', '') + line('/third', 'Connection: Upgrade\r\nUpgrade: any\r\n')
    client.send(line('/a.txt', fields) + (fields.includes('Expect') ? 'hello' : '') + behind)
    assert.equal((await client.reply()).field('connection'), 'close')
    await client.closed()
  }
  assert.deepEqual(asked, ['/a.txt', '/a.txt'])
})

for (const fields of ['', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n']) {
  test(`survives an upgrade after the reply that ends a connection: ${fields.trim() || 'no content'}`, async () => {
    await using started = await startEarly()
    using client = await RawClient.open(started.port)
    const host = started.hostLine
    client.send(`POST /a.txt HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\n\r\n`)
    assert.equal((await client.reply()).field('connection'), 'close')
    client.send(`helloGET /second HTTP/1.1\r\n${host}\r\n\r\n`)
    client.send(`GET /third HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: any\r\n${fields}\r\n`)
    client.socket.end()
    assert.equal((await client.closed()).length, 0)
    using other = await RawClient.open(started.port)
    assert.equal((await other.send(`GET /a.txt HTTP/1.1\r\n${host}\r\n\r\n`).reply()).status, 200)
  })
}

/** The same replies over HTTP/2: their streams end with NO_ERROR (RFC 9113 section 8.1), and the session continues. */
for (const [name, request, status, options] of kinds.filter(([, line]) => !/api|layer/.test(line))) {
  test(`answers ${name} over HTTP/2 although its content never arrives`, async () => {
    await using front = await startHttp2(files, options)
    using client = await FrameClient.open(front.port)
    const [method = '', path = ''] = request.split(' ')
    const fields = [
      [':method', method],
      [':scheme', 'http'],
      [':authority', 'localhost'],
      [':path', path],
      ['content-length', '100000'],
    ] as const
    client.request(1, fields, false).send(frame('data', flags.none, 1, Buffer.from('x')))
    const reset = await client.frame(({ type, stream }) => type === frameTypes.reset && stream === 1)
    assert.equal(reset.payload.readUInt32BE(0), 0)
    assert.equal(front.records[0]?.status, status)
    client.request(3, [...fields.slice(0, 4)].with(0, [':method', 'HEAD']))
    assert.equal(await client.outcome(3), undefined)
  })
}
