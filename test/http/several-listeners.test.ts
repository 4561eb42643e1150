import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { createServer, isServeError } from '../../src/index.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { makeCertificate } from '../support/certificate.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { openListener, openSecure, startSecure } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }
const listeners = [
  { name: 'web', port: 0 },
  { name: 'second', port: 0 },
  { name: 'secure', port: 0, tls: true },
  { port: 0, tls: true },
]

test('several plain and TLS listeners answer together, and the result of listen() has them all', async () => {
  await using started = await startSecure(files, { listeners })
  const listening = await started.server.listen()
  assert.deepEqual(
    listening.listeners.map(({ name, protocol }) => [name, protocol]),
    [
      ['web', 'http'],
      ['second', 'http'],
      ['secure', 'https'],
      ['https:0', 'https'],
    ],
  )
  const ports = listening.listeners.map(({ port }) => port)
  assert.equal(new Set(ports).size, 4)
  assert.deepEqual([listening.port, listening.tls?.port], [ports[0], ports[2]])
  assert.deepEqual(
    listening.urls.local,
    listening.listeners.map(({ protocol, port }) => `${protocol}://localhost:${port}/`),
  )
  for (const { name, port } of listening.listeners) {
    using client = await openListener(started, name)
    client.send(`GET /a.txt HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
    assert.equal((await client.reply()).body.toString(), 'alpha', name)
  }
})

test('exchanges know the listener that accepted them, over HTTP/2 too', async () => {
  await using started = await startSecure(files, { listeners })
  const { listeners: bound } = await started.server.listen()
  const names: (string | undefined)[] = []
  started.server.on('request', (x) => void names.push(x.peer.listener))
  await rawGet(bound[1]?.port ?? 0, '/a.txt')
  const session = connect(`https://localhost:${bound[2]?.port}`, { ca: started.ca })
  const stream = session.request({ ':path': '/a.txt' })
  await once(stream.resume(), 'end')
  session.close()
  await started.server.fetch('http://localhost/a.txt')
  assert.deepEqual(names, ['second', 'secure', undefined])
})

test('each listener has its own certificates, or those of the options', async () => {
  const pair = await makeCertificate('other.localhost')
  using folder = await new TempFolder().write({ 'other.crt': pair.cert, 'other.key': pair.key })
  const own = { cert: folder.join('other.crt'), key: folder.join('other.key') }
  await using started = await startSecure(files, {
    listeners: [
      { port: 0, tls: true },
      { name: 'own', port: 0, certificates: [own] },
    ],
  })
  const [usual, other] = (await started.server.listen()).listeners
  using one = await openSecure({ tlsPort: usual?.port ?? 0, ca: started.ca })
  using two = await openSecure({ tlsPort: other?.port ?? 0, ca: pair.cert }, { servername: 'other.localhost' })
  for (const client of [one, two]) {
    client.send('GET /a.txt HTTP/1.1\r\nHost: other.localhost\r\n\r\n')
    assert.equal((await client.reply()).status, 200)
  }
  await assert.rejects(openSecure({ tlsPort: other?.port ?? 0, ca: started.ca }), /self-signed|unable to verify/)
})

test('plain requests to each port for HTTPS are redirected to it, others to the first one', async () => {
  await using started = await startSecure(files, { listeners, redirect: true })
  const [web, second, secure, last] = (await started.server.listen()).listeners.map(({ port }) => port)
  for (const [from, to] of [
    [web, secure],
    [second, secure],
    [secure, secure],
    [last, last],
  ] as const) {
    const reply = await rawGet(from ?? 0, '/a.txt')
    assert.deepEqual([reply.status, reply.field('location')], [308, `https://localhost:${to}/a.txt`])
  }
})

test('a listener on one address does not answer for the addresses of another listener', async () => {
  await using started = await startServer(files, {
    listeners: [
      { port: 0, host: '127.0.0.1' },
      { name: 'wide', port: 0, host: '0.0.0.0' },
    ],
  })
  const [narrow, wide] = (await started.server.listen()).listeners
  const ask = async (port = 0): Promise<number> =>
    (await rawRequest(port, 'GET /a.txt HTTP/1.1\r\nHost: 192.0.2.9\r\nConnection: close\r\n\r\n')).status
  assert.equal(await ask(wide?.port), 200)
  assert.equal(await ask(narrow?.port), 421)
})

test('a unix socket and a port serve together', async (t) => {
  if (process.platform === 'win32') return t.skip('named pipes have their own test')
  using folder = new TempFolder()
  const socket = folder.join('s.sock')
  await using started = await startServer(files, { listeners: [{ port: 0 }, { socket }] })
  const { listeners: bound, port, urls } = await started.server.listen()
  assert.deepEqual(urls.local, [`http://localhost:${port}/`, `unix:${socket}`])
  assert.equal(bound[1]?.name, `unix:${socket}`)
  const message = 'GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  for (const place of [port, socket]) assert.equal((await rawRequest(place, message)).status, 200)
})

test('a start that fails at one listener frees the others, and may be repeated', async () => {
  await using first = await startServer(files)
  using folder = await new TempFolder().write(files)
  await using free = await startServer(files)
  const { port } = free
  await free.server.close()
  const server = createServer({ root: folder.path, host: '127.0.0.1', listeners: [{ port }, { port: first.port }] })
  await assert.rejects(server.listen(), (error) => isServeError(error) && error.code === 'E8008_PORT_HELD')
  await first.server.close()
  await server.listen()
  const reply = await rawGet(port, '/a.txt')
  assert.equal(reply.status, 200)
  await server.close()
})

test('a list of ports leaves out the single ports of other listeners, and keeps 0', () => {
  const { listeners: resolved } = resolveConfig({
    listeners: [{ port: [8008, 8009, 0] }, { name: 'b', port: 8009 }, { port: 0, tls: true }],
  })
  assert.deepEqual(
    resolved.map(({ ports }) => ports),
    [[8008, 0], [8009], [0]],
  )
})

for (const [name, given, message] of [
  ['an empty list', [], /listeners: the list is empty/],
  [
    'two equal names',
    [
      { name: 'a', port: 1 },
      { name: 'a', port: 2 },
    ],
    /two listeners have the name "a"/,
  ],
  ['one port twice', [{ port: 8008 }, { port: 8008, tls: true }], /listeners\.1\.port: 8008 is the port of another/],
  ['TLS on a socket', [{ socket: 'a.sock', tls: true }], /listeners\.0\.socket: cannot be combined with "tls"/],
  ['two places', [{ socket: 'a.sock', fd: 3 }], /listeners\.0\.fd: cannot be combined with "socket"/],
  ['an unknown key', [{ prot: 1 }], /listeners\.0\.prot: unknown key/],
  ['a wrong port', [{ port: 70_000 }], /listeners\.0\.port: expected a port from 0 to 65535/],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(() => createServer({ listeners: given as never }), message)
  })
}

test('refuses the options that listeners replace', () => {
  assert.throws(() => createServer({ port: 1, listeners: [{ port: 2 }] }), /listeners: cannot be combined with "port"/)
})
