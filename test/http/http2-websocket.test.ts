import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { ProxySetting } from '../../src/index.ts'
import { makeCertificate } from '../support/certificate.ts'
import { createGate } from '../support/gate.ts'
import { openSession, replyOf, startHttp2, type Http2Front } from '../support/http2.ts'
import { TempFolder } from '../support/server.ts'
import { RawUpstream, websocketAccept } from '../support/upstream.ts'

/** Waits until the server has said that it knows extended CONNECT: before that a client may not use it. */
async function ready(session: ClientHttp2Session): Promise<void> {
  session.setMaxListeners(30)
  if (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings')
  assert.equal(session.remoteSettings.enableConnectProtocol, true)
}

async function connectTo(
  session: ClientHttp2Session,
  path: string,
  more: OutgoingHttpHeaders = {},
): Promise<ClientHttp2Stream> {
  await ready(session)
  return session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': path,
    'sec-websocket-version': '13',
    ...more,
  })
}

async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  for (const name of ['sec-websocket-accept', 'connection', 'upgrade']) assert.equal(headers[name], undefined, name)
  return Number(headers[':status'])
}

/** The end of a WebSocket whose handshake was done elsewhere. */
function clientOn(stream: Duplex): WebSocket {
  // The form that ws's own server uses, which its types do not know.
  const options = { closeTimeout: 500 } as object
  const socket = new WebSocket(null as never, undefined, options) as WebSocket & {
    setSocket(stream: Duplex, head: Buffer, options: object): void
  }
  Object.assign(socket, { _isServer: false })
  socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 10_000_000 })
  return socket
}

async function textOf(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

/** @param server What carries it. */
async function startEcho(
  server: Server = createServer(),
  at: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<{ port: number; heads: Record<string, unknown>[] } & AsyncDisposable> {
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'chat' })
  const heads: Record<string, unknown>[] = []
  sockets.on('connection', (socket, request) => {
    heads.push({ url: request.url, ...request.headers })
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
  })
  server.listen(at)
  await once(server, 'listening')
  return {
    heads,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate()
      const gate = createGate()
      server.close(gate.open)
      await gate.opened
    },
  }
}

const proxiedTo = (to: ProxySetting, limits = {}): Promise<Http2Front> =>
  startHttp2({ 'a.txt': 'alpha' }, { proxy: { '/ws': to }, limits })
const proxied = (port: number): Promise<Http2Front> => proxiedTo(`http://127.0.0.1:${port}`)

test('a WebSocket over HTTP/2 reaches a server of HTTP/1.1 behind us', async () => {
  await using echo = await startEcho()
  await using front = await proxied(echo.port)
  using session = openSession(front.port)
  const stream = await connectTo(session, '/ws/a?b=1', { 'sec-websocket-protocol': 'chat, other', 'x-a': '1' })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.equal(headers[':status'], 200)
  assert.equal(headers['sec-websocket-protocol'], 'chat')
  const socket = clientOn(stream)
  const big = 'x'.repeat(2_000_000)
  for (const text of ['hello', big]) {
    socket.send(text)
    assert.equal(await textOf(socket), text)
  }
  const closed = once(socket, 'close')
  socket.close(4001, 'done')
  assert.equal(((await closed) as [number])[0], 4001)
  const [head] = echo.heads
  assert.equal(head?.['url'], '/ws/a?b=1')
  assert.equal(head['x-a'], '1')
  assert.equal(head['host'], `localhost:${front.port}`)
  assert.match(String(head['sec-websocket-key']), /^[+/\w]{22}==$/)
  const [record] = front.records
  assert.deepEqual([record?.method, record?.status, record?.version], ['GET', 200, '2'])
  assert.equal(record?.remark, `/ws -> 127.0.0.1:${echo.port} (WebSocket)`)
})

/** What Firefox sends: RFC 8441 does not ask for a version, and the key is not used in HTTP/2. */
const asFirefox = { 'sec-websocket-version': undefined, 'sec-websocket-extensions': 'permessage-deflate' }

