import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocket, WebSocketServer } from 'ws'
import {
  connectLayer,
  type ConnectMiddleware,
  type ConnectOptions,
  type ServeError,
  type ServeOptions,
} from '../../src/index.ts'
import { createGate } from '../support/gate.ts'
import { ask, openSession, replyOf } from '../support/http2.ts'
import { RawClient, rawGet, type RawReply } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

interface Front extends Started {
  /** Faults that were reported to the program. */
  readonly faults: readonly ServeError[]
}

async function startConnect(
  middleware: ConnectMiddleware,
  { upgrade, ...options }: ServeOptions & ConnectOptions = {},
): Promise<Front> {
  const layer = connectLayer(middleware, upgrade === undefined ? {} : { upgrade })
  const started = await startServer({ 'a.txt': 'alpha' }, { h2c: true, live: false, ...options })
  const faults: ServeError[] = []
  started.server.use(layer).on('error', (error) => void faults.push(error))
  return { ...started, faults }
}

async function send(port: number, message: string, method = 'GET'): Promise<RawReply> {
  using client = await RawClient.open(port)
  return await client.send(message).reply(method)
}

/** What a reply says beside what every reply says. */
function said({ status, fields, body }: RawReply): unknown[] {
  const own = fields.filter(([name]) => !['connection', 'keep-alive', 'date'].includes(name))
  return [status, own.map((field) => field.join(': ')), body.toString()]
}

for (const [name, middleware, expected] of [
  ['end with text', (_, res) => res.end('ok'), [200, ['content-length: 2'], 'ok']],
  [
    'writeHead and bytes',
    (_, res) => void res.writeHead(201, 'So', { 'X-A': 'b' }).end(Buffer.from('ok')),
    [201, ['x-a: b', 'transfer-encoding: chunked'], 'ok'],
  ],
  [
    'writeHead with a flat list',
    (_, res) => void res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end(),
    [200, ['set-cookie: a=1', 'set-cookie: b=2', 'transfer-encoding: chunked'], ''],
  ],
  [
    'setHeader with several values',
    (_, res) => void res.setHeader('Set-Cookie', ['a=1', 'b=2']).end('x'),
    [200, ['set-cookie: a=1', 'set-cookie: b=2', 'content-length: 1'], 'x'],
  ],
  [
    'several writes',
    (_, res) => {
      res.write('one ')
      res.write(Buffer.from('two '))
      setImmediate(() => res.end('three'))
    },
    [200, ['transfer-encoding: chunked'], 'one two three'],
  ],
  [
    'chunks that it announces itself',
    (_, res) => {
      res.setHeader('Transfer-Encoding', 'chunked')
      res.write('one')
      res.end('two')
    },
    [200, ['transfer-encoding: chunked'], 'onetwo'],
  ],
  [
    'a length that it states itself',
    (_, res) => {
      res.writeHead(200, { 'Content-Length': 6 })
      res.write('one')
      res.end('two')
    },
    [200, ['content-length: 6'], 'onetwo'],
  ],
  ['204 with content', (_, res) => void res.writeHead(204).end('dropped'), [204, [], '']],
  ['304', (_, res) => void res.writeHead(304, { ETag: '"a"' }).end(), [304, ['etag: "a"'], '']],
] as [string, ConnectMiddleware, unknown[]][]) {
  test(`what middleware writes is the reply: ${name}`, async () => {
    await using front = await startConnect(middleware)
    assert.deepEqual(said(await rawGet(front.port, '/')), expected)
    using session = openSession(front.port)
    const over2 = await ask(session, { ':path': '/' })
    assert.deepEqual([over2.status, over2.body.toString()], [expected[0], expected[2]])
    assert.deepEqual(front.faults, [])
  })
}

