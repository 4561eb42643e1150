import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { H3 } from 'h3'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { fetchLayer, json, type FetchHandler, type ServeError, type ServeOptions } from '../../src/index.ts'
import { createGate } from '../support/gate.ts'
import { ask, openSecureSession, openSession, replyOf } from '../support/http2.ts'
import { RawClient, rawGet, type RawReply } from '../support/raw.ts'
import { startSecure } from '../support/secure.ts'
import { startServer, type Started } from '../support/server.ts'

const page = '<!doctype html><title>made</title>'
const files = { 'index.html': page, 'a.txt': 'alpha' }

interface Front extends Started {
  /** Faults that were reported to the program. */
  readonly faults: readonly ServeError[]
}

async function startFetch(
  handler: FetchHandler | { readonly fetch: FetchHandler },
  options: ServeOptions = {},
): Promise<Front> {
  const started = await startServer(files, { h2c: true, live: false, ...options })
  const faults: ServeError[] = []
  started.server.use(fetchLayer(handler)).on('error', (error) => void faults.push(error))
  return { ...started, faults }
}

async function send(port: number, message: string, method = 'GET'): Promise<RawReply> {
  using client = await RawClient.open(port)
  return await client.send(message).reply(method)
}

const hono = new Hono()
  .get('/api', (c) => c.json({ ok: true }))
  .get('/page', (c) => c.html(page))
  .notFound((c) => c.body(null, 404, { 'x-middleware-next': '1' }))
const h3 = new H3()
  .get('/api', () => ({ ok: true }))
  .get('/page', () => new Response(page, { headers: { 'Content-Type': 'text/html' } }))
  .all('/**', () => new Response(null, { headers: { 'x-middleware-next': '1' } }))
const plain: FetchHandler = ({ url }) => {
  const { pathname } = new URL(url)
  if (pathname === '/api') return Response.json({ ok: true })
  return pathname === '/page' ? new Response(page, { headers: { 'Content-Type': 'text/html' } }) : undefined
}

for (const [name, handler] of [
  ['Hono', hono],
  ['h3', h3],
  ['a function', plain],
] as const) {
  test(`${name} answers before the files, and leaves them what is not its own, over HTTP/1.1 and HTTP/2`, async () => {
    await using secured = await startSecure(files)
    secured.server.use(fetchLayer(handler as FetchHandler))
    const navigation = ['Sec-Fetch-Dest: document', 'Sec-Fetch-Mode: navigate', 'Accept: text/html']
    assert.equal((await rawGet(secured.port, '/api')).body.toString().replace(/\s/g, ''), '{"ok":true}')
    assert.equal((await rawGet(secured.port, '/a.txt')).body.toString(), 'alpha')
    assert.equal((await rawGet(secured.port, '/nope')).status, 404)
    const made = await rawGet(secured.port, '/page', navigation)
    assert.match(made.body.toString(), /__serve8008\/live\.js/)
    using session = openSecureSession(secured)
    const answer = await ask(session, { ':path': '/api' })
    assert.deepEqual([answer.status, answer.body.toString().replace(/\s/g, '')], [200, '{"ok":true}'])
    assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
    const fields = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    assert.match((await ask(session, { ':path': '/page', ...fields })).body.toString(), /__serve8008\/live\.js/)
  })
}

