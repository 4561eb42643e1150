import assert from 'node:assert/strict'
import { createServer as createNodeServer } from 'node:http'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { once } from 'node:events'
import { connectLayer, type ConnectMiddleware, type ConnectOptions } from '../../src/index.ts'
import { connect, express, host, type App, type Middleware } from '../support/frameworks.ts'
import { ask, openSecureSession } from '../support/http2.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startSecure, type Secured } from '../support/secure.ts'
import { TempFolder } from '../support/server.ts'

// Middleware as it comes from npm, in front of the files, over HTTP/1.1 and over HTTP/2 under TLS.

const require = createRequire(import.meta.url)
const sirv = require('sirv') as (folder: string, options: object) => Middleware
const { createProxyMiddleware } = require('http-proxy-middleware') as {
  readonly createProxyMiddleware: (options: object) => Middleware & { readonly upgrade: Upgrade }
}
type Upgrade = NonNullable<ConnectOptions['upgrade']>

const page = '<!doctype html><title>made</title>'
const live = /__serve8008\/live\.js/
const navigation = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' }

interface Answer {
  readonly status: number
  readonly body: Buffer
  field(name: string): string
}

type Ask = (target: string, fields?: Readonly<Record<string, string>>) => Promise<Answer>

/** Asks a server in both versions of HTTP, one after the other. */
async function inBoth(secured: Secured, check: (asking: Ask) => Promise<void>): Promise<void> {
  await check((target, fields = {}) =>
    rawGet(
      secured.port,
      target,
      Object.entries(fields).map((field) => field.join(': ')),
    ),
  )
  using session = openSecureSession(secured)
  await check(async (target, fields = {}) => {
    const { status, headers, body } = await ask(session, { ':path': target, ...fields })
    return { status, body, field: (name) => String(headers[name] ?? '') }
  })
}

async function startWith(middleware: ConnectMiddleware): Promise<Secured> {
  const secured = await startSecure({ 'index.html': page, 'a.txt': 'alpha' })
  secured.server.use(connectLayer(middleware))
  return secured
}

/** What the tests use of the response of Express. */
interface ExpressResponse {
  json(value: unknown): void
  send(text: string): void
  sendFile(path: string, options: { root: string }): void
  redirect(location: string): void
  cookie(name: string, value: string): ExpressResponse
}
type ExpressRoutes = App & {
  get(
    path: string,
    answer: (req: { readonly protocol: string; readonly ip: string }, res: ExpressResponse) => void,
  ): void
  post(path: string, answer: (req: { readonly body: unknown }, res: ExpressResponse) => void): void
}

test('Express 5 answers its routes and leaves the others to the files', async () => {
  using folder = await new TempFolder().write({ 'own.txt': '0123456789' })
  const app = express() as ExpressRoutes
  app.use(express.json())
  app.get('/api', (req, res) => res.cookie('a', '1').cookie('b', '2').json({ ip: req.ip, protocol: req.protocol }))
  app.get('/page', (_, res) => res.send(page))
  app.get('/file', (_, res) => res.sendFile('own.txt', { root: folder.path }))
  app.get('/away', (_, res) => res.redirect('/page'))
  app.post('/echo', (req, res) => res.json(req.body))
  app.get('/fails', () => {
    throw new Error('secret')
  })
  await using secured = await startWith(app)
  const codes: string[] = []
  secured.server.on('error', ({ code }) => codes.push(code))
  await inBoth(secured, async (asking) => {
    const api = await asking('/api')
    assert.match(api.body.toString(), /^\{"ip":"127\.0\.0\.1","protocol":"https?"\}$/)
    assert.match(api.field('content-type'), /^application\/json/)
    const made = await asking('/page', navigation)
    assert.deepEqual([made.status, live.test(made.body.toString())], [200, true])
    const part = await asking('/file', { range: 'bytes=2-4' })
    assert.deepEqual([part.status, part.body.toString(), part.field('content-range')], [206, '234', 'bytes 2-4/10'])
    assert.equal((await asking('/file', { 'if-none-match': part.field('etag') })).status, 304)
    assert.equal((await asking('/away')).field('location'), '/page')
    assert.equal((await asking('/fails')).status, 500)
    assert.equal((await asking('/a.txt')).body.toString(), 'alpha')
    assert.equal((await asking('/nope')).status, 404)
  })
  assert.deepEqual(codes, ['E8008_HANDLER', 'E8008_HANDLER'])
  const json = '{"a":1}'
  const head = `POST /echo HTTP/1.1\r\nHost: localhost:${secured.port}\r\nContent-Type: application/json\r\n`
  const message = `${head}Content-Length: ${json.length}\r\n\r\n${json}`
  assert.equal((await rawRequest(secured.port, message)).body.toString(), json)
  using session = openSecureSession(secured)
  const fields = { ':path': '/echo', ':method': 'POST', 'content-type': 'application/json' }
  assert.equal((await ask(session, fields, json)).body.toString(), json)
})