test('the request is as Node makes it, in every version of HTTP', async () => {
  const seen: unknown[] = []
  await using front = await startConnect((req, res) => {
    const { method, url, httpVersion, headers, socket } = req
    const { 'x-a': field, cookie, host } = headers
    seen.push([
      method,
      url,
      httpVersion,
      field,
      cookie,
      host,
      socket.remoteAddress,
      'encrypted' in socket && socket.encrypted,
    ])
    assert.deepEqual(req.headersDistinct['x-a'], ['1', '2'])
    res.end()
  })
  const lines = ['X-A: 1', 'X-A: 2', 'Cookie: a=b']
  await rawGet(front.port, '/a/../b?c=%20', lines)
  const host = `localhost:${front.port}`
  assert.deepEqual(seen.pop(), ['GET', '/a/../b?c=%20', '1.1', '1, 2', 'a=b', host, '127.0.0.1', false])
  await send(front.port, `GET / HTTP/1.0\r\n${front.hostLine}\r\n${lines.join('\r\n')}\r\n\r\n`)
  assert.deepEqual(seen.pop(), ['GET', '/', '1.0', '1, 2', 'a=b', host, '127.0.0.1', false])
  using session = openSession(front.port)
  await ask(session, { ':path': '/x', 'x-a': ['1', '2'], cookie: 'a=b' })
  assert.deepEqual(seen.pop(), ['GET', '/x', '2.0', '1, 2', 'a=b', host, '127.0.0.1', false])
  assert.equal((await send(front.port, 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n')).status, 421)
  assert.deepEqual(seen, [])
})

test('HEAD has the fields of GET and no content', async () => {
  await using front = await startConnect((_, res) => {
    res.setHeader('X-A', 'b')
    res.write('dropped')
    res.end('too')
  })
  using client = await RawClient.open(front.port)
  client.send(`HEAD / HTTP/1.1\r\n${front.hostLine}\r\n\r\nHEAD / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  for (let i = 0; i < 2; i++) assert.equal((await client.reply('HEAD')).field('x-a'), 'b')
  assert.equal(client.received.length, 0)
})

test('next() continues in the pipeline, with the fields that were set before', async () => {
  await using front = await startConnect((req, res, next) => {
    res.setHeader('X-Added', 'yes').setHeader('Content-Type', 'no/no').setHeader('Vary', 'Origin')
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    if (req.url === '/late') setImmediate(next)
    else next()
  })
  const reply = await rawGet(front.port, '/a.txt')
  assert.deepEqual([reply.status, reply.body.toString(), reply.field('x-added')], [200, 'alpha', 'yes'])
  assert.equal(reply.field('content-type'), 'text/plain; charset=utf-8')
  assert.equal(reply.field('vary'), 'Origin, Accept-Encoding')
  assert.equal(reply.fields.filter(([name]) => name === 'set-cookie').length, 2)
  assert.equal((await rawGet(front.port, '/late')).status, 404)
  assert.deepEqual(front.faults, [])
})

for (const [name, middleware, message] of [
  ['calls next(error)', (_, __, next) => next(new Error('secret')), /^Middleware failed: Error: secret$/],
  [
    'throws',
    () => {
      throw new Error('secret')
    },
    /^Middleware failed: Error: secret$/,
  ],
  ['rejects', () => Promise.reject(new Error('secret')), /^Middleware failed: Error: secret$/],
  [
    'rejects with a value that has no text',
    () => Promise.reject(Object.create(null) as Error),
    /^Middleware failed: it threw a value that has no text$/,
  ],
  ['destroys its response', (_, res) => void res.destroy(), /^Middleware failed: Error: it sent no reply$/],
  [
    'writes no reply to its socket',
    (req, _) => void req.socket.write('secret\r\n\r\n'),
    /wrote "secret" instead of a reply$/,
  ],
  [
    'writes a field that no message can carry',
    (req, _) => void req.socket.write('HTTP/1.1 200 OK\r\nX A: secret\r\n\r\n'),
    /"X A" is not a field name/,
  ],
  ['ends its response twice', (_, res) => void (res.end('a'), res.write('b')), undefined],
] as [string, ConnectMiddleware, RegExp | undefined][]) {
  test(`middleware that ${name} never ends the process`, async () => {
    await using front = await startConnect(middleware)
    const reply = await rawGet(front.port, '/')
    assert.equal(reply.status, message === undefined ? 200 : 500)
    assert.doesNotMatch(reply.body.toString(), /secret/)
    if (message === undefined) return
    assert.match(front.faults[0]?.message ?? '', message)
  })
}

test('an error after the header section breaks the message off', async () => {
  const failed = createGate()
  await using front = await startConnect((_, res, next) => {
    res.write('begun')
    setImmediate(() => next(new Error('half-way')))
  })
  front.server.on('error', () => failed.open())
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.doesNotMatch((await client.closed()).toString('latin1'), /\r\n0\r\n\r\n$/)
  await failed.opened
  assert.match(String(front.faults[0]?.cause), /half-way/)
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/' })).code, 2)
})

test('content streams both ways at once', async () => {
  await using front = await startConnect((req, res) => void req.pipe(res))
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`)
  await client.sees('first')
  client.send('6\r\nsecond\r\n0\r\n\r\n')
  await client.sees('second')
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  const whole = replyOf(stream)
  stream.write('first')
  const [first] = (await once(stream, 'data')) as [Buffer]
  assert.equal(first.toString(), 'first')
  stream.end('second')
  assert.equal((await whole).body.toString(), 'firstsecond')
})

test('content is made at the pace of the client', async () => {
  const [piece, pieces] = [Buffer.alloc(64 * 1024), 1024]
  let made = 0
  await using front = await startConnect((_, res) => {
    const more = (): void => {
      while (made++ < pieces) if (!res.write(piece)) return void res.once('drain', more)
      res.end()
    }
    more()
  })
  const response = await fetch(`http://127.0.0.1:${front.port}/`)
  let [taken, ahead] = [0, 0]
  for await (const chunk of response.body ?? []) {
    taken += chunk.length
    ahead = Math.max(ahead, made * piece.length - taken)
  }
  assert.equal(taken, pieces * piece.length)
  assert.ok(ahead < 16 * 1024 * 1024, `${ahead} bytes were made ahead of the client`)
})

test('trailers and interim replies pass in both versions', async () => {
  const seen: unknown[] = []
  await using front = await startConnect((req, res) => {
    res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
    req.resume().once('end', () => {
      seen.push(req.trailers['x-sum'])
      res.setHeader('Trailer', 'X-Check')
      res.write('content')
      res.addTrailers({ 'X-Check': 'done' })
      res.end()
    })
  })
  using client = await RawClient.open(front.port)
  client.send(
    `POST / HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n0\r\nX-Sum: 42\r\n\r\n`,
  )
  assert.equal((await client.reply()).status, 103)
  await client.sees('X-Check: done\r\n\r\n')
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '43' }))
  stream.end('x')
  const reply = await replyOf(stream)
  assert.equal(reply.interim[0]?.status, 103)
  assert.equal(reply.trailers['x-check'], 'done')
  assert.deepEqual(seen, ['42', '43'])
})