test('the handler sees scheme, authority and target as the client sent them', async () => {
  const seen: string[] = []
  const handler: FetchHandler = (request, { exchange }) => {
    seen.push(`${request.method} ${request.url} ${exchange.peer.address}`)
    return new Response('seen')
  }
  await using secured = await startSecure(files)
  secured.server.use(fetchLayer(handler))
  const { port, tlsPort } = secured
  for (const target of ['/a/../b', '/%2e%2e/x', "/a%20b?c='d'&e={}", '//x', '/ü'.replace('ü', '%C3%BC')]) {
    assert.equal((await rawGet(port, target)).status, 200, target)
    assert.equal(seen.pop(), `GET http://localhost:${port}${target} 127.0.0.1`)
  }
  assert.equal(
    (await send(port, `GET http://LOCALHOST:${port}/a HTTP/1.1\r\nHost: LOCALHOST:${port}\r\n\r\n`)).status,
    200,
  )
  assert.equal(seen.pop(), `GET http://LOCALHOST:${port}/a 127.0.0.1`)
  using session = openSecureSession(secured)
  assert.equal((await ask(session, { ':path': '/x/../y?z' })).status, 200)
  assert.equal(seen.pop(), `GET https://localhost:${tlsPort}/x/../y?z 127.0.0.1`)
  assert.equal((await send(port, 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n')).status, 421)
  assert.deepEqual(seen, [])
})

test('fields arrive as sent, and several Set-Cookie stay several', async () => {
  await using front = await startFetch((request) => {
    const headers = new Headers({ 'X-Seen': `${request.headers.get('x-a')} | ${request.headers.get('cookie')}` })
    headers.append('Set-Cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
    headers.append('Set-Cookie', 'b=2')
    return new Response('x', { status: 299, statusText: 'So It Is', headers })
  })
  const reply = await rawGet(front.port, '/', ['X-A: 1', 'X-A: 2', 'Cookie: a=b; c=d'])
  assert.deepEqual([reply.status, reply.reason, reply.field('x-seen')], [299, 'So It Is', '1, 2 | a=b; c=d'])
  const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2']
  assert.deepEqual(
    reply.fields.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    cookies,
  )
  using session = openSession(front.port)
  assert.deepEqual((await ask(session, { ':path': '/' })).headers['set-cookie'], cookies)
})

test('no trailer fields are announced for a Response, which has none', async () => {
  const content = (): ReadableStream =>
    new ReadableStream({
      start(to) {
        to.enqueue(Buffer.from('x'))
        to.close()
      },
    })
  await using front = await startFetch(() => new Response(content(), { headers: { Trailer: 'X-Sum', 'X-A': 'b' } }))
  const reply = await rawGet(front.port, '/')
  assert.deepEqual([reply.field('transfer-encoding'), reply.field('x-a')], ['chunked', 'b'])
  assert.equal(
    reply.fields.some(([name]) => name.toLowerCase() === 'trailer'),
    false,
  )
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/' })).headers['trailer'], undefined)
})

test('replies to HEAD, 204 and 304 have no content, and what the handler made of it is cancelled', async () => {
  let cancelled = 0
  const endless = (): ReadableStream =>
    new ReadableStream({ pull: (to) => to.enqueue(Buffer.alloc(9)), cancel: () => void cancelled++ })
  await using front = await startFetch(({ url }) => {
    const status = Number(new URL(url).pathname.slice(1))
    if (status === 200) return new Response(endless(), { headers: { 'Content-Length': '99999' } })
    return new Response(null, { status, headers: { ETag: '"a"' } })
  })
  using client = await RawClient.open(front.port)
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
    ['HEAD', 404],
  ] as const) {
    client.send(`${method} /${status} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    const reply = await client.reply(method)
    assert.deepEqual([reply.status, reply.body.length], [status, 0])
    if (status === 200) assert.equal(reply.field('content-length'), '99999')
  }
  assert.equal(client.received.length, 0)
  assert.equal(cancelled, 1)
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/200', ':method': 'HEAD' })).headers['content-length'], '99999')
  assert.equal(cancelled, 2)
})

test('content streams both ways at once, over HTTP/1.1 and HTTP/2', async () => {
  await using front = await startFetch(
    ({ body }) =>
      new Response(
        body?.pipeThrough(
          new TransformStream({
            transform: (chunk: Uint8Array, to) => to.enqueue(Buffer.from(Buffer.from(chunk).toString().toUpperCase())),
          }),
        ),
      ),
  )
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`)
  await client.sees('FIRST')
  client.send('6\r\nsecond\r\n0\r\n\r\n')
  await client.sees('SECOND')
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  const whole = replyOf(stream)
  stream.write('first')
  const [first] = (await once(stream, 'data')) as [Buffer]
  assert.equal(first.toString(), 'FIRST')
  stream.end('second')
  assert.equal((await whole).body.toString(), 'FIRSTSECOND')
})

test('content is made at the pace of the client', async () => {
  const [piece, pieces] = [Buffer.alloc(64 * 1024), 1024]
  let made = 0
  await using front = await startFetch(
    () => new Response(new ReadableStream({ pull: (to) => (made++ < pieces ? to.enqueue(piece) : to.close()) })),
  )
  const response = await fetch(`http://127.0.0.1:${front.port}/`)
  let [taken, ahead] = [0, 0]
  for await (const chunk of response.body ?? []) {
    taken += chunk.length
    ahead = Math.max(ahead, made * piece.length - taken)
  }
  assert.equal(taken, pieces * piece.length)
  // What the buffers of the system hold.
  assert.ok(ahead < 16 * 1024 * 1024, `${ahead} bytes were made ahead of the client`)
})

for (const version of ['1.1', '2']) {
  test(`request.signal aborts and the content is cancelled when the client leaves, HTTP/${version}`, async () => {
    const [reached, aborted, cancelled] = [createGate(), createGate(), createGate()]
    await using front = await startFetch(({ url, signal }) => {
      if (url.endsWith('/waits')) {
        reached.open()
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted.open()
            reject(signal.reason as Error)
          })
        })
      }
      let isFirst = true
      const pull = (to: ReadableStreamDefaultController): void | Promise<void> => {
        if (!isFirst) return new Promise(() => {})
        isFirst = false
        to.enqueue(Buffer.from('begun'))
      }
      return new Response(new ReadableStream({ pull, cancel: () => cancelled.open() }))
    })
    if (version === '1.1') {
      for (const target of ['/waits', '/streams']) {
        using client = await RawClient.open(front.port)
        client.send(`GET ${target} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
        await (target === '/waits' ? reached.opened : client.sees('begun'))
      }
    } else {
      using session = openSession(front.port)
      const waits = session.request({ ':path': '/waits' }).on('error', () => {})
      await reached.opened
      waits.close(8)
      const streams = session.request({ ':path': '/streams' }).on('error', () => {})
      await once(streams, 'data')
      streams.close(8)
      await Promise.all([aborted.opened, cancelled.opened])
    }
    await Promise.all([aborted.opened, cancelled.opened])
    assert.deepEqual(front.faults, [])
  })
}

test('content above limits.bodyBytes is a 413, whatever the handler makes of it', async () => {
  const outcomes: string[] = []
  const app = new Hono().post('*', async (c) => c.text(`${(await c.req.text()).length}`))
  app.onError((error, c) => (outcomes.push(error.message), c.text('swallowed', 500)))
  await using front = await startFetch(app, { limits: { bodyBytes: 10 } })
  const head = `POST / HTTP/1.1\r\n${front.hostLine}\r\n`
  assert.equal((await send(front.port, `${head}Content-Length: 10\r\n\r\n0123456789`)).body.toString(), '10')
  assert.equal((await send(front.port, `${head}Content-Length: 11\r\n\r\n0123456789a`)).status, 413)
  assert.equal(
    (await send(front.port, `${head}Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n`)).status,
    413,
  )
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/', ':method': 'POST' }, '0123456789a')).status, 413)
  assert.equal(outcomes.length, 3)
  assert.deepEqual(front.faults, [])
})

test('the rest of content that was read in part is taken from the client', async () => {
  await using front = await startFetch(
    async ({ body }) => {
      await body?.getReader().read()
      return new Response('early')
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

test('a layer behind the handler reads content that the handler left', async () => {
  await using front = await startFetch(({ url }) => (url.endsWith('/own') ? new Response('own') : undefined))
  front.server.use((next) => async (x) => {
    if (x.method !== 'POST') return next(x)
    const chunks: Buffer[] = []
    for await (const chunk of x.body.stream()) chunks.push(chunk as Buffer)
    return json(Buffer.concat(chunks).toString())
  })
  const message = (target: string): string =>
    `POST ${target} HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 5\r\n\r\nalpha`
  assert.equal((await send(front.port, message('/own'))).body.toString(), 'own')
  assert.equal((await send(front.port, message('/other'))).body.toString(), '"alpha"')
})

for (const [name, handler, cause] of [
  [
    'throws',
    () => {
      throw new Error('secret')
    },
    /failed: Error: secret$/,
  ],
  ['rejects', () => Promise.reject(new Error('secret')), /failed: Error: secret$/],
  ['returns text', () => 'text' as never, /it returned "text" instead of a Response or undefined$/],
  ['returns null', () => null as never, /it returned null instead of a Response/],
  ['returns a Response that was read', () => readResponse(), /the content of the Response was read already$/],
  ['returns a network error', () => Response.error(), /stands for a network error/],
  // Libraries have classes of their own, which check less.
  [
    'returns a status that is none',
    () => foreign({ status: 200.5 }),
    /its Response has the status 200\.5; use a whole/,
  ],
  ['returns an interim status', () => foreign({ status: 101 }), /its Response has the status 101; use a whole/],
  [
    'returns a line break in the reason',
    () => foreign({ statusText: 'a\r\nb: c' }),
    /its Response has "a.*b: c" as reason/,
  ],
  ['returns content that is no stream', () => foreign({ body: 'text' as never }), /is no ReadableStream$/],
] as const) {
  test(`a handler that ${name} is a 500 without details, and an error event`, async () => {
    await using front = await startFetch(handler)
    const reply = await rawGet(front.port, '/')
    assert.equal(reply.status, 500)
    assert.doesNotMatch(reply.body.toString(), /secret/)
    assert.equal((await front.server.fetch('http://localhost/')).status, 500)
    assert.deepEqual(
      front.faults.map(({ code }) => code),
      ['E8008_HANDLER', 'E8008_HANDLER'],
    )
    assert.match(front.faults[0]?.message ?? '', cause)
  })
}

function foreign(members: Partial<Response>): Response {
  const plain = {
    status: 200,
    statusText: '',
    headers: new Headers(),
    body: null,
    bodyUsed: false,
    arrayBuffer: () => {},
  }
  return { ...plain, ...members } as unknown as Response
}

for (const [name, echo] of Object.entries({
  'request.body': ({ body }: Request) => new Response(body),
  'a copy': (request: Request) => new Response(request.clone().body),
  'what reads it later': ({ body }: Request) => new Response(body?.pipeThrough(new TransformStream())),
})) {
  test(`content goes back to its client as ${name}, and the connection stays open`, async () => {
    await using front = await startFetch(echo)
    using client = await RawClient.open(front.port)
    for (const text of ['first', 'other']) {
      client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: 5\r\n\r\n${text}`)
      const reply = await client.reply('POST')
      assert.deepEqual([reply.status, reply.body.toString()], [200, text])
    }
    const large = 'x'.repeat(2_000_000)
    assert.equal(await (await fetch(`http://localhost:${front.port}/`, { method: 'POST', body: large })).text(), large)
    assert.deepEqual(front.faults, [])
  })
}

