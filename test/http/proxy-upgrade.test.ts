import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { createHttp1Upgrade } from '../../src/proxy/h1/upgrade.ts'
import { wantedUpgrade } from '../../src/proxy/upgrade-fields.ts'
import { UpstreamError } from '../../src/proxy/upstream/upstream-error.ts'
import { withoutHopByHop } from '../../src/proxy/hop-by-hop.ts'
import type { Layer } from '../../src/index.ts'
import type { ResolvedProxy, ResolvedUpstream } from '../../src/config/kinds/proxy-types.ts'
import { makeCertificate } from '../support/certificate.ts'
import { portOf } from '../support/free-port.ts'
import { createGate } from '../support/gate.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'
import { patientTimeouts, RawUpstream, upstreamAt, websocketAccept } from '../support/upstream.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const switching = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`

interface Facts {
  readonly timeouts?: Partial<ResolvedProxy['timeouts']>
  readonly tls?: ResolvedProxy['tls']
}

/** A server that forwards every upgrade to one upstream, and collects the errors in `faults`. */
async function startProxy(upstream: ResolvedUpstream, facts: Facts = {}): Promise<Started & { faults: string[] }> {
  const timeouts = { ...patientTimeouts, ...facts.timeouts }
  const upgrade = createHttp1Upgrade({
    upstream,
    timeouts,
    tls: facts.tls ?? { verify: true },
    replyHeaderBytes: 65_536,
  })
  const faults: string[] = []
  const started = await startServer({ 'a.txt': 'alpha' }, { limits: { closeMs: 200 } })
  const layer: Layer = (next) => async (x) => {
    if (wantedUpgrade(x) === undefined) return next(x)
    const { method, target, headers } = x
    try {
      const request = {
        method,
        path: `${target.path}${target.query}`,
        headers: withoutHopByHop(headers.raw),
        body: null,
        length: undefined,
        whenGone: x.whenGone.bind(x),
        inform: x.inform.bind(x),
      }
      return await upgrade(x, request, x.signal)
    } catch (error) {
      assert.ok(error instanceof UpstreamError)
      faults.push(error.fault)
      return { status: error.fault === 'headers-timeout' ? 504 : 502, headers: [], body: null }
    }
  }
  started.server.use(layer)
  return { ...started, faults }
}

function handshake(started: Started, target = '/socket', lines: readonly string[] = []): string {
  const fields = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13']
  return `GET ${target} HTTP/1.1\r\n${[started.hostLine, ...fields, ...lines].join('\r\n')}\r\n\r\n`
}

/** A `ws` server that echoes messages, and selects the first offered subprotocol. */
async function startEcho(host = '127.0.0.1'): Promise<{ port: number; server: WebSocketServer } & AsyncDisposable> {
  const server = new WebSocketServer({ port: await portOf(host), host, perMessageDeflate: true })
  server.on('connection', (socket, request) => {
    socket.on('error', () => {})
    socket.send(`${request.method} ${request.url}`)
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
  })
  await once(server, 'listening')
  return {
    server,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate()
      const gate = createGate()
      server.close(gate.open)
      await gate.opened
    },
  }
}