for (const version of ['1.1', '2']) {
  test(`request and response close when the client leaves, HTTP/${version}`, async () => {
    const closed = new Map(
      ['/waits', '/streams'].map((url) => [url, { request: createGate(), response: createGate() }]),
    )
    const reached = createGate()
    await using front = await startConnect((req, res) => {
      const gates = closed.get(req.url ?? '')
      req.once('close', () => gates?.request.open())
      res.once('close', () => gates?.response.open())
      if (req.url === '/streams') res.write('begun')
      else reached.open()
    })
    const all = (): Promise<unknown> =>
      Promise.all([...closed.values()].flatMap(({ request, response }) => [request.opened, response.opened]))
    if (version === '1.1') {
      for (const target of closed.keys()) {
        using client = await RawClient.open(front.port)
        client.send(`POST ${target} HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 9\r\n\r\n`)
        await (target === '/waits' ? reached.opened : client.sees('begun'))
      }
      await all()
    } else {
      using session = openSession(front.port)
      const waits = session.request({ ':path': '/waits' }).on('error', () => {})
      await reached.opened
      waits.close(8)
      const streams = session.request({ ':path': '/streams' }).on('error', () => {})
      await once(streams, 'data')
      streams.close(8)
      await all()
    }
    assert.deepEqual(front.faults, [])
  })
}