for (const way of ['TCP', 'a unix socket', 'TLS'] as const) {
  test(`a WebSocket that names no version asks a server of HTTP/1.1 for 13 over ${way}`, async () => {
    using folder = new TempFolder()
    const { key, cert } = await makeCertificate('localhost', '127.0.0.1')
    const path = process.platform === 'win32' ? String.raw`\\.\pipe\serve8008-no-version` : folder.join('echo.sock')
    await using echo = await startEcho(
      way === 'TLS' ? createSecureServer({ key, cert }) : createServer(),
      way === 'a unix socket' ? { path } : { port: 0, host: '127.0.0.1' },
    )
    const to = {
      TCP: `http://127.0.0.1:${echo.port}`,
      'a unix socket': `unix:${path}`,
      TLS: `https://127.0.0.1:${echo.port}`,
    }
    await using front = await proxiedTo({ to: to[way], ...(way === 'TLS' ? { tls: { verify: false } } : {}) })
    using session = openSession(front.port)
    const stream = await connectTo(session, '/ws', asFirefox)
    assert.equal(await statusOf(stream), 200)
    const socket = clientOn(stream)
    socket.send('hello')
    assert.equal(await textOf(socket), 'hello')
    // RFC 6455 section 4.1: both are required there.
    assert.equal(echo.heads[0]?.['sec-websocket-version'], '13')
    assert.equal(Buffer.from(String(echo.heads[0]['sec-websocket-key']), 'base64').length, 16)
  })
}

test('forwards the version that a WebSocket names unchanged', async () => {
  await using upstream = await RawUpstream.answering((head, socket) => {
    assert.match(head, /\r\nsec-websocket-version: 8\r\n/i)
    socket.end('HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n')
  })
  await using front = await proxied(upstream.port)
  using session = openSession(front.port)
  const refused = await replyOf(await connectTo(session, '/ws', { 'sec-websocket-version': '8' }))
  assert.equal(refused.status, 426)
  assert.equal(refused.headers['sec-websocket-version'], '13')
})

const acceptOf = (head: string): string => {
  const key = /\r\nsec-websocket-key: (.*)\r\n/i.exec(head)?.[1] ?? ''
  return websocketAccept(key)
}

test('protocol and extensions of a WebSocket go both ways, and a key of the client does not', async () => {
  let seen = ''
  await using upstream = await RawUpstream.answering((head, socket) => {
    seen = head
    const chosen = 'Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n'
    const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    socket.write(`${switched}${chosen}Sec-WebSocket-Accept: ${acceptOf(head)}\r\n\r\n`)
  })
  await using front = await proxied(upstream.port)
  using session = openSession(front.port)
  const own = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol': 'chat, other' }
  const stream = await connectTo(session, '/ws', { ...asFirefox, ...own })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.equal(headers[':status'], 200)
  assert.equal(headers['sec-websocket-protocol'], 'chat')
  assert.equal(headers['sec-websocket-extensions'], 'permessage-deflate')
  assert.match(seen, /\r\nsec-websocket-protocol: chat, other\r\n/i)
  assert.match(seen, /\r\nsec-websocket-extensions: permessage-deflate\r\n/i)
  assert.equal(seen.match(/sec-websocket-key/gi)?.length, 1)
  assert.ok(!seen.includes('dGhlIHNhbXBsZSBub25jZQ=='))
  stream.destroy()
})

for (const [name, accept] of [
  ['another key', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ['no key', ''],
] as const) {
  test(`a WebSocket that a server accepts for ${name} is refused`, async () => {
    await using upstream = await RawUpstream.answering((_, socket) => {
      const field = accept === '' ? '' : `Sec-WebSocket-Accept: ${accept}\r\n`
      socket.write(`HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${field}\r\n`)
    })
    await using front = await proxied(upstream.port)
    using session = openSession(front.port)
    assert.equal((await replyOf(await connectTo(session, '/ws', asFirefox))).status, 502)
  })
}

test('many WebSockets share a session with ordinary requests', async () => {
  await using echo = await startEcho()
  await using front = await proxied(echo.port)
  using session = openSession(front.port)
  const sockets = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const stream = await connectTo(session, '/ws')
      await statusOf(stream)
      return clientOn(stream)
    }),
  )
  const file = replyOf(session.request({ ':path': '/a.txt' }))
  const texts = await Promise.all(
    sockets.map((socket, i) => {
      socket.send(String(i))
      return textOf(socket)
    }),
  )
  assert.deepEqual(texts.map(Number), [...Array(10).keys()])
  assert.equal((await file).body.toString(), 'alpha')
})

