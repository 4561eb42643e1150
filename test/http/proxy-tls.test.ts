import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import type { ResolvedProxy } from '../../src/config/kinds/proxy-types.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startServer } from '../support/server.ts'
import { answering, startBackend } from '../support/backend.ts'
import { startFront, type Front } from '../support/proxy.ts'
import { RawClient, type RawReply } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const { cert: certificate, key: certificateKey } = await makeCertificate('backend.test')

interface SecureBackend extends AsyncDisposable {
  readonly port: number
  /** Server names (SNI) of the clients. */
  readonly names: (string | false | null)[]
  readonly connections: number
}

async function secureBackend(asked: TlsOptions = {}): Promise<SecureBackend> {
  const names: (string | false | null)[] = []
  const sockets = new Set<TLSSocket>()
  let connections = 0
  const server = createServer({ cert: certificate, key: certificateKey, ...asked }, (socket) => {
    connections++
    names.push(socket.servername)
    sockets.add(socket)
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    names,
    get connections() {
      return connections
    },
    [Symbol.asyncDispose]: async () => {
      sockets.forEach((socket) => socket.destroy())
      server.close()
      await once(server, 'close')
    },
  }
}

function startSecure(port: number, tls: ResolvedProxy['tls']): Promise<Front> {
  return startFront(port, { upstream: { protocol: 'https:' }, proxy: { tls } })
}

async function get(front: Front, host: string = 'localhost'): Promise<RawReply> {
  using client = await RawClient.open(front.port)
  return await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`).reply()
}

test('rejects an upstream whose certificate is not trusted', async () => {
  await using backend = await secureBackend()
  await using front = await startSecure(backend.port, { verify: true })
  const reply = await get(front)
  assert.equal(reply.status, 502)
  assert.match(reply.body.toString(), /E8008_UPSTREAM_TLS/)
  assert.match(reply.body.toString(), /\(route \/\) has a self-signed certificate, which is not trusted\./)
  assert.match(
    reply.body.toString(),
    /in tls\.ca of the route [^.]*tls: \{ ca: \W+ca\.pem\W+ \}, or put [^.]*CERTS=ca\.pem [^]*end the target with ,insecure/,
  )
  assert.deepEqual(front.warnings, [])
})

test('accepts a certificate by its authority and its name', async () => {
  await using backend = await secureBackend()
  using folder = await new TempFolder().write({ 'ca.pem': certificate })
  const ca = folder.join('ca.pem')
  await using named = await startSecure(backend.port, { verify: true, ca, servername: 'backend.test' })
  assert.equal((await get(named)).body.toString(), 'ok')
  await using other = await startSecure(backend.port, { verify: true, ca, servername: 'other.test' })
  const { body } = await get(other)
  assert.match(body.toString(), /The certificate of \S+ \(route \/\) is for another name \([^]*E8008_UPSTREAM_TLS/)
  assert.match(body.toString(), /tls: \{ servername: \W+backend\.test\W+ \}/)
  assert.doesNotMatch(body.toString(), /\bca\b/)
})

test("does not use the client's Host as the TLS server name", async () => {
  await using backend = await secureBackend()
  await using front = await startSecure(backend.port, { verify: false, servername: 'backend.test' })
  for (const host of ['a.localhost', 'b.localhost', 'c.localhost']) assert.equal((await get(front, host)).status, 200)
  assert.deepEqual([...new Set(backend.names)], ['backend.test'])
  assert.equal(backend.connections, 1)
})

test('skips verification with verify: false, and warns at the start', async () => {
  await using backend = await secureBackend()
  await using front = await startSecure(backend.port, { verify: false })
  assert.equal(front.warnings.length, 1)
  assert.equal((await get(front)).body.toString(), 'ok')
  assert.equal(front.warnings.length, 1)
})

test('warns once of a route that is added without verification, while the server runs', async () => {
  await using started = await startServer({})
  const { server } = started
  const warned: string[] = []
  server.on('warning', ({ message }) => void warned.push(message))
  server.routes.add({ match: { path: '/a' }, proxy: 'https://localhost:9,insecure' })
  server.routes.add({ match: { path: '/b' }, proxy: 'https://localhost:9' })
  assert.deepEqual(warned, ['The route /a does not verify the certificates of its upstreams.'])
})

test('tells the client that a certificate file is missing', async () => {
  await using front = await startSecure(1, { verify: true, ca: '/nowhere/ca.pem' })
  const reply = await get(front)
  assert.equal(reply.status, 502)
  assert.match(reply.body.toString(), /E8008_UPSTREAM_TLS[^]*|ENOENT/)
})

test('an upstream without TLS on an https route is a 502', async () => {
  const { answering } = await import('../support/backend.ts')
  await using backend = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await using front = await startSecure(backend.port, { verify: true })
  backend.next().then(
    (c) => c.send('HTTP/1.1 400 Bad Request\r\n\r\n'),
    () => {},
  )
  assert.match((await get(front)).body.toString(), /E8008_UPSTREAM_TLS/)
})

test('distinguishes an upstream without TLS from one with an untrusted certificate', async () => {
  await using backend = await answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  await using plain = await startBackend((connection) => connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'))
  for (const { port } of [backend, plain]) {
    await using front = await startSecure(port, { verify: true })
    using client = await RawClient.open(front.port)
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n')
    if (port === backend.port) (await backend.next()).send('HTTP/1.1 400 Bad Request\r\n\r\n')
    const reply = await client.reply()
    assert.equal(reply.status, 502)
    assert.match(reply.body.toString(), /does not use TLS\."[^]*Put http:\/\/ into the route/)
  }
})

for (const [scheme, backendOf] of [
  ['http', () => answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')],
  ['https', () => secureBackend({ ALPNProtocols: ['http/1.1'] })],
] as const) {
  const protocol = scheme === 'http' ? 'h2c:' : 'h2:'
  test(`the hint names ${scheme} when the upstream of an ${protocol} route uses HTTP/1.1`, async () => {
    await using backend = await backendOf()
    await using front = await startFront(backend.port, {
      upstream: { protocol, label: `${protocol}//127.0.0.1:${backend.port}` },
      proxy: { tls: { verify: false }, retries: 0 },
    })
    const { status, body } = await get(front)
    assert.equal(status, 502)
    const advice = new RegExp(`does not use HTTP/2\\.[^]*For HTTP/1\\.1 put ${scheme}:// into the route`)
    assert.match(body.toString(), advice)
  })
}

test('the hint names https when the upstream of an http route uses TLS', async () => {
  await using backend = await secureBackend()
  await using front = await startFront(backend.port)
  assert.match((await get(front)).body.toString(), /https:\/\//)
})

test("presents the route's client certificate to an upstream that requests one", async () => {
  const { cert, key } = await makeCertificate('client.test')
  await using backend = await secureBackend({ ca: cert, requestCert: true, rejectUnauthorized: true })
  using folder = await new TempFolder().write({ 'ca.pem': certificate, 'cert.pem': cert, 'key.pem': key })
  const file = (name: string): string => `${folder.path}/${name}`
  const tls = { verify: true, ca: file('ca.pem'), servername: 'backend.test' }
  await using bare = await startSecure(backend.port, tls)
  assert.equal((await get(bare)).status, 502)
  await using front = await startSecure(backend.port, { ...tls, cert: file('cert.pem'), key: file('key.pem') })
  assert.equal((await get(front)).status, 200)
})