test('finish and close follow the end of the reply, and a request without content closes too', async () => {
  const events: string[] = []
  const [requestClosed, responseClosed] = [createGate(), createGate()]
  await using front = await startConnect((req, res) => {
    req.once('close', () => requestClosed.open()).on('aborted', () => events.push('aborted'))
    res.once('finish', () => events.push(`finish ${res.writableEnded} ${res.headersSent}`))
    res.once('close', () => {
      events.push('close')
      responseClosed.open()
    })
    res.end('done')
    assert.throws(() => res.setHeader('X-Late', 'x'), { code: 'ERR_HTTP_HEADERS_SENT' })
  })
  assert.equal((await rawGet(front.port, '/')).body.toString(), 'done')
  await Promise.all([requestClosed.opened, responseClosed.opened])
  assert.deepEqual(events, ['finish true true', 'close'])
})

test('content above limits.bodyBytes is a 413, whatever the middleware makes of it', async () => {
  const middleware: ConnectMiddleware = (req, res) => {
    req.on('error', () => res.writeHead(500).end('swallowed'))
    req.resume().on('end', () => res.end('read'))
  }
  await using front = await startConnect(middleware, { limits: { bodyBytes: 10 } })
  const head = `POST / HTTP/1.1\r\n${front.hostLine}\r\n`
  assert.equal((await send(front.port, `${head}Content-Length: 10\r\n\r\n0123456789`)).body.toString(), 'read')
  assert.equal((await send(front.port, `${head}Content-Length: 11\r\n\r\n0123456789a`)).status, 413)
  assert.equal(
    (await send(front.port, `${head}Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n`)).status,
    413,
  )
  assert.deepEqual(front.faults, [])
})

test('the rest of content that was read in part is taken from the client', async () => {
  await using front = await startConnect(
    (req, res) => {
      req.once('data', () => {
        req.pause()
        res.end('early')
      })
    },
    { limits: { bodyBytes: 1e8, lingerBytes: 1e8 } },
  )
  // More than the buffers of the system hold.
  const content = Buffer.alloc(32 * 1024 * 1024, 'x')
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: ${content.length}\r\n\r\n`)
  await promisify(client.socket.write.bind(client.socket) as (chunk: Buffer, done: () => void) => void)(content)
  assert.equal((await client.reply()).body.toString(), 'early')
  using session = openSession(front.port)
  const part = content.subarray(0, 4 * 1024 * 1024)
  assert.equal((await ask(session, { ':path': '/', ':method': 'POST' }, part)).body.toString(), 'early')
})

test('a layer behind middleware reads content that the middleware left', async () => {
  await using front = await startConnect((_, __, next) => next())
  front.server.use(connectLayer((req, res) => void req.pipe(res)))
  const reply = await send(front.port, `POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 5\r\n\r\nalpha`)
  assert.equal(reply.body.toString(), 'alpha')
})

const handshake = (hostLine: string, ...lines: string[]): string =>
  [
    'GET /chat HTTP/1.1',
    hostLine,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
    '',
    '',
  ].join('\r\n')

test('an EventEmitter takes upgrades, and what it leaves passes the middleware', async () => {
  const upgrades = new EventEmitter()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false })
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`echo ${(data as Buffer).toString()}`)),
  )
  upgrades.on('upgrade', (req, socket, head) => {
    if (req.url === '/chat')
      sockets.handleUpgrade(req, socket, head, (opened) => sockets.emit('connection', opened, req))
    else socket.on('error', () => {})
  })
  await using front = await startConnect((_, res) => void res.writeHead(426).end(), { upgrade: upgrades })
  const client = new WebSocket(`ws://127.0.0.1:${front.port}/chat`, 'talk')
  await once(client, 'open')
  assert.equal(client.protocol, 'talk')
  const message = once(client, 'message')
  client.send('hello')
  assert.equal(String((await message)[0]), 'echo hello')
  const large = once(client, 'message')
  client.send('x'.repeat(1_000_000))
  assert.equal(String((await large)[0]).length, 1_000_005)
  const closed = once(client, 'close')
  client.close(1000)
  assert.equal((await closed)[0], 1000)
  const left = await send(front.port, handshake(front.hostLine).replace('/chat', '/other'))
  assert.equal(left.status, 426)
  assert.equal((await send(front.port, handshake('Host: evil.test'))).status, 421)
})

