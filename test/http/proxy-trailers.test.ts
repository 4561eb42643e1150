import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { startBackend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { makeCertificate } from '../support/certificate.ts'
import { ask, openSession, startHttp2 } from '../support/http2.ts'
import { refusals } from '../support/misbehaviour.ts'
import { startFront, type Front } from '../support/proxy.ts'
import { upstreamAt } from '../support/upstream.ts'
import { RawClient } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** The header section of a request with chunked content. */
function chunked({ hostLine }: Front, announced: string, lines: readonly string[] = []): string {
  const head = ['POST /up?x=1 HTTP/1.1', hostLine, `Trailer: ${announced}`, 'Transfer-Encoding: chunked', ...lines]
  return `${head.join('\r\n')}\r\n\r\n`
}

test('forwards announced trailers of a request, announced and after the content', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'X-Sum, Content-Digest', ['X-A: 1', 'x-a: 2'])}3\r\nabc\r\n`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('3\r\nabc\r\n'))
  client.send('0\r\nX-Sum: 1\r\nX-Late: 2\r\nContent-Digest: sha-256=:AA==:\r\n\r\n')
  assert.ok(await upstream.sees('\r\n\r\n3\r\nabc\r\n0\r\n'))
  assert.ok(await upstream.sees('AA==:\r\n\r\n'))
  const [head = '', ...rest] = upstream.text.split('\r\n\r\n')
  assert.match(head, /^POST \/up\?x=1 HTTP\/1\.1\r\nHost: [^]*\r\nX-A: 1\r\nx-a: 2\r\n/)
  assert.match(head, /\r\nTrailer: x-sum, content-digest\r\nTransfer-Encoding: chunked$/)
  // The proxy announces only what the client announced.
  assert.equal(rest.join('\r\n\r\n'), '3\r\nabc\r\n0\r\nX-Sum: 1\r\nContent-Digest: sha-256=:AA==:\r\n\r\n')
  upstream.send(ok)
  const reply = await client.reply()
  assert.equal(reply.body.toString(), 'ok')
  await upstream.head()
  // Both connections serve another request.
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.match(await upstream.head(), /^GET \/ /)
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('sends empty content chunked, followed by its trailers', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'X-Sum')}0\r\nX-Sum: 1\r\n\r\n`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('\r\n\r\n0\r\nX-Sum: 1\r\n\r\n'))
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('drops trailer fields that only a header section may have, in every spelling', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, {
    proxy: { requestFields: { set: ['X-Env', 'dev'], remove: ['x-gone'] } },
  })
  using client = await RawClient.open(front.port)
  // Node rejects Content-Length and Transfer-Encoding in a trailer section.
  const names = [
    'Host',
    'Authorization',
    'Cookie',
    'Content-Type',
    'Content_Length',
    'Transfer_Encoding',
    'Keep.Alive',
    'If-Match',
    'X-Forwarded-For',
    'X_Forwarded_Host',
    'Forwarded',
    'X-Real-IP',
    'Via',
    'TE',
    'Proxy',
    'Proxy-Authorization',
    'X-Serve8008',
    'X_Serve8008',
    'X-Nominated',
    'X-Env',
    'X_Env',
    'X-Gone',
    'X.Gone',
  ]
  const section = names.map((name) => `${name}: evil\r\n`).join('')
  client.send(
    `${chunked(front, [...names, 'X-Sum'].join(', '), ['Connection: X-Nominated'])}0\r\n${section}X-Sum: 1\r\n\r\n`,
  )
  const upstream = await backend.next()
  assert.ok(await upstream.sees('X-Sum: 1\r\n\r\n'), client.received.toString('latin1'))
  assert.doesNotMatch(upstream.text, /evil/)
  assert.match(upstream.text, /\r\nTrailer: x-sum\r\n/)
  assert.match(upstream.text, /\r\n\r\n0\r\nX-Sum: 1\r\n\r\n$/)
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('a request that announces no allowed trailer uses the connection pool', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'Host')}3\r\nabc\r\n0\r\nHost: evil\r\n\r\n`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('0\r\n\r\n'))
  assert.doesNotMatch(upstream.text, /evil|^trailer:/im)
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('trailers of HTTP/2 requests reach an HTTP/1.1 upstream', async () => {
  await using backend = await startBackend()
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST', trailer: 'x-sum' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42', cookie: 'a=1', 'x-late': '1' }))
  stream.end('abc')
  const upstream = await backend.next()
  assert.ok(await upstream.sees('\r\n3\r\nabc\r\n0\r\nx-sum: 42\r\n\r\n'))
  assert.match(upstream.text, /\r\nTrailer: x-sum\r\n/)
  upstream.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Back\r\n\r\n0\r\nX-Back: 43\r\n\r\n')
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  assert.equal(headers[':status'], 200)
  stream.resume()
  const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>]
  assert.equal(trailers['x-back'], '43')
  // Another request over the same session has no trailers.
  await upstream.head()
  const next = ask(session, { ':path': '/' })
  await upstream.head()
  upstream.send(ok)
  assert.equal((await next).body.toString(), 'ok')
})

test('forwards trailers in both directions over HTTP/1.1, also under TLS', async () => {
  const { cert, key } = await makeCertificate('localhost')
  using folder = await new TempFolder().write({ 'ca.pem': cert })
  const server = createServer({ cert, key }, (request, response) => {
    response.writeHead(200, { Trailer: 'X-Back' })
    request.pipe(response, { end: false })
    request.once('end', () => {
      response.addTrailers({ 'X-Back': String(request.trailers['x-sum']) })
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await using front = await startFront(port, {
      upstream: { protocol: 'https:' },
      proxy: { tls: { verify: true, ca: folder.join('ca.pem'), servername: 'localhost' } },
    })
    using client = await RawClient.open(front.port)
    client.send(`${chunked(front, 'X-Sum')}3\r\nabc\r\n`)
    await client.sees('3\r\nabc\r\n')
    client.send('0\r\nX-Sum: 7\r\n\r\n')
    await client.sees('0\r\nX-Back: 7\r\n\r\n')
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('forwards interim responses, and answers Expect itself', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(chunked(front, 'X-Sum', ['Expect: 100-continue']))
  assert.equal((await client.reply()).status, 100)
  client.send('3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n')
  const upstream = await backend.next()
  assert.ok(await upstream.sees('X-Sum: 1\r\n\r\n'))
  assert.doesNotMatch(upstream.text, /expect/i)
  upstream.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 9\r\n\r\n')
  const hint = await client.reply()
  assert.equal(hint.status, 103)
  assert.deepEqual(hint.fields, [['link', '</a.css>']])
  upstream.send(ok)
  assert.equal((await client.reply()).status, 200)
})

test('a client that disconnects within its content breaks the request to the upstream', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'X-Sum')}5\r\nfirst\r\n`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('first'))
  client.end()
  await upstream.closed()
  await backend.quiet()
  assert.doesNotMatch(upstream.text, /\r\n0\r\n/)
  assert.deepEqual(front.faults, [])
})

