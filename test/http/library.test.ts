import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import {
  createServer,
  isServeError,
  text,
  type AccessRecord,
  type Handler,
  type Layer,
  type ServeError,
  type Server8008,
} from '../../src/index.ts'
import { createGate, holdingLayer } from '../support/gate.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }
const get = (hostLine: string, target = '/a.txt'): string => `GET ${target} HTTP/1.1\r\n${hostLine}\r\n\r\n`

const hasCode = (code: string) => (error: unknown) => isServeError(error) && error.code === code

function nextReply(server: Server8008): Promise<AccessRecord> {
  return new Promise((resolve) => server.on('reply', resolve))
}

/** Whether nothing listens there any more. */
async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  return await new Promise((resolve) => {
    socket.once('connect', () => resolve((socket.destroy(), false))).once('error', () => resolve(true))
  })
}

test('createServer validates at once and lists every problem', () => {
  assert.throws(
    () => createServer({ port: 70_000, host: 'http://x', trailingSlash: 'sometimes' as never, nonsense: 1 } as never),
    (error: ServeError) => {
      assert.equal(error.code, 'E8008_CONFIG_INVALID')
      assert.equal(error.exitCode, 2)
      for (const key of ['port', 'host', 'trailingSlash', 'nonsense']) {
        assert.ok(
          error.problems.some((problem) => problem.includes(key)),
          key,
        )
      }
      return true
    },
  )
})

test('listen returns the URLs of the server', async () => {
  await using started = await startServer(files, { base: '/docs/' })
  const { server, port } = started
  const listening = await server.listen()
  assert.equal(listening.url, `http://localhost:${port}/docs/`)
  assert.deepEqual(listening.urls, { local: [listening.url], network: [] })
  assert.equal(listening.host, '127.0.0.1')
  assert.equal(listening.protocol, 'http')
  assert.deepEqual(listening.addresses, ['127.0.0.1'])
  assert.deepEqual(listening.skipped, [])
  assert.equal(server.url, listening.url)
  assert.equal(server.port, port)
  assert.equal((await fetch(new URL('a.txt', listening.url))).status, 200)
})

test('a second listen returns the same result', async () => {
  using folder = new TempFolder()
  await using server = createServer({ root: folder.path, port: 0 })
  const [first, second] = await Promise.all([server.listen(), server.listen()])
  assert.equal(first, second)
  assert.equal(await server.listen(), first)
})

test('listen fails after close, and when close is called meanwhile; both leave no port bound', async () => {
  using folder = new TempFolder()
  const server = createServer({ root: folder.path, port: 0, host: '127.0.0.1' })
  const listening = server.listen()
  listening.catch(() => {})
  await server.close()
  await assert.rejects(listening, hasCode('E8008_CLOSED'))
  await assert.rejects(server.listen(), hasCode('E8008_CLOSED'))
  assert.equal(server.port, undefined)
  assert.equal(server.url, undefined)
})

test('a failed listen can be tried again once its cause is gone', async () => {
  using folder = await new TempFolder().write({ 'later/index.html': 'before' })
  const server = createServer({ root: folder.join('later'), port: 0 })
  rmSync(folder.join('later'), { recursive: true })
  await assert.rejects(server.listen(), hasCode('E8008_ROOT_NOT_FOUND'))
  await folder.write({ 'later/index.html': 'here' })
  const { url } = await server.listen()
  assert.equal(await (await fetch(url)).text(), 'here')
  await server.close()
})

test('a port in use is an error that names it', async () => {
  await using started = await startServer(files)
  const second = createServer({ root: started.folder.path, port: started.port, host: '127.0.0.1' })
  await assert.rejects(second.listen(), (error: ServeError) => {
    assert.equal(error.code, 'E8008_PORT_HELD')
    assert.equal(error.exitCode, 3)
    assert.match(error.message, new RegExp(`\\b${started.port}\\b`))
    return true
  })
})