test('a WebSocket over HTTP/2 reaches the listener as an upgrade of HTTP/1.1', async () => {
  const seen: unknown[] = []
  await using front = await startConnect((_, res) => void res.end('ordinary'), {
    upgrade: (req, socket) => {
      const { connection, upgrade, 'sec-websocket-version': version } = req.headers
      seen.push(req.method, req.url, connection, upgrade, version, typeof req.headers['sec-websocket-key'])
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: talk\r\n\r\n')
      socket.pipe(socket)
    },
  })
  using session = openSession(front.port)
  await once(session, 'remoteSettings')
  const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' }
  const stream = session.request(fields)
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.deepEqual([head[':status'], head['sec-websocket-protocol'], head['upgrade']], [200, 'talk', undefined])
  stream.write('echo')
  assert.equal(((await once(stream, 'data'))[0] as Buffer).toString(), 'echo')
  const ended = once(stream, 'end')
  stream.end()
  await ended
  assert.deepEqual(seen, ['GET', '/chat', 'Upgrade', 'websocket', '13', 'string'])
})

test('flushHeaders sends the header section before any content', async () => {
  const seen = createGate()
  await using front = await startConnect((_, res) => {
    res.setHeader('X-A', 'b').flushHeaders()
    void seen.opened.then(() => res.end('content'))
  })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  await client.sees('X-A: b')
  seen.open()
  assert.equal((await client.reply()).body.toString(), 'content')
})

test('middleware answers fetch() of the server too', async () => {
  await using front = await startConnect((req, res) => {
    res.setHeader('X-Seen', `${req.method} ${req.url} ${req.headers.host}`)
    req.pipe(res)
  })
  const response = await front.server.fetch('http://localhost/x?y', { method: 'POST', body: 'content' })
  assert.deepEqual([response.status, await response.text()], [200, 'content'])
  assert.equal(response.headers.get('x-seen'), 'POST /x?y localhost')
})

test('a listener of upgrades may refuse, fail, or decide later', async () => {
  await using front = await startConnect((_, res) => void res.end('ordinary'), {
    upgrade: async (req, socket) => {
      await new Promise((resolve) => setImmediate(resolve))
      if (req.url === '/refuses') socket.end('HTTP/1.1 403 Forbidden\r\nX-A: b\r\nContent-Length: 2\r\n\r\nno')
      if (req.url === '/fails') throw new Error('secret')
      if (req.url !== '/switches') return
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nhello')
      socket.pipe(socket)
    },
  })
  const asked = (target: string): Promise<RawReply> =>
    send(front.port, handshake(front.hostLine).replace('/chat', target))
  const refused = await asked('/refuses')
  assert.deepEqual([refused.status, refused.field('x-a'), refused.body.toString()], [403, 'b', 'no'])
  assert.equal((await asked('/fails')).status, 500)
  assert.equal((await asked('/leaves')).body.toString(), 'ordinary')
  using client = await RawClient.open(front.port)
  client.send(handshake(front.hostLine).replace('/chat', '/switches'))
  await client.sees('\r\n\r\nhello')
  client.send('echo')
  await client.sees('helloecho')
  assert.equal(front.faults.length, 1)
})