test('a client that disconnects within the response ends the request to the upstream', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'X-Sum')}0\r\nX-Sum: 1\r\n\r\n`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees('X-Sum: 1'))
  upstream.send('HTTP/1.1 200 OK\r\n\r\nsome')
  await client.sees('some')
  client.end()
  await upstream.closed()
  await backend.quiet()
})

test('applies backpressure to the client when the upstream does not read', async () => {
  await using backend = await startBackend((connection) => connection.socket.pause())
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(chunked(front, 'X-Sum'))
  const upstream = await backend.next()
  const chunk = `10000\r\n${'x'.repeat(0x1_0000)}\r\n`
  for (let i = 0; i < 400; i++) client.send(chunk)
  // Unsent bytes here were read by neither side. All three ends run in this process.
  let before = NaN
  while (client.socket.writableLength !== before) {
    before = client.socket.writableLength
    for (let turn = 0; turn < 200; turn++) await nextTurn()
  }
  assert.ok(client.socket.writableLength > 5_000_000, String(client.socket.writableLength))
  const ended = front.ended()
  upstream.socket.destroy()
  assert.equal((await ended).refusal, 'E8008_UPSTREAM_RESET')
})

test('retries on another upstream only before the request was begun', async () => {
  await using backend = await startBackend((connection) => connection.sees('abc').then(() => connection.socket.end()))
  await using front = await startFront(0, { upstreams: [upstreamAt(await deadPort()), upstreamAt(backend.port)] })
  using client = await RawClient.open(front.port)
  client.send(`${chunked(front, 'X-Sum')}3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`)
  const reply = await client.reply()
  assert.equal(reply.status, 502)
  assert.match(reply.body.toString(), /UPSTREAM_RESET/)
  assert.equal(backend.sockets.length, 1)
})

/** Node parses these responses, and ignores a 100 (Continue). */
const mayInvite = 'asks for content that is not there'
const more: typeof refusals = [
  ['sends a 101 without Upgrade', (c) => c.send('HTTP/1.1 101 Switching\r\n\r\n'), /502.*UPSTREAM_PROTOCOL/],
  [
    'sends a control character in an interim reply',
    (c) => c.send(`HTTP/1.1 103 X\r\nX-A: a\u0001b\r\n\r\n${ok}`),
    /502.*UPSTREAM_PROTOCOL/,
  ],
]

for (const [name, act, expected, options] of [...refusals, ...more].filter(([name]) => name !== mayInvite)) {
  test(`sends a gateway error and closes the connection when the upstream of a request with trailers ${name}`, async () => {
    await using backend = await startBackend(async (c) => {
      await c.sees('X-Sum: 1\r\n\r\n')
      await act(c)
    })
    await using front = await startFront(backend.port, options)
    using client = await RawClient.open(front.port)
    client.send(`${chunked(front, 'X-Sum', ['Accept: application/json'])}0\r\nX-Sum: 1\r\n\r\n`)
    let reply = await client.reply()
    while (reply.status < 200) reply = await client.reply()
    assert.match(`${reply.status} ${reply.body.toString().replaceAll('\n', ' ')}`, expected)
    await backend.quiet()
    assert.deepEqual(front.faults, [])
  })
}

for (const [name, rest, options] of [
  ['a known length', 'Content-Length: 10\r\n\r\nsome', {}],
  ['chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n', {}],
  ['its time for content', 'Content-Length: 10\r\n\r\nsome', { timeouts: { bodyIdleMs: 100 } }],
  ['its time for all', 'Content-Length: 10\r\n\r\nsome', { timeouts: { totalMs: 300 } }],
] as const) {
  test(`breaks the client's response to a request with trailers when it ends within ${name}`, async () => {
    await using backend = await startBackend(async (c) => {
      await c.sees('X-Sum: 1\r\n\r\n')
      c.send(`HTTP/1.1 200 OK\r\n${rest}`)
    })
    await using front = await startFront(backend.port, options)
    using client = await RawClient.open(front.port)
    const ended = front.ended()
    client.send(`${chunked(front, 'X-Sum')}0\r\nX-Sum: 1\r\n\r\n`)
    await client.sees('some')
    if (!('timeouts' in options)) backend.sockets[0]?.socket.end()
    assert.doesNotMatch((await client.closed()).toString('latin1'), /\r\n0\r\n\r\n$/)
    const record = await ended
    assert.equal(record.aborted, true)
    assert.match(record.refusal ?? '', 'timeouts' in options ? /TIMEOUT/ : /RESET/)
    await backend.quiet()
  })
}