async function textOf(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

for (const [hostname, listening] of [
  ['127.0.0.1', '127.0.0.1'],
  ['localhost', '127.0.0.1'],
  ['localhost', '::1'],
] as const) {
  test(`a WebSocket reaches ${hostname} at ${listening}: query, subprotocol, compression and messages`, async () => {
    await using echo = await startEcho(listening)
    await using started = await startProxy(upstreamAt(echo.port, { hostname }))
    const socket = new WebSocket(`ws://127.0.0.1:${started.port}/a//b/%7e?x=1&y=%20`, ['chat', 'other'])
    assert.equal(await textOf(socket), 'GET /a//b/%7e?x=1&y=%20')
    assert.equal(socket.protocol, 'chat')
    assert.match(socket.extensions, /permessage-deflate/)
    const big = 'x'.repeat(3_000_000)
    socket.send(big)
    assert.equal(await textOf(socket), big)
    const closed = once(socket, 'close')
    socket.close(4001, 'done')
    assert.deepEqual(
      (await closed).map((part) => (typeof part === 'number' ? part : String(part))),
      [4001, 'done'],
    )
  })
}

test('forwards a close by the upstream with its code', async () => {
  await using echo = await startEcho()
  await using started = await startProxy(upstreamAt(echo.port))
  const socket = new WebSocket(`ws://127.0.0.1:${started.port}/`)
  await textOf(socket)
  for (const client of echo.server.clients) client.close(4002)
  const [code] = (await once(socket, 'close')) as [number]
  assert.equal(code, 4002)
})

test('sends each field of an upgrade once, and no hop-by-hop field of the client', async () => {
  const heads: string[] = []
  await using upstream = await RawUpstream.answering((head, socket) => {
    heads.push(head)
    socket.write(switching)
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  const lines = ['X-Two: 1', 'x-two: 2', 'Keep-Alive: timeout=5', 'Proxy-Authorization: Basic eA==', 'TE: trailers']
  client.send(
    handshake(started, '/s', [...lines, 'Connection: X-Private', 'X-Private: 1']).replace(
      '\r\n\r\n',
      '\r\nSec-WebSocket-Protocol: a, b\r\n\r\n',
    ),
  )
  assert.equal((await client.reply()).status, 101)
  assert.deepEqual(heads[0]?.split('\r\n'), [
    'GET /s HTTP/1.1',
    started.hostLine,
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    'X-Two: 1',
    'x-two: 2',
    'Sec-WebSocket-Protocol: a, b',
    'Connection: Upgrade',
    'Upgrade: websocket',
    '',
    '',
  ])
})

test('loses no bytes directly after the handshake on either side', async () => {
  const received = createGate()
  let fromClient = ''
  await using upstream = await RawUpstream.answering((head, socket) => {
    fromClient = head.slice(head.indexOf('\r\n\r\n') + 4)
    socket.on('data', (chunk) => {
      fromClient += chunk.toString('latin1')
      if (fromClient.length >= 11) received.open()
    })
    socket.write(`${switching}early news`)
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  client.send(`${handshake(started)}early bytes`)
  assert.equal((await client.reply()).status, 101)
  await client.bytes(10)
  assert.equal(client.received.toString(), 'early news')
  await received.opened
  assert.equal(fromClient, 'early bytes')
})

test('sends one 101, with the fields of the upstream', async () => {
  await using upstream = await RawUpstream.answering((_, socket) => {
    const fields = 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nSec-WebSocket-Protocol: Chat\r\nKeep-Alive: timeout=5'
    socket.write(switching.replace('\r\n\r\n', `\r\n${fields}\r\n\r\n`))
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  const reply = await client.send(handshake(started)).reply()
  assert.equal(reply.status, 101)
  const fields = reply.fields.filter(([name]) => !/^(date|cross|x-)/.test(name))
  assert.deepEqual(fields.map((pair) => pair.join(': ')).toSorted(), [
    'connection: Upgrade',
    `sec-websocket-accept: ${accept}`,
    'sec-websocket-protocol: Chat',
    'set-cookie: a=1',
    'set-cookie: b=2',
    'upgrade: websocket',
  ])
})

for (const [name, bytes, body] of [
  [
    'in chunks',
    'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\nX-Why: because\r\n\r\n5\r\nnever\r\n0\r\n\r\n',
    'never',
  ],
  ['with a length', 'HTTP/1.1 403 No\r\nContent-Length: 5\r\nX-Why: because\r\n\r\nnever', 'never'],
  ['without content', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\nX-Why: because\r\n\r\n', ''],
] as const) {
  test(`forwards a rejection ${name} unchanged, and closes the upstream's connection`, async () => {
    await using upstream = await RawUpstream.answering((_, socket) => void socket.write(bytes))
    await using started = await startProxy(upstreamAt(upstream.port))
    using client = await RawClient.open(started.port)
    const reply = await client.send(handshake(started)).reply()
    assert.equal(reply.status, 403)
    assert.equal(reply.field('x-why'), 'because')
    assert.equal(reply.body.toString(), body)
    assert.equal(reply.field('connection'), 'close')
    await upstream.allClosed()
  })
}

test("breaks the client's response when a rejection is truncated", async () => {
  await using upstream = await RawUpstream.answering((_, socket) => {
    socket.end('HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nnever\r\n')
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  const rest = (await client.send(handshake(started)).closed()).toString('latin1')
  assert.match(rest, /^HTTP\/1\.1 403/)
  assert.doesNotMatch(rest, /\r\n0\r\n\r\n$/)
})

for (const [name, bytes] of [
  ['a wrong Sec-WebSocket-Accept', switching.replace(accept, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
  ['no Sec-WebSocket-Accept', switching.replace(/Sec.*?\r\n/, '')],
  ['two of them', switching.replace('\r\n\r\n', `\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)],
  ['another protocol', switching.replace('Upgrade: websocket', 'Upgrade: h2c')],
  ['no protocol', switching.replace('Upgrade: websocket\r\n', '')],
  ['no Connection', switching.replace('Connection: Upgrade\r\n', '')],
  ['no HTTP', 'nonsense\r\n\r\n'],
  ['status 099', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  [
    'a transfer coding other than chunked',
    'HTTP/1.1 400 No\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
  ],
  ['too many interim responses', 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n'.repeat(100)],
] as const) {
  test(`a response with ${name} is a 502`, async () => {
    await using upstream = await RawUpstream.answering((_, socket) => void socket.write(bytes))
    await using started = await startProxy(upstreamAt(upstream.port))
    using client = await RawClient.open(started.port)
    let reply = await client.send(handshake(started)).reply()
    while (reply.status === 103) reply = await client.reply()
    assert.equal(reply.status, 502)
    assert.deepEqual(started.faults, ['protocol'])
    await upstream.allClosed()
  })
}

test('an upstream that closes the connection or never answers is an error', async () => {
  await using hangsUp = await RawUpstream.answering((_, socket) => socket.destroy())
  await using first = await startProxy(upstreamAt(hangsUp.port))
  using one = await RawClient.open(first.port)
  assert.equal((await one.send(handshake(first)).reply()).status, 502)
  assert.deepEqual(first.faults, ['reset'])

  await using silent = await RawUpstream.answering(() => {})
  await using second = await startProxy(upstreamAt(silent.port), { timeouts: { upgradeMs: 50 } })
  using two = await RawClient.open(second.port)
  assert.equal((await two.send(handshake(second)).reply()).status, 504)
  assert.deepEqual(second.faults, ['headers-timeout'])
  await silent.allClosed()
})

test('an upstream that is not running is an error', async () => {
  const gone = await RawUpstream.open(() => {})
  const { port } = gone
  await gone[Symbol.asyncDispose]()
  await using started = await startProxy(upstreamAt(port))
  using client = await RawClient.open(started.port)
  assert.equal((await client.send(handshake(started)).reply()).status, 502)
  assert.deepEqual(started.faults, ['refused'])
})

test("a client that disconnects before the response closes the upstream's connection", async () => {
  const asked = createGate()
  await using upstream = await RawUpstream.answering(() => asked.open())
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  client.send(handshake(started))
  await asked.opened
  client.socket.resetAndDestroy()
  await upstream.allClosed()
})

/** An open tunnel: the client's end and the upstream's end. */
async function openPair(): Promise<{ client: RawClient; end: Socket } & AsyncDisposable> {
  const upstream = await RawUpstream.answering((_, socket) => void socket.write(switching))
  const started = await startProxy(upstreamAt(upstream.port))
  const client = await RawClient.open(started.port)
  assert.equal((await client.send(handshake(started)).reply()).status, 101)
  return {
    client,
    end: upstream.sockets[0] as Socket,
    [Symbol.asyncDispose]: async () => {
      client.end()
      await upstream[Symbol.asyncDispose]()
      await started[Symbol.asyncDispose]()
    },
  }
}

test('a reset of the client closes the upstream', async () => {
  await using pair = await openPair()
  pair.client.socket.resetAndDestroy()
  const [error] = (await once(pair.end.resume(), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})

test('a reset of the upstream closes the client', async () => {
  await using pair = await openPair()
  pair.end.resetAndDestroy()
  const [error] = (await once(pair.client.socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})

test("delivers the bytes before a peer's end, and closes both ends", async () => {
  await using pair = await openPair()
  pair.end.end('x'.repeat(500_000))
  pair.end.resume()
  assert.equal((await pair.client.closed()).length, 500_000)
  pair.client.socket.end()
  if (!pair.end.closed) await once(pair.end, 'close')
})

test('a client that has ended its side still gets the response', async () => {
  await using pair = await openPair()
  pair.end.allowHalfOpen = true
  pair.client.socket.end('question')
  let heard = ''
  pair.end.on('data', (chunk) => (heard += chunk.toString()))
  await once(pair.end, 'end')
  assert.equal(heard, 'question')
  pair.end.end('answer')
  assert.equal((await pair.client.closed()).toString(), 'answer')
})

test('applies backpressure to one side when the other does not read', async () => {
  await using pair = await openPair()
  pair.client.socket.pause()
  const chunk = Buffer.alloc(64 * 1024)
  const written = async (): Promise<boolean> =>
    await Promise.race([
      new Promise<boolean>((resolve) => pair.end.write(chunk, () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 400)),
    ])
  let chunks = 0
  while (chunks < 2000 && (await written())) chunks++
  assert.ok(chunks < 2000, 'the upstream could write without end')
  pair.client.socket.resume()
  await pair.client.bytes((chunks + 1) * chunk.length)
})

test('leaves no connection open after many concurrent aborts', async () => {
  await using echo = await startEcho()
  await using started = await startProxy(upstreamAt(echo.port))
  const sockets = Array.from({ length: 200 }, () => new WebSocket(`ws://127.0.0.1:${started.port}/`))
  await Promise.all(sockets.map(textOf))
  assert.equal(echo.server.clients.size, 200)
  const closed = [...echo.server.clients].map((client) => once(client, 'close'))
  for (const [i, socket] of sockets.entries()) {
    socket.send(`message ${i}`)
    assert.equal(await textOf(socket), `message ${i}`)
    socket.terminate()
  }
  await Promise.all(closed)
  assert.equal(echo.server.clients.size, 0)
})

test('closing the server ends both sides', async () => {
  await using upstream = await RawUpstream.answering((_, socket) => void socket.write(switching))
  const started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  assert.equal((await client.send(handshake(started)).reply()).status, 101)
  await started[Symbol.asyncDispose]()
  await client.closed()
  for (const socket of upstream.sockets) socket.resume()
  await upstream.allClosed()
})

test('forwards upgrades to any protocol except h2c, which becomes an ordinary request', async () => {
  const heads: string[] = []
  await using upstream = await RawUpstream.answering((head, socket) => {
    heads.push(head)
    socket.write('HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n')
    socket.pipe(socket)
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  client.send(`POST /attach HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade\r\nUpgrade: h2c, tcp\r\n\r\n`)
  assert.equal((await client.reply()).status, 101)
  client.send('echo')
  await client.bytes(4)
  assert.match(heads[0] ?? '', /\r\nUpgrade: tcp\r\n/)

  using other = await RawClient.open(started.port)
  const settings = 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'
  other.send(
    `GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}\r\n\r\n`,
  )
  assert.equal((await other.reply()).body.toString(), 'alpha')
  assert.equal(heads.length, 1)
})

test('forwards early hints before the 101', async () => {
  await using upstream = await RawUpstream.answering((_, socket) => {
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching}`)
  })
  await using started = await startProxy(upstreamAt(upstream.port))
  using client = await RawClient.open(started.port)
  const hint = await client.send(handshake(started)).reply()
  assert.deepEqual([hint.status, hint.field('link')], [103, '</a>'])
  assert.equal((await client.reply()).status, 101)
})

test('forwards upgrades to a unix socket', { skip: process.platform === 'win32' }, async () => {
  using folder = new TempFolder()
  const path = folder.join('app.sock')
  await using _upstream = await RawUpstream.answering((_head, socket) => {
    socket.write(switching)
    socket.pipe(socket)
  }, path)
  await using started = await startProxy(upstreamAt(0, { socketPath: path, hostname: 'localhost' }))
  using client = await RawClient.open(started.port)
  assert.equal((await client.send(handshake(started)).reply()).status, 101)
  client.send('echo')
  await client.bytes(4)
})

test("verifies the upstream's certificate unless verify is false", async () => {
  const { cert, key: privateKey } = await makeCertificate('localhost')
  const secure = createTlsServer({ cert, key: privateKey })
  const sockets: Socket[] = []
  secure.on('upgrade', (request, socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(switching.replace(accept, websocketAccept(request.headers['sec-websocket-key'])))
    socket.pipe(socket)
  })
  secure.listen(0, '127.0.0.1')
  await once(secure, 'listening')
  try {
    const { port } = secure.address() as AddressInfo
    using folder = await new TempFolder().write({ 'ca.pem': cert })
    const upstream = upstreamAt(port, { protocol: 'https:', hostname: 'localhost' })
    for (const [tls, status] of [
      [{ verify: true }, 502],
      [{ verify: false }, 101],
      [{ verify: true, ca: folder.join('ca.pem') }, 101],
      [{ verify: true, ca: folder.join('ca.pem'), servername: 'other.test' }, 502],
    ] as const) {
      await using started = await startProxy(upstream, { tls })
      using client = await RawClient.open(started.port)
      assert.equal((await client.send(handshake(started)).reply()).status, status, JSON.stringify(tls))
      if (status === 502) assert.deepEqual(started.faults, ['tls'])
      else await client.send('echo').bytes(4)
    }
  } finally {
    for (const socket of sockets) socket.destroy()
    secure.close()
    secure.closeAllConnections()
  }
})
