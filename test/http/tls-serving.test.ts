import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { isServeError } from '../../src/core/serve-error.ts'
import { createServer as createOurs } from '../../src/index.ts'
import type { FromPage, Session, ToPage } from '../../src/live/protocol.ts'
import { answering, startBackend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { RawClient, rawRequest } from '../support/raw.ts'
import { openSecure, startSecure, type Secured } from '../support/secure.ts'
import { TempFolder } from '../support/server.ts'

const files = { 'index.html': '<!doctype html><title>home</title>', 'a.txt': 'alpha', 'style.css': 'p{}' }

async function sessionOf(started: Secured, origin: string): Promise<Session> {
  using client = await openSecure(started)
  const lines = [started.secureLine, 'X-Serve8008: live', `Origin: ${origin}`, 'Sec-Fetch-Site: same-origin']
  client.send(`GET /__serve8008/session HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  return JSON.parse((await client.reply()).body.toString()) as Session
}

test('live reload works over wss, for pages of its own origin alone', async () => {
  await using started = await startSecure(files)
  const { tlsPort, ca, folder } = started
  const origin = `https://localhost:${tlsPort}`
  const { token, socket } = await sessionOf(started, origin)
  const address = `wss://localhost:${tlsPort}${socket}?token=${token}`
  const page = new WebSocket(address, { origin, ca })
  const messages = on<Buffer>(page, 'message')
  await once(page, 'open')
  const hello: FromPage = { type: 'hello', document: '/', resources: ['/style.css'], age: 0 }
  page.send(JSON.stringify(hello))
  await messages.next()
  writeFileSync(folder.join('style.css'), 'p{color:red}')
  const update = JSON.parse((await messages.next()).toString()) as ToPage
  assert.equal(update.type, 'change')
  page.terminate()
  const foreign = new WebSocket(address, { origin: 'https://evil.test', ca })
  const [error] = (await once(foreign, 'error')) as [Error]
  assert.match(error.message, /403/)
})

/** What an emitter tells, one by one. */
function on<Value>(emitter: WebSocket, name: string): { next(): Promise<Value> } {
  const values: Value[] = []
  const waiting: ((value: Value) => void)[] = []
  emitter.on(name, (value: Value) => {
    const first = waiting.shift()
    if (first === undefined) values.push(value)
    else first(value)
  })
  return {
    next: async () => values.shift() ?? (await new Promise((resolve) => waiting.push(resolve))),
  }
}

test('a page over TLS that allows its own origin alone gets the client of live reload', async () => {
  await using started = await startSecure({
    'index.html': `<!doctype html><meta http-equiv="content-security-policy" content="default-src 'self'">x`,
  })
  const warnings: unknown[] = []
  started.server.on('warning', (warning) => warnings.push(warning))
  using client = await openSecure(started)
  client.send(`GET / HTTP/1.1\r\n${started.secureLine}\r\nSec-Fetch-Dest: document\r\nAccept: text/html\r\n\r\n`)
  assert.match((await client.reply()).body.toString(), /__serve8008\/live\.js/)
  assert.deepEqual(warnings, [])
})

test('an upstream gets the scheme, the name and the port that the client used', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await using started = await startSecure(files, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using client = await openSecure(started)
  client.send(`GET /api/x HTTP/1.1\r\n${started.secureLine}\r\nX-Forwarded-Proto: http\r\n\r\n`)
  const record = backend.next().then((upstream) => upstream.head())
  assert.equal((await client.reply()).body.toString(), 'ok')
  const head = await record
  assert.match(head, /^X-Forwarded-Proto: https\r$/m)
  assert.match(head, new RegExp(`^X-Forwarded-Port: ${started.tlsPort}\r$`, 'm'))
  assert.match(head, new RegExp(`^X-Forwarded-Host: localhost:${started.tlsPort}\r$`, 'm'))
  assert.match(head, /^Forwarded: for=127\.0\.0\.1;host="localhost:\d+";proto=https\r$/m)
})

test('redirects and cookies of an upstream fit the client under TLS', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    const location = `http://127.0.0.1:${backend.port}/there`
    connection.send(
      `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nSet-Cookie: a=1; Secure\r\nContent-Length: 0\r\n\r\n`,
    )
  })
  await using started = await startSecure(files, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using client = await openSecure(started)
  const reply = await client.send(`GET /api HTTP/1.1\r\n${started.secureLine}\r\n\r\n`).reply()
  assert.match(reply.field('location'), new RegExp(`^(?:https://localhost:${started.tlsPort})?/there$`))
  assert.equal(reply.field('set-cookie'), 'a=1; Secure')
})