test('live reload works over HTTP/2: its socket asks for origin and token as ever', async () => {
  await using front = await startHttp2({ 'index.html': '<!doctype html><p>x' }, { live: true })
  using session = openSession(front.port)
  const origin = `http://localhost:${front.port}`
  const path = `/__serve8008/socket?token=${encodeURIComponent(front.server.token ?? '')}`
  assert.equal(await statusOf(await connectTo(session, path, { origin: 'http://evil.test' })), 403)
  assert.equal(await statusOf(await connectTo(session, '/__serve8008/socket?token=x', { origin })), 403)
  assert.equal(await statusOf(await connectTo(session, path, { origin, 'sec-websocket-version': '12' })), 426)
  const stream = await connectTo(session, path, { origin })
  assert.equal(await statusOf(stream), 200)
  const socket = clientOn(stream)
  socket.send(JSON.stringify({ type: 'hello', document: '/', resources: [], age: 0 }))
  const said = await textOf(socket)
  assert.match(said, /"type":/)
  front.server.notify('news')
  assert.match(await textOf(socket), /news/)
  const closed = once(socket, 'close')
  await front.server.close()
  assert.equal(((await closed) as [number])[0], 1001)
})

for (const [name, bytes, status] of [
  ['a refusal', 'HTTP/1.1 403 No\r\nContent-Length: 5\r\nX-Why: because\r\n\r\nnever', 403],
  ['a plain reply', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain', 405],
  [
    'a forged acceptance',
    'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    502,
  ],
] as const) {
  test(`${name} of the server behind us never looks like an open WebSocket`, async () => {
    await using upstream = await RawUpstream.answering((_, socket) => void socket.write(bytes))
    await using front = await proxied(upstream.port)
    const logged = new Promise<string>((resolve) => void front.server.on('reply', ({ remark }) => resolve(remark)))
    using session = openSession(front.port)
    const reply = await replyOf(await connectTo(session, '/ws'))
    assert.equal(reply.status, status)
    // The upstream gave no 405 itself.
    assert.equal((await logged).endsWith(' (no WebSocket)'), status === 405)
    await upstream.allClosed()
  })
}

/** An open WebSocket: the client's stream, and the connection behind us. */
async function openPair(
  limits = {},
): Promise<{ stream: ClientHttp2Stream; end: Socket; front: Http2Front } & AsyncDisposable> {
  const upstream = await RawUpstream.answering((head, socket) => {
    const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? ''
    const accept = websocketAccept(key)
    socket.write(
      `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nearly`,
    )
  })
  const front = await proxiedTo(`http://127.0.0.1:${upstream.port}`, limits)
  const session = openSession(front.port)
  const stream = await connectTo(session, '/ws')
  stream.on('error', () => {})
  assert.equal(await statusOf(stream), 200)
  return {
    stream,
    front,
    end: upstream.sockets[0] as Socket,
    [Symbol.asyncDispose]: async () => {
      session.destroy()
      await upstream[Symbol.asyncDispose]()
      await front[Symbol.asyncDispose]()
    },
  }
}

test('bytes behind the handshake come through, and an end on either side becomes one on the other', async () => {
  await using pair = await openPair()
  const { stream, end } = pair
  const [early] = (await once(stream, 'data')) as [Buffer]
  assert.equal(early.toString(), 'early')
  end.allowHalfOpen = true
  stream.end('question')
  let heard = ''
  end.on('data', (chunk) => (heard += String(chunk)))
  await once(end, 'end')
  assert.equal(heard, 'question')
  end.end('answer')
  const [answer] = (await once(stream, 'data')) as [Buffer]
  assert.equal(answer.toString(), 'answer')
  await once(stream, 'close')
  assert.equal(stream.rstCode, 0)
})

test('a reset of the stream closes the connection behind us, and the other way round', async () => {
  await using first = await openPair()
  first.end.resume()
  const closed = once(first.end, 'close').catch(() => {})
  first.stream.close(8)
  await closed
  await using second = await openPair()
  second.stream.resume()
  second.end.resetAndDestroy()
  await once(second.stream, 'close')
  assert.equal(second.stream.rstCode, 8)
})

test('stopping ends WebSockets that lead elsewhere, and then the session', async () => {
  // So long that nothing is cut.
  await using pair = await openPair({ closeMs: 60_000 })
  pair.stream.resume()
  const closed = pair.front.server.close()
  await once(pair.stream, 'close')
  await closed
})