test('a stated length without content does not take bytes of the next reply', async () => {
  await using front = await startFetch(
    ({ url }) => new Response(null, { status: url.endsWith('/none') ? 204 : 200, headers: { 'Content-Length': '5' } }),
  )
  for (const path of ['/', '/none']) {
    const reply = await rawGet(front.port, path)
    assert.equal(reply.field('content-length'), path === '/' ? '0' : '')
  }
})

test('content that the client breaks off is not reported as a fault', async () => {
  const read = createGate()
  await using front = await startFetch(async (request) => {
    await read.opened
    return new Response(await request.text())
  })
  using client = await RawClient.open(front.port)
  client.send(`POST / HTTP/1.1\r\n${front.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n`)
  assert.equal((await client.reply('POST')).status, 400)
  read.open()
  await client.closed()
  assert.deepEqual(front.faults, [])
})

async function readResponse(): Promise<Response> {
  const response = new Response('x')
  await response.text()
  return response
}

test('content that fails half-way breaks the message off, and the program learns of it', async () => {
  const failed = createGate()
  await using front = await startFetch(() => {
    let pulls = 0
    return new Response(
      new ReadableStream({
        pull: (to) => (pulls++ === 0 ? to.enqueue(Buffer.from('begun')) : to.error(new Error('half-way'))),
      }),
    )
  })
  front.server.on('error', () => failed.open())
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.doesNotMatch((await client.closed()).toString('latin1'), /\r\n0\r\n\r\n$/)
  await failed.opened
  assert.equal(front.faults[0]?.code, 'E8008_HANDLER')
  assert.equal(front.faults[0]?.message, 'The content of a handler broke off: Error: half-way')
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/' })).code, 2)
})

