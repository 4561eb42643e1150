import assert from 'node:assert/strict'
import { createServer as createNodeServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { createServer, type Layer } from '../../src/index.ts'
import { host, openSite, type Middleware } from '../support/frameworks.ts'
import { startBackend } from '../support/backend.ts'
import { createGate } from '../support/gate.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'a.txt': 'alpha', 'sub/index.html': 'sub' }

/** What Connect, Express and Polka have in common: middlewares that pass on what they do not know. */
function chain(...middlewares: Middleware[]): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const run = (index: number): void => {
      const middleware = middlewares[index]
      if (middleware !== undefined) return middleware(request, response, () => run(index + 1))
      response.writeHead(418).end('from the app')
    }
    run(0)
  }
}

const upgradeMessage = (port: number, token: string, target = '/socket'): string =>
  [`GET ${target} HTTP/1.1`, `Host: localhost:${port}`, 'Connection: Upgrade', `Upgrade: ${token}`, '', ''].join('\r\n')

/** Takes upgrades to `echo` at one path and sends back what comes. */
const echoing: Layer = (next) => (x) => {
  if (x.target.path !== '/socket' || x.headers.get('upgrade') !== 'echo') return next(x)
  return {
    status: 101,
    headers: ['Upgrade', 'echo'],
    body: null,
    takeover: (socket: Duplex) => void socket.pipe(socket),
  }
}

async function assertEchoes(port: number): Promise<RawClient> {
  const client = await RawClient.open(port)
  const reply = await client.send(upgradeMessage(port, 'echo')).reply()
  assert.equal(reply.status, 101)
  assert.equal(reply.field('upgrade'), 'echo')
  assert.equal(reply.field('connection').toLowerCase(), 'upgrade')
  await client.send('hello').bytes(5)
  assert.equal(client.received.toString(), 'hello')
  return client
}

test('the handler answers everything of a bare node:http server', async () => {
  await using opened = await openSite(files)
  await using outer = await host(opened.site.handler)
  assert.equal((await rawGet(outer.port, '/a.txt')).body.toString(), 'alpha')
  assert.equal((await rawGet(outer.port, '/missing')).status, 404)
  const post = `POST /a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`
  assert.equal((await rawRequest(outer.port, post)).status, 405)
  assert.equal((await rawRequest(outer.port, 'GET /a.txt HTTP/1.1\r\nHost: evil.test\r\n\r\n')).status, 421)
})

test('in a chain, unknown paths and methods go on to the next', async () => {
  await using opened = await openSite(files)
  await using outer = await host(chain(opened.site.handler))
  assert.equal((await rawGet(outer.port, '/a.txt')).body.toString(), 'alpha')
  assert.equal((await rawGet(outer.port, '/sub/')).body.toString(), 'sub')
  assert.equal((await rawGet(outer.port, '/missing')).body.toString(), 'from the app')
  const post = `POST /a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`
  assert.equal((await rawRequest(outer.port, post)).body.toString(), 'from the app')
})

test('in a chain, what is refused for its own sake is not passed on', async () => {
  await using opened = await openSite(files)
  await using outer = await host(chain(opened.site.handler))
  assert.equal((await rawRequest(outer.port, 'GET /missing HTTP/1.1\r\nHost: evil.test\r\n\r\n')).status, 421)
  assert.equal((await rawGet(outer.port, '/a.txt%00')).status, 400)
})

test('a request passed to next still has its content', async () => {
  await using opened = await openSite(files)
  const echo: Middleware = (request, response) => {
    response.writeHead(200)
    request.pipe(response)
  }
  await using outer = await host(chain(opened.site.handler, echo))
  const post = `POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`
  assert.equal((await rawRequest(outer.port, post)).body.toString(), 'hello')
})

test('content that a parser has read before does not hold the reply up', async () => {
  await using opened = await openSite(files)
  const parser: Middleware = (request, _, next) => void request.resume().once('end', () => next())
  await using outer = await host(chain(parser, opened.site.handler))
  const message = `GET /a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`
  assert.equal((await rawRequest(outer.port, message)).body.toString(), 'alpha')
})

test('below a base, the rest of the program stays as it is', async () => {
  await using opened = await openSite(files, { base: '/files/' })
  await using outer = await host(chain(opened.site.handler))
  assert.equal((await rawGet(outer.port, '/files/a.txt')).body.toString(), 'alpha')
  assert.equal((await rawGet(outer.port, '/a.txt')).body.toString(), 'from the app')
  assert.equal((await rawGet(outer.port, '/files/sub')).field('location'), '/files/sub/')
})

test('below a base, the front page of the program stays its own', async () => {
  await using opened = await openSite(files, { base: '/files/' })
  await using outer = await host(chain(opened.site.handler))
  assert.equal((await rawGet(outer.port, '/')).body.toString(), 'from the app')
})

