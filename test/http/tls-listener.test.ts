import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { RawClient, rawRequest } from '../support/raw.ts'
import { connectSecurely, openSecure, startSecure } from '../support/secure.ts'

const files = { 'index.html': '<h1>site</h1>', 'a.txt': 'alpha' }

test('one folder is served in the clear and under TLS', async () => {
  await using started = await startSecure(files)
  const plain = await rawRequest(started.port, `GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  assert.equal(plain.body.toString(), 'alpha')
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.equal((await client.reply()).body.toString(), 'alpha')
})

test('both loopback addresses are bound under TLS, on one port', async () => {
  await using started = await startSecure(files, { host: 'localhost' })
  for (const host of ['127.0.0.1', '::1']) {
    using client = await openSecure(started, { host })
    client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
    assert.equal((await client.reply()).status, 200)
  }
})

test('exchanges know that they are encrypted, and their peer', async () => {
  await using started = await startSecure(files)
  const peer = new Promise((resolve) => started.server.on('request', (x) => resolve({ ...x.peer })))
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  await client.reply()
  assert.deepEqual(await peer, {
    address: '127.0.0.1',
    port: client.socket.localPort,
    localAddress: '127.0.0.1',
    localPort: started.tlsPort,
    encrypted: true,
    listener: 'https:0',
  })
})

test('pipelined requests under TLS are answered in turn, and a broken one behind them last', async () => {
  await using started = await startSecure(files)
  using client = await openSecure(started)
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${started.secureLine}\r\n\r\n`
  client.send(get('/a.txt') + get('/none') + get('/') + 'GET / HTTP/1.1\nbroken\r\n\r\n')
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await client.reply()).status)
  assert.deepEqual(statuses, [200, 404, 200, 400])
  assert.equal((await client.closed()).length, 0)
})

test('the guard judges requests under TLS as those in the clear', async () => {
  await using started = await startSecure(files)
  for (const [head, status] of [
    ['GET / HTTP/1.1\r\nHost: evil.test', 421],
    [`GET / HTTP/1.1\r\nHost: evil.test:${started.tlsPort}`, 421],
    ['GET / HTTP/1.1', 400],
    [`GET https://evil.test/ HTTP/1.1\r\n${started.secureLine}`, 400],
    [`CONNECT localhost:1 HTTP/1.1\r\n${started.secureLine}`, 405],
    [`POST / HTTP/1.1\r\n${started.secureLine}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked`, 400],
  ] as const) {
    using client = await openSecure(started)
    assert.equal((await client.send(`${head}\r\n\r\n`).reply()).status, status, head)
  }
})

test('TLS 1.2 and 1.3 are spoken, and older versions are not', async () => {
  await using started = await startSecure(files)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await connectSecurely(started, { minVersion: version, maxVersion: version })
    assert.equal(socket.getProtocol(), version)
    socket.destroy()
  }
  await assert.rejects(
    connectSecurely(started, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    /alert protocol version|unsupported protocol/i,
  )
})

test('refuses ciphers without forward secrecy or authenticated encryption', async () => {
  await using started = await startSecure(files)
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256']) {
    await assert.rejects(connectSecurely(started, { maxVersion: 'TLSv1.2', ciphers }), /handshake failure/i, ciphers)
  }
})

test('HTTP/1.1 is agreed on by ALPN, and a client that speaks nothing of ours is told so', async () => {
  await using started = await startSecure(files)
  const socket = await connectSecurely(started, { ALPNProtocols: ['http/1.1'] })
  assert.equal(socket.alpnProtocol, 'http/1.1')
  socket.destroy()
  await assert.rejects(connectSecurely(started, { ALPNProtocols: ['spdy/3'] }), /no application protocol/i)
})

