import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from '../support/certificate.ts'
import { flags, FrameClient, frameTypes, plainGet as get } from '../support/frames.ts'
import { ask, openSession, startHttp2 } from '../support/http2.ts'

test('a connection under TLS is handed over after ALPN, and its requests say https', async () => {
  const pair = await makeCertificate('localhost')
  let isEncrypted: boolean | undefined
  let scheme: string | undefined
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    { layers: [(next) => (x) => ((isEncrypted = x.peer.encrypted), (scheme = x.target.scheme), next(x))] },
  )
  const listener = await front.adapter.createHttp2Listener()
  const server = createTlsServer({ ...pair, ALPNProtocols: ['h2'] }, (socket) => listener.emit('connection', socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const session = connectHttp2(`https://localhost:${port}`, {
    ca: pair.cert,
    host: '127.0.0.1',
    servername: 'localhost',
  })
  try {
    assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
    assert.deepEqual([isEncrypted, scheme], [true, 'https'])
    assert.equal((await ask(session, { ':path': '/a.txt', ':scheme': 'http' })).status, 400)
    const many = await Promise.all(Array.from({ length: 50 }, () => ask(session, { ':path': '/a.txt' })))
    assert.ok(many.every(({ status }) => status === 200))
  } finally {
    session.destroy()
    front.adapter.cut()
    server.close()
  }
})

test('bytes that were read before the connection is handed over are not lost', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  const listener = await front.adapter.createHttp2Listener()
  const server = createServer((socket) => {
    socket.once('readable', () => {
      socket.unshift(socket.read() as Buffer)
      listener.emit('connection', socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  using session = openSession((server.address() as AddressInfo).port)
  assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
  server.close()
})

test('a client that closes its sending side gets its reply, and then the connection ends', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { limits: { idleMs: 50 } })
  const listener = await front.adapter.createHttp2Listener()
  // As servers of HTTP/1.1 accept connections.
  const server = createServer({ allowHalfOpen: true }, (socket) => listener.emit('connection', socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  using client = await FrameClient.open((server.address() as AddressInfo).port)
  client.request(1, get)
  client.socket.end()
  await client.closed()
  const { data, headers } = frameTypes
  const isLast = (type: number, bits: number): boolean =>
    (type === data || type === headers) && (bits & flags.endStream) !== 0
  assert.ok(client.frames.some(({ type, flags: bits, stream }) => stream === 1 && isLast(type, bits)))
  const gate = once(server, 'close')
  server.close()
  await gate
})