test('an upgrade that no layer takes over is left to other listeners of the server', async () => {
  await using opened = await openSite(files)
  await using outer = await host(chain(opened.site.handler))
  outer.server.on('upgrade', opened.site.upgrade)
  outer.server.on('upgrade', (_, socket: Duplex) => socket.end('HTTP/1.1 101 Mine\r\nConnection: Upgrade\r\n\r\n'))
  using client = await RawClient.open(outer.port)
  const reply = await client.send(upgradeMessage(outer.port, 'other')).reply()
  assert.equal(reply.reason, 'Mine')
  assert.equal((await client.closed()).length, 0)
})

test('an upgrade with content is left to other listeners of the server, which may read it', async () => {
  await using opened = await openSite(files, { proxy: { '/': 'http://127.0.0.1:9' } })
  await using outer = await host(opened.site.handler)
  outer.server.on('upgrade', opened.site.upgrade)
  outer.server.on('upgrade', (_, socket: Duplex) => socket.end('HTTP/1.1 101 Mine\r\nConnection: Upgrade\r\n\r\n'))
  using client = await RawClient.open(outer.port)
  client.send(`${upgradeMessage(outer.port, 'other').slice(0, -2)}Content-Length: 5\r\n\r\nhello`)
  assert.equal((await client.reply()).reason, 'Mine')
})