test('a wildcard host binds every address, and answers for addresses', async () => {
  await using started = await startServer(files, { host: '0.0.0.0' })
  const { addresses, urls } = await started.server.listen()
  assert.ok(addresses.includes('0.0.0.0') || addresses.includes('::'))
  assert.equal(urls.local[0], `http://localhost:${started.port}/`)
  assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
  const message = (host: string): string => `GET /a.txt HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  assert.equal((await rawRequest(started.port, message('192.0.2.7'))).status, 200)
  assert.equal((await rawRequest(started.port, message('evil.test'))).status, 421)
  assert.equal((await rawRequest(started.port, message('0.0.0.0'))).status, 421)
})

test('warns about listening on every address, but not on the loopback or a socket', async () => {
  using folder = new TempFolder()
  const codes: string[] = []
  const addresses = [{ host: '0.0.0.0' }, { host: '127.0.0.1' }, { socket: folder.join('s.sock') }]
  for (const address of process.platform === 'win32' ? addresses.slice(0, 2) : addresses) {
    const port = 'socket' in address ? {} : { port: 0 }
    const server = createServer({ root: folder.path, ...port, ...address })
    server.on('warning', ({ code }) => codes.push(code))
    await server.listen()
    await server.close()
  }
  assert.deepEqual(codes, ['W8008_EXPOSED'])
})

test('a unix socket serves and is gone after close', { skip: process.platform === 'win32' }, async () => {
  using folder = await new TempFolder().write({ 'site/a.txt': 'alpha' })
  const path = folder.join('s.sock')
  const server = createServer({ root: folder.join('site'), socket: path })
  const { url, port, urls } = await server.listen()
  assert.equal(url, `unix:${path}`)
  assert.deepEqual(urls, { local: [url], network: [] })
  assert.equal(port, 0)
  const record = nextReply(server)
  assert.equal((await rawRequest(path, get('Host: localhost'))).body.toString(), 'alpha')
  assert.equal((await record).address, '')
  await server.close()
  await assert.rejects(RawClient.open(path))
})

test('close is idempotent, frees the port and is not held up by an idle client', async () => {
  const started = await startServer(files, { limits: { closeMs: 60_000 } })
  const { server, port, folder } = started
  let closed = 0
  server.on('close', () => closed++)
  using client = await RawClient.open(port)
  assert.equal((await client.send(get(started.hostLine)).reply()).status, 200)
  assert.equal(server.close(), server.close())
  await server.close()
  assert.equal(closed, 1)
  assert.equal((await client.closed()).length, 0)
  assert.equal(await isRefused(port), true)
  folder[Symbol.dispose]()
})

test('close lets a reply under way finish and ends its connection', async () => {
  const { layer, reached, letGo } = holdingLayer()
  await using started = await startServer(files, { limits: { closeMs: 60_000 } })
  started.server.use(layer)
  using client = await RawClient.open(started.port)
  client.send(get(started.hostLine))
  await reached
  const closed = started.server.close()
  letGo()
  const reply = await client.reply()
  assert.equal(reply.body.toString(), 'alpha')
  assert.equal(reply.field('connection'), 'close')
  await closed
})

test('close cuts what has not ended after limits.closeMs', async () => {
  const { layer, reached, letGo } = holdingLayer()
  await using started = await startServer(files, { limits: { closeMs: 50 } })
  started.server.use(layer)
  using client = await RawClient.open(started.port)
  client.send(get(started.hostLine))
  await reached
  await started.server.close()
  assert.equal((await client.closed()).length, 0)
  letGo()
})

test('an abort signal closes, before and after listening', async () => {
  const controller = new AbortController()
  const started = await startServer(files, { signal: controller.signal })
  const closed = new Promise<void>((resolve) => started.server.on('close', resolve))
  controller.abort()
  await closed
  assert.equal(await isRefused(started.port), true)
  const late = createServer({ root: started.folder.path, port: 0, signal: controller.signal })
  await assert.rejects(late.listen(), hasCode('E8008_CLOSED'))
  started.folder[Symbol.dispose]()
})

test('await using closes at the end of the block', async () => {
  using folder = new TempFolder()
  let port = 0
  {
    await using server = createServer({ root: folder.path, port: 0, host: '127.0.0.1' })
    port = (await server.listen()).port
  }
  assert.equal(await isRefused(port), true)
})

test('emits listening, request, reply and close in this order', async () => {
  using folder = await new TempFolder().write(files)
  const server = createServer({ root: folder.path, port: 0, host: '127.0.0.1' })
  const seen: string[] = []
  server.on('listening', ({ port }) => seen.push(`listening ${port === server.port}`))
  server.on('request', ({ method, target }) => seen.push(`request ${method} ${target.path}`))
  server.on('reply', ({ status, bytes, aborted }) => seen.push(`reply ${status} ${bytes} ${aborted}`))
  server.on('close', () => seen.push('close'))
  const never = (): void => void seen.push('never')
  server.on('reply', never).off('reply', never)
  const { port } = await server.listen()
  await rawGet(port, '/a.txt')
  await server.close()
  assert.deepEqual(seen, ['listening true', 'request GET /a.txt', 'reply 200 5 false', 'close'])
})

test('the record of a reply holds no credentials', async () => {
  await using started = await startServer(files, { auth: 'ann:open sesame' })
  const basic = Buffer.from('ann:open sesame').toString('base64')
  const record = nextReply(started.server)
  const fields = [
    `Authorization: Basic ${basic}`,
    'Cookie: sid=crumbs',
    'Referer: http://u:hunter2@x.test/?token=t0k3n',
  ]
  assert.equal((await rawGet(started.port, '/a.txt?access_token=s3cret&q=1', fields)).status, 200)
  const { user, target, ...rest } = await record
  assert.equal(user, 'ann')
  assert.match(target, /^\/a\.txt\?access_token=.{1,3}&q=1$/)
  const text = JSON.stringify({ target, ...rest })
  for (const secret of [basic, 'sesame', 'crumbs', 'hunter2', 't0k3n', 's3cret'])
    assert.ok(!text.includes(secret), secret)
})

test('a client that leaves before its reply leaves a record that says so', async () => {
  await using started = await startServer(files)
  const arrival = createGate()
  started.server.use((next) => async (x) => {
    const left = new Promise((resolve) => x.signal.addEventListener('abort', resolve))
    arrival.open()
    await left
    return next(x)
  })
  const record = nextReply(started.server)
  const client = await RawClient.open(started.port)
  client.send(get(started.hostLine))
  await arrival.opened
  client.socket.resetAndDestroy()
  assert.equal((await record).aborted, true)
})

test('layers wrap the routes in the order they were added', async () => {
  await using started = await startServer(files)
  const order: string[] = []
  const layer =
    (name: string): Layer =>
    (next) =>
    async (x) => {
      order.push(`${name} in`)
      const reply = await next(x)
      order.push(`${name} out`)
      return { ...reply, headers: [...reply.headers, 'X-Layer', name] }
    }
  started.server.use(layer('first')).use(layer('second'))
  const reply = await rawGet(started.port, '/a.txt')
  assert.equal(reply.body.toString(), 'alpha')
  assert.deepEqual(order, ['first in', 'second in', 'second out', 'first out'])
  assert.deepEqual(
    reply.fields.filter(([name]) => name === 'x-layer').map(([, value]) => value),
    ['second', 'first'],
  )
})

test('a layer answers instead of the routes, behind the guard and before the filters', async () => {
  await using started = await startServer(files, { headers: { 'x-site': 'yes' } })
  started.server.use((next) => (x) => (x.target.path === '/hello' ? text('hello') : next(x)))
  const reply = await rawGet(started.port, '/hello')
  assert.equal(reply.body.toString(), 'hello')
  assert.equal(reply.field('x-site'), 'yes')
  const foreign = await rawRequest(started.port, 'GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n')
  assert.equal(foreign.status, 421)
})

const broken: readonly (readonly [string, Handler])[] = [
  [
    'throws',
    () => {
      throw new Error('/home/ann/secret.ts exploded')
    },
  ],
  ['rejects', () => Promise.reject(new Error('/home/ann/secret.ts exploded'))],
  [
    'states a field that no message can carry',
    () => ({ status: 200, headers: ['X-Name', 'a\r\nSet-Cookie: b=c'], body: Buffer.from('secret.ts') }),
  ],
  ['states a status that there is not', async () => ({ status: 42, headers: [], body: Buffer.from('secret.ts') })],
]
for (const [name, handler] of broken) {
  test(`a layer that ${name} is a 500 without a stack, and an error event with the cause`, async () => {
    await using started = await startServer(files)
    started.server.use((next) => (x) => (x.target.path === '/broken' ? handler(x) : next(x)))
    const errors: ServeError[] = []
    started.server.on('error', (error) => errors.push(error))
    const record = nextReply(started.server)
    const reply = await rawGet(started.port, '/broken')
    assert.equal(reply.status, 500)
    assert.doesNotMatch(reply.body.toString(), /secret\.ts|exploded|\bat /)
    assert.equal(reply.field('set-cookie'), '')
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['E8008_INTERNAL'],
    )
    assert.ok(errors[0]?.cause instanceof Error)
    assert.equal((await record).status, 500)
    assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
  })
}

test('two servers in one process are independent', async () => {
  await using first = await startServer({ 'a.txt': 'one' }, { headers: { 'x-which': 'first' } })
  await using second = await startServer({ 'a.txt': 'two' })
  let records = 0
  first.server.on('reply', () => records++)
  const [one, two] = await Promise.all([rawGet(first.port, '/a.txt'), rawGet(second.port, '/a.txt')])
  assert.equal(one.body.toString(), 'one')
  assert.equal(two.body.toString(), 'two')
  assert.equal(two.field('x-which'), '')
  await first.server.close()
  assert.equal(records, 1)
  assert.equal((await rawGet(second.port, '/a.txt')).body.toString(), 'two')
})

test('writes the log to the function of the program, and nothing without the option', async () => {
  const lines: string[] = []
  const write = (text: string): void => void lines.push(text)
  const silent = await startServer(files, { write })
  await rawGet(silent.port, '/a.txt')
  await silent[Symbol.asyncDispose]()
  assert.deepEqual(lines, [])
  const logged = await startServer(files, { log: 'json', write })
  await rawGet(logged.port, '/a.txt')
  await logged[Symbol.asyncDispose]()
  assert.equal((JSON.parse(lines.join('')) as AccessRecord).target, '/a.txt')
})

test('a client that leaves within several ranges is recorded as aborted, without an error', async () => {
  await using started = await startServer({ 'large.bin': Buffer.alloc(30_000_000) })
  const faults: ServeError[] = []
  started.server.on('error', (error) => faults.push(error))
  const record = new Promise<AccessRecord>((resolve) => started.server.on('reply', resolve))
  const client = await RawClient.open(started.port)
  const head = `GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\nRange: bytes=0-1,5-29000000\r\n\r\n`
  client.send(head)
  await client.bytes(1000)
  client.socket.resetAndDestroy()
  const { aborted, refusal } = await record
  assert.deepEqual([aborted, refusal, faults], [true, '', []])
})