test('events of the server reach the page one by one, and end when the page leaves', async () => {
  const ended = createGate()
  const app = new Hono().get('/events', (c) =>
    streamSSE(c, async (stream) => {
      stream.onAbort(() => ended.open())
      await stream.writeSSE({ data: 'one' })
      await ended.opened
    }),
  )
  await using front = await startFetch(app)
  const client = await RawClient.open(front.port)
  client.send(`GET /events HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  await client.sees('data: one')
  client.end()
  await ended.opened
})

test('an object keeps its own this, and OPTIONS * goes to the server', async () => {
  class App {
    readonly word = 'mine'
    fetch(): Response {
      return new Response(this.word)
    }
  }
  await using front = await startFetch(new App())
  assert.equal((await rawGet(front.port, '/')).body.toString(), 'mine')
  const reply = await send(front.port, `OPTIONS * HTTP/1.1\r\n${front.hostLine}\r\n\r\n`, 'OPTIONS')
  assert.equal(reply.field('allow'), 'GET, HEAD, OPTIONS')
})

test('a request that asks for another protocol passes the handler too', async () => {
  await using front = await startFetch(() => new Response('no', { status: 403 }))
  const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Version: 13']
  const reply = await send(front.port, ['GET /a.txt HTTP/1.1', front.hostLine, ...lines, '', ''].join('\r\n'))
  assert.equal(reply.status, 403)
})