test('the handler without the upgrade listener forwards an upgrade as an ordinary request', async () => {
  await using backend = await startBackend(async (connection) => {
    assert.doesNotMatch(await connection.head(), /upgrade/i)
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  await using opened = await openSite(files, { proxy: { '/socket': `http://127.0.0.1:${backend.port}` } })
  await using outer = await host(opened.site.handler)
  const reply = await rawRequest(outer.port, upgradeMessage(outer.port, 'other'))
  assert.equal(reply.body.toString(), 'ok')
})

test('an upgrade that a layer takes works beside the handler', async () => {
  await using opened = await openSite(files)
  opened.site.use(echoing)
  await using outer = await host(chain(opened.site.handler))
  outer.server.on('upgrade', opened.site.upgrade)
  using client = await assertEchoes(outer.port)
  client.end()
})

test('an upgrade that a layer takes works on a server of our own, is recorded, and ends with it', async () => {
  await using started = await startServer(files)
  started.server.use(echoing)
  await started.server.close()
  const server = createServer({ root: started.folder.path, port: 0, host: '127.0.0.1', limits: { closeMs: 20 } })
  const status = new Promise<number>((resolve) => server.use(echoing).on('reply', (record) => resolve(record.status)))
  const { port } = await server.listen()
  using client = await assertEchoes(port)
  assert.equal(await status, 101)
  await server.close()
  await client.closed()
})

test('an upgrade passes the guard before a layer sees it', async () => {
  await using opened = await openSite(files, { port: 0, host: '127.0.0.1' })
  let seen = 0
  opened.site.use((next) => (x) => {
    seen++
    return next(x)
  })
  const { port } = await opened.site.listen()
  const message = upgradeMessage(port, 'echo').replace(/Host: .*/, 'Host: evil.test')
  assert.equal((await rawRequest(port, message)).status, 421)
  assert.equal(seen, 0)
})

test('an upgrade that no layer takes is an ordinary request', async () => {
  await using opened = await openSite(files, { port: 0, host: '127.0.0.1' })
  opened.site.use(echoing)
  const { port } = await opened.site.listen()
  const reply = await rawRequest(port, upgradeMessage(port, 'other', '/a.txt'))
  assert.equal(reply.status, 200)
  assert.equal(reply.body.toString(), 'alpha')
})

test('survives a client that resets during an upgrade, or after it', async () => {
  await using opened = await openSite(files, { port: 0, host: '127.0.0.1' })
  const arrival = createGate()
  opened.site.use(echoing).use((next) => async (x) => {
    if (x.target.path !== '/held') return next(x)
    const left = new Promise((resolve) => x.signal.addEventListener('abort', resolve))
    arrival.open()
    await left
    return { status: 101, headers: ['Upgrade', 'echo'], body: null, takeover: () => {} }
  })
  const { port } = await opened.site.listen()
  const held = await RawClient.open(port)
  held.send(upgradeMessage(port, 'echo', '/held'))
  await arrival.opened
  held.socket.resetAndDestroy()
  const taken = await assertEchoes(port)
  taken.socket.resetAndDestroy()
  assert.equal((await rawGet(port, '/a.txt')).status, 200)
})

test('a takeover that fails, or a 101 that cannot be written, ends that connection alone', async () => {
  await using opened = await openSite(files, { port: 0, host: '127.0.0.1' })
  const errors: string[] = []
  opened.site.on('error', ({ code }) => errors.push(code))
  opened.site.use((next) => (x) => {
    if (x.headers.get('upgrade') === undefined) return next(x)
    const headers = ['Upgrade', x.target.path === '/split' ? 'a\r\nX: y' : 'echo']
    const takeover = (): never => {
      throw new Error('no')
    }
    return { status: 101, headers, body: null, takeover }
  })
  const { port } = await opened.site.listen()
  for (const target of ['/split', '/throw']) {
    using client = await RawClient.open(port)
    const rest = await client.send(upgradeMessage(port, 'echo', target)).closed()
    assert.doesNotMatch(rest.toString(), /X: y/)
  }
  assert.deepEqual(errors, ['E8008_INTERNAL', 'E8008_INTERNAL'])
  assert.equal((await rawGet(port, '/a.txt')).status, 200)
})

test('an upgrade beside the handler gets a reply when there is no other listener', async () => {
  const server = createServer({ root: '.' })
  const host = createNodeServer((request, response) => server.handler(request, response)).on('upgrade', server.upgrade)
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  using client = await RawClient.open((host.address() as { port: number }).port)
  client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  assert.equal((await client.reply()).status, 200)
  await client.closed()
  host.close()
})

test('an upgrade waits for the replies of the program to the requests before it', async () => {
  const server = createServer({ root: '.' })
  const waiting: ServerResponse[] = []
  const second = createGate()
  const host = createNodeServer((_, response) => void (waiting.push(response) === 2 && second.open()))
  host.on('upgrade', server.upgrade)
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  using client = await RawClient.open((host.address() as { port: number }).port)
  const line = 'GET /x HTTP/1.1\r\nHost: localhost\r\n'
  client.send(`${line}\r\n${line}\r\n${line}Connection: upgrade\r\nUpgrade: x\r\n\r\n`)
  await second.opened
  for (const [i, response] of waiting.entries()) response.end(String(i))
  for (const text of ['0', '1']) assert.equal((await client.reply()).body.toString(), text)
  assert.equal((await client.reply()).status, 404)
  await client.closed()
  host.close()
})

test('middleware that replaces write gets a large file whole', async () => {
  const content = Buffer.from('0123456789'.repeat(300_000))
  using folder = await new TempFolder().write({ 'large.bin': content })
  const server = createServer({ root: folder.path })
  const host = createNodeServer((request, response) => {
    const write = response.write.bind(response)
    // as a compressor does: keeps the chunk a while, forgets the callback
    Object.assign(response, { write: (chunk: Buffer) => write(chunk) })
    server.handler(request, response)
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  const reply = await rawGet((host.address() as { port: number }).port, '/large.bin')
  assert.ok(reply.body.equals(content))
  host.close()
})

for (const properties of [{ baseUrl: '/p' }, {}]) {
  test(`a redirect stays below the mount of ${'baseUrl' in properties ? 'Express' : 'Connect'}`, async () => {
    using folder = await new TempFolder().write({ 'sub/index.html': 'sub' })
    const server = createServer({ root: folder.path })
    const host = createNodeServer((request, response) => {
      Object.assign(request, { originalUrl: request.url, url: request.url?.slice(2), ...properties })
      server.handler(request, response)
    })
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
    const { port } = host.address() as { port: number }
    assert.equal((await rawGet(port, '/p/sub?x')).field('location'), '/p/sub/?x')
    assert.equal((await rawGet(port, '/p/sub/')).body.toString(), 'sub')
    host.close()
  })
}

test('content of an upgrade without another listener reaches the program', async () => {
  const server = createServer()
  const host = createNodeServer((request, response) => void request.pipe(response)).on('upgrade', server.upgrade)
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  using client = await RawClient.open((host.address() as { port: number }).port)
  client.send(
    'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello',
  )
  assert.equal((await client.reply()).body.toString(), 'hello')
  await client.closed()
  host.close()
})

test('a mount that the client chooses cannot lead to another host', async () => {
  using folder = await new TempFolder().write({ 'sub/index.html': 'sub' })
  const server = createServer({ root: folder.path })
  for (const [baseUrl, location] of [
    ['/\\evil.test', '/%5Cevil.test/sub/'],
    ['//evil.test', '/evil.test/sub/'],
    ['/p#', '/p%23/sub/'],
    ['/p\r\nX: y', '/p%0D%0AX:%20y/sub/'],
    ['/\u{1f600}', '/%F0%9F%98%80/sub/'],
    ['/\ud800', '/%EF%BF%BD/sub/'],
    ['https://evil.test', '/https://evil.test/sub/'],
  ] as const) {
    const host = createNodeServer((request, response) => {
      Object.assign(request, { baseUrl })
      server.handler(request, response)
    })
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
    const { port } = host.address() as { port: number }
    const reply = await rawGet(port, '/sub')
    host.close()
    assert.deepEqual([reply.status, reply.field('location')], [307, location])
  }
})