test('an upstream cannot lock plain servers of this machine out, but the options can', async () => {
  const strict = 'Strict-Transport-Security: max-age=31536000; includeSubDomains'
  await using backend = await answering(`HTTP/1.1 200 OK\r\n${strict}\r\nContent-Length: 2\r\n\r\nok`)
  const proxy = { '/': `http://127.0.0.1:${backend.port}` }
  await using started = await startSecure(files, { proxy, allowHost: 'dev.test' })
  async function ask(host: string, { tlsPort, ca }: Secured = started): Promise<string> {
    using client = await openSecure({ tlsPort, ca })
    return (await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).reply()).field('strict-transport-security')
  }
  assert.equal(await ask('localhost'), '')
  assert.equal(await ask('app.localhost:8443'), '')
  assert.match(await ask('dev.test'), /^max-age=31536000/)
  await using byHand = await startSecure(files, { proxy, headers: { 'strict-transport-security': 'max-age=1' } })
  assert.equal(await ask('localhost', byHand), 'max-age=1')
})

test('an upstream cannot send browsers around the server', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nAlt-Svc: h2="evil.test:443"\r\nContent-Length: 2\r\n\r\nok')
  await using started = await startSecure(files, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using client = await openSecure(started)
  const reply = await client.send(`GET / HTTP/1.1\r\n${started.secureLine}\r\n\r\n`).reply()
  assert.deepEqual([reply.body.toString(), reply.field('alt-svc')], ['ok', ''])
})

test('events of an upstream come through as they are sent', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/events': `http://127.0.0.1:${backend.port}` } })
  using client = await openSecure(started)
  client.send(`GET /events HTTP/1.1\r\n${started.secureLine}\r\nAccept: text/event-stream\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  upstream.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n')
  await client.sees('data: one')
  upstream.send('data: two\n\n')
  await client.sees('data: two')
  client.end()
  await upstream.closed()
})

test('a WebSocket over TLS that its client ends leaves no warning of listeners', async () => {
  const heard: string[] = []
  const hear = (warning: Error): void => void heard.push(warning.name)
  process.on('warning', hear)
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(upstream, 'listening')
  const gone = once(upstream, 'connection').then(([socket]) => once(socket as WebSocket, 'close'))
  await using started = await startSecure(files, { proxy: { '/ws': `:${(upstream.address() as AddressInfo).port}` } })
  for (const way of ['terminate', 'close'] as const) {
    const client = new WebSocket(`wss://localhost:${started.tlsPort}/ws`, { ca: started.ca })
    await once(client, 'open')
    client[way]()
    await once(client, 'close')
  }
  await gone
  await new Promise((resolve) => upstream.close(resolve))
  process.off('warning', hear)
  assert.deepEqual(heard, [])
})