test('sirv sends its files, by range and on condition, and leaves the others', async () => {
  using folder = await new TempFolder().write({ 'own.html': page, 'own.txt': '0123456789' })
  await using secured = await startWith(sirv(folder.path, { dev: true, etag: true }))
  await inBoth(secured, async (asking) => {
    const own = await asking('/own.txt')
    assert.deepEqual([own.status, own.field('content-length')], [200, '10'])
    assert.equal((await asking('/own.txt', { range: 'bytes=2-4' })).body.toString(), '234')
    assert.equal((await asking('/own.txt', { 'if-none-match': own.field('etag') })).status, 304)
    const made = await asking('/own.html', navigation)
    assert.match(made.body.toString(), live)
    assert.equal((await asking('/a.txt')).body.toString(), 'alpha')
  })
})

test('a Connect app cuts its mount off and puts it back for what follows', async () => {
  const app = connect()
    .use('/own', (req, res, next) =>
      req.url === '/x' ? void res.end(`${req.url} of ${String(Reflect.get(req, 'originalUrl'))}`) : next(),
    )
    .use('/a.txt', (_, __, next) => next())
  await using secured = await startWith(app)
  await inBoth(secured, async (asking) => {
    assert.equal((await asking('/own/x')).body.toString(), '/x of /own/x')
    assert.equal((await asking('/own/y')).status, 404)
    assert.equal((await asking('/a.txt')).body.toString(), 'alpha')
  })
})

test('http-proxy-middleware forwards requests and WebSockets', async () => {
  const backend = createNodeServer((req, res) => void req.pipe(res.setHeader('X-Seen', `${req.method} ${req.url}`)))
  const sockets = new WebSocketServer({ server: backend })
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`echo ${(data as Buffer).toString()}`)),
  )
  await using hosted = await host((req, res) => void backend.emit('request', req, res))
  hosted.server.on('upgrade', (...args) => void backend.emit('upgrade', ...args))
  const proxy = createProxyMiddleware({ target: `http://127.0.0.1:${hosted.port}`, pathFilter: '/api', ws: false })
  await using secured = await startSecure({ 'a.txt': 'alpha' })
  const { upgrade } = proxy
  secured.server.use(connectLayer(proxy, { upgrade }))
  await inBoth(secured, async (asking) => {
    assert.equal((await asking('/api/x?y')).field('x-seen'), 'GET /api/x?y')
    assert.equal((await asking('/a.txt')).body.toString(), 'alpha')
  })
  const client = new WebSocket(`wss://localhost:${secured.tlsPort}/api/socket`, { ca: secured.ca })
  await once(client, 'open')
  const message = once(client, 'message')
  client.send('hello')
  assert.equal(((await message)[0] as Buffer).toString(), 'echo hello')
  const closed = once(client, 'close')
  client.close()
  await closed
})