test('a client that asks for new keys again and again is refused', async () => {
  await using started = await startSecure(files)
  const socket = await connectSecurely(started, { maxVersion: 'TLSv1.2' })
  const error = await new Promise<Error | null>((resolve) => {
    socket.on('error', resolve)
    socket.renegotiate({ rejectUnauthorized: false }, resolve)
  })
  assert.match(String(error), /no.renegotiation|ECONNRESET/i)
  socket.destroy()
})

test('a handshake that breaks off or makes no sense ends one connection, never the server', async () => {
  await using started = await startSecure(files, { limits: { headerMs: 1000 } })
  for (const bytes of [[0x16], [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], [0x16, 3, 1, 0xff, 0xff, ...Buffer.alloc(400)]]) {
    const socket = connect(started.tlsPort, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(Buffer.from(bytes))
    socket.end()
    socket.resume()
    await once(socket, 'close')
  }
  const reset = connect(started.tlsPort, '127.0.0.1')
  await once(reset, 'connect')
  reset.write(Buffer.from([0x16, 3, 1]), () => reset.resetAndDestroy())
  await once(reset, 'close')
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.equal((await client.reply()).status, 200)
})

test('an idle connection under TLS is closed in time', async () => {
  await using started = await startSecure(files, { limits: { idleMs: 100 } })
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.equal((await client.reply()).status, 200)
  assert.equal((await client.closed()).length, 0)
})

for (const [what, bytes] of [
  ['says nothing', ''],
  ['begins a handshake and stops', '\x16\x03\x01'],
] as const) {
  test(`a connection that ${what} is closed in time`, async () => {
    await using started = await startSecure(files, { limits: { headerMs: 100, requestMs: 1000 } })
    using client = await RawClient.open(started.tlsPort)
    client.send(bytes)
    assert.equal((await client.closed()).length, 0)
  })
}

test('a client under TLS that never sends a request is closed in time', async () => {
  await using started = await startSecure(files, { limits: { headerMs: 200, requestMs: 1000 } })
  using client = await openSecure(started)
  assert.equal((await client.closed()).length, 0)
})

test('a header section under TLS that does not end is answered 408', async () => {
  await using started = await startSecure(files, { limits: { headerMs: 300, requestMs: 1000 } })
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\nX-Slow: `)
  assert.equal((await client.reply()).status, 408)
  await client.closed()
})

test('an upgrade with content under TLS stays an ordinary request', async () => {
  await using started = await startSecure(files)
  using client = await openSecure(started)
  client.send(
    `GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nab`,
  )
  assert.equal((await client.reply()).status, 200)
})

test('a client under TLS that has closed its sending side still gets its reply', async () => {
  await using started = await startSecure(files)
  using client = await openSecure(started, { allowHalfOpen: true } as object)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  client.socket.end()
  assert.equal((await client.reply()).body.toString(), 'alpha')
  await client.closed()
})

test('a client under TLS that is refused while it sends can still read why', async () => {
  await using started = await startSecure(files, { limits: { bodyBytes: 1000 } })
  using client = await openSecure(started)
  client.send(`POST /a.txt HTTP/1.1\r\n${started.secureLine}\r\nContent-Length: 20000000\r\n\r\n`)
  const content = Buffer.alloc(100_000)
  for (let sent = 0; sent < 1_000_000; sent += content.length) client.send(content)
  assert.equal((await client.reply()).status, 413)
})

test('a client under TLS that does not read its reply is cut', async () => {
  await using started = await startSecure({ 'large.bin': Buffer.alloc(40_000_000) }, { limits: { writeMs: 200 } })
  using client = await openSecure(started)
  const record = new Promise<boolean>((resolve) => started.server.on('reply', ({ aborted }) => resolve(aborted)))
  client.socket.pause()
  client.send(`GET /large.bin HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.equal(await record, true)
})

test('a large file comes whole under TLS', async () => {
  const large = Buffer.alloc(5_000_000, 'serve8008')
  await using started = await startSecure({ 'large.bin': large })
  using client = await openSecure(started)
  client.send(`GET /large.bin HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.ok((await client.reply()).body.equals(large))
})