test('a WebSocket to an upstream goes through TLS', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/ws': `ws://127.0.0.1:${backend.port}` } })
  using client = await openSecure(started)
  client.send(
    `GET /ws HTTP/1.1\r\n${started.secureLine}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  const upstream = await backend.next()
  await upstream.head()
  upstream.send(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello',
  )
  await client.sees('hello')
  client.send('from the client')
  assert.ok(await upstream.sees('from the client'))
})

test('closing lets a reply under TLS finish, and drops connections without a request', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/slow': `http://127.0.0.1:${backend.port}` } })
  using busy = await openSecure(started)
  busy.send(`GET /slow HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.head()
  using idle = await openSecure(started)
  idle.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  await idle.reply()
  using silent = await openSecure(started)
  using undecided = await RawClient.open(started.tlsPort)
  const since = performance.now()
  const closing = started.server.close()
  for (const client of [idle, silent, undecided]) assert.equal((await client.closed()).length, 0)
  upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
  const reply = await busy.reply()
  assert.equal(reply.body.toString(), 'done')
  assert.equal(reply.field('connection'), 'close')
  await closing
  assert.ok(performance.now() - since < 4000)
  assert.equal(started.server.tlsPort, undefined)
})

test('closing cuts what does not end under TLS', async () => {
  await using backend = await startBackend()
  const proxy = { '/slow': `http://127.0.0.1:${backend.port}` }
  await using started = await startSecure(files, { proxy, limits: { closeMs: 200 } })
  using client = await openSecure(started)
  client.send(`GET /slow HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  await (await backend.next()).head()
  await started.server.close()
  await client.closed()
})

async function hold(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('a list of ports for HTTPS is tried in order, each with its reason', async (t) => {
  const [held, free] = [await hold(t), await deadPort()]
  await using started = await startSecure(files, { tlsPort: [held, free] })
  const { tls } = await started.server.listen()
  assert.equal(tls?.port, free)
  assert.deepEqual(
    tls?.skipped.map(({ port, code }) => [port, code]),
    [[held, 'EADDRINUSE']],
  )
  assert.match(tls?.skipped[0]?.reason ?? '', /is in use by this very process/)
})

test('a port for HTTPS that was asked for never moves, and then plain HTTP is not served either', async (t) => {
  const held = await hold(t)
  const port = await deadPort()
  const failed = await startSecure(files, { tlsPort: held, port }).catch((error: unknown) => error)
  assert.ok(isServeError(failed))
  assert.equal(failed.code, 'E8008_PORT_HELD')
  assert.equal(failed.fix?.option, 'tlsPort')
  await assert.rejects(RawClient.open(port))
  const list = await startSecure(files, { tlsPort: [held, 0], strictPort: true }).catch((error: unknown) => error)
  assert.equal(isServeError(list) && list.code, 'E8008_PORT_HELD')
})

test('where the port for plain HTTP cannot be had, that for HTTPS is free again', async (t) => {
  const [held, free] = [await hold(t), await deadPort()]
  const failed = await startSecure(files, { tlsPort: free, port: held }).catch((error: unknown) => error)
  assert.equal(isServeError(failed) && failed.fix?.option, 'port')
  await assert.rejects(RawClient.open(free))
})

test('a port for HTTPS that browsers refuse is warned of, and plain HTTP alone needs no warning', async (t) => {
  const codes = async (options: object): Promise<string[]> => {
    const server = createOurs({ root: '.', port: 0, live: false, ...options })
    const found: string[] = []
    server.on('warning', ({ code, fix }) => found.push(`${code} ${fix?.option}`))
    try {
      await server.listen()
    } finally {
      await server.close()
    }
    return found
  }
  assert.deepEqual(await codes({}), [])
  await using started = await startSecure(files)
  const port = 6667
  try {
    assert.deepEqual(await codes({ ...started.files, tlsPort: port }), ['W8008_BAD_PORT tlsPort'])
  } catch (error) {
    if (isServeError(error) && error.code === 'E8008_PORT_HELD') return t.skip(`another program has port ${port}`)
    throw error
  }
})

test('a unix socket serves plain HTTP as ever, beside HTTPS on a port', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has pipes')
  using folder = new TempFolder()
  const socket = folder.join('s')
  const options: Record<string, unknown> = { socket, port: undefined }
  await using started = await startSecure(files, options)
  const { url, urls, port, tls } = await started.server.listen()
  assert.deepEqual([url, port], [`unix:${socket}`, 0])
  assert.deepEqual(urls.local, [`unix:${socket}`, `https://127.0.0.1:${tls?.port}/`.replace('127.0.0.1', 'localhost')])
  assert.equal((await rawRequest(socket, 'GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n')).status, 200)
  using client = await openSecure(started)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  assert.equal((await client.reply()).status, 200)
})

test('lists the URLs of both, plain HTTP first; HTTPS alone when plain HTTP gets only redirects', async () => {
  await using both = await startSecure(files, { base: '/app/' })
  const listening = await both.server.listen()
  const secure = `https://localhost:${both.tlsPort}/app/`
  assert.deepEqual(listening.urls.local, [`http://localhost:${both.port}/app/`, secure])
  assert.deepEqual([listening.url, listening.protocol], [listening.urls.local[0], 'http'])
  assert.deepEqual(listening.tls?.addresses, ['127.0.0.1'])
  await using only = await startSecure(files, { tls: 'only' })
  const { url, urls, protocol } = await only.server.listen()
  assert.deepEqual([url, urls.local, protocol], [`https://localhost:${only.tlsPort}/`, [url], 'https'])
})

test('without listening nothing is redirected: an embedding program has its own ports', async () => {
  const server = createOurs({ root: '.', tls: 'only', cert: 'a', key: 'b' })
  assert.equal((await server.fetch('http://localhost/package.json')).status, 200)
  await server.close()
})
