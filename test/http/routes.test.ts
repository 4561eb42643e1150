import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { AccessRecord, ServeOptions } from '../../src/index.ts'
import { answering, startBackend } from '../support/backend.ts'
import { RawClient, rawRequest } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const manual = { redirect: 'manual' } as const

describe('redirect routes', () => {
  test('redirect to the configured URL, with the query of the request', async () => {
    const routes = [
      { match: { path: '/old' }, redirect: '/new#part' },
      { match: { exact: '/there' }, redirect: 'https://example.test/?from=here', status: 301 } as const,
    ]
    await using started = await startServer({ 'new.html': 'new' }, { routes })
    const ask = (path: string): Promise<Response> => started.server.fetch(`http://localhost${path}`, manual)
    const old = await ask('/old/x?a=1')
    assert.equal(old.status, 307)
    assert.equal(old.headers.get('location'), '/new?a=1#part')
    const there = await ask('/there?a=1')
    assert.equal(there.status, 301)
    assert.equal(there.headers.get('location'), 'https://example.test/?from=here')
  })

  test('do not depend on the path of the request', async () => {
    await using started = await startServer({}, { routes: [{ match: { path: '/old' }, redirect: '/new' }] })
    for (const path of ['/old//evil.test', '/old/%0d%0aX:1', '/old/..%2f%2fevil.test']) {
      const reply = await started.server.fetch(`http://localhost${path}`, manual)
      const location = reply.headers.get('location')
      assert.ok(location === null || location === '/new', path)
    }
  })
})

describe('fixed replies', () => {
  test('answer every method with the configured reply', async () => {
    const routes = [{ match: { path: '/gone' }, reply: { status: 410, headers: { 'X-A': '1' }, body: 'gone' } }]
    await using started = await startServer({}, { routes })
    const reply = await started.server.fetch('http://localhost/gone/x', { method: 'POST' })
    assert.equal(reply.status, 410)
    assert.equal(reply.headers.get('x-a'), '1')
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/)
    assert.equal(await reply.text(), 'gone')
  })
})

describe('hosts of routes', () => {
  test('are allowed, also below a wildcard, and no others', async () => {
    const reply = { body: 'ok' }
    const routes = [
      { match: { host: 'api.test' }, reply },
      { match: { host: '*.dev.test' }, reply },
    ]
    await using started = await startServer({}, { routes })
    const status = async (host: string): Promise<number> => (await started.server.fetch(`http://${host}/`)).status
    assert.equal(await status('api.test'), 200)
    assert.equal(await status('a.dev.test'), 200)
    for (const host of ['dev.test', 'evildev.test', 'x.api.test', 'other.test'])
      assert.equal(await status(host), 421, host)
  })
})

describe('server.routes', () => {
  test('adds, lists and removes routes while the server runs', async () => {
    await using started = await startServer({ 'a.txt': 'file' })
    const { server } = started
    const text = async (path: string): Promise<string> => (await server.fetch(`http://localhost${path}`)).text()
    assert.equal(await text('/a.txt'), 'file')
    server.routes.add({ match: { path: '/a.txt' }, reply: { body: 'route' } })
    assert.equal(await text('/a.txt'), 'route')
    assert.deepEqual(
      server.routes.list().map(({ id }) => id),
      ['/a.txt'],
    )
    assert.throws(() => server.routes.add({ match: { path: '/a.txt' }, reply: {} }), { code: 'E8008_CONFIG_INVALID' })
    assert.equal(server.routes.remove('/a.txt'), true)
    assert.equal(server.routes.remove('/a.txt'), false)
    assert.equal(await text('/a.txt'), 'file')
  })

  test('knows an added route by the id that it returns', async () => {
    await using started = await startServer({})
    const { routes } = started.server
    const withSession = (session: string) => ({ match: { path: '/a', cookie: { session } }, reply: {} })
    assert.equal(routes.add(withSession('one')), '/a [cookie session=…]')
    assert.equal(routes.add(withSession('two')), '/a [cookie session=…] #2')
    assert.equal(routes.add({ id: 'mine', match: { path: '/b' }, reply: {} }), 'mine')
    const taken = { code: 'E8008_CONFIG_INVALID', message: 'There is a route "mine" already.' }
    assert.throws(() => routes.add({ id: 'mine', match: { path: '/c' }, reply: {} }), taken)
    assert.throws(() => routes.add({ match: { path: '/b' }, reply: {} }), taken)
    assert.equal(routes.remove('/a [cookie session=…]'), true)
    assert.deepEqual(
      routes.list().map(({ id }) => id),
      ['/a [cookie session=…] #2', 'mine'],
    )
  })

  test('keeps an unchanged route open while others come, change and go', async () => {
    const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n'
    await using one = await answering(`${head}1`)
    await using two = await answering(`${head}2`)
    // Who is next is part of what an open route knows.
    const shared = { match: { path: '/api', header: { 'x-a': true } }, proxy: { to: [one.port, two.port] } }
    await using started = await startServer({}, { routes: [shared] })
    const { routes } = started.server
    const ask = async (): Promise<string> =>
      (await started.server.fetch('http://localhost/api', { headers: { 'x-a': '1' } })).text()
    assert.equal(await ask(), '1')
    const first = { match: { path: '/first' }, redirect: '/api' }
    routes.replace({ routes: [first, shared] })
    assert.equal(await ask(), '2', 'another route in front')
    assert.equal(await ask(), '1')
    routes.replace({ proxy: { '/other': 3000 }, routes: [shared, { ...first, redirect: '/' }] })
    assert.equal(await ask(), '2', 'a changed one behind')
    assert.equal(await ask(), '1')
    assert.throws(() => routes.replace({ routes: [shared, first, first] }), { code: 'E8008_CONFIG_INVALID' })
    assert.equal(await ask(), '2', 'routes that were refused')
    assert.equal(await ask(), '1')
    routes.replace({ routes: [{ ...shared, proxy: { ...shared.proxy, debug: true } }] })
    assert.equal(await ask(), '1', 'it is changed itself')
  })

  test('keeps the old routes if the new ones are invalid', async () => {
    await using started = await startServer(
      {},
      { routes: [{ id: 'old', match: { path: '/x' }, reply: { body: 'old' } }] },
    )
    const { routes, fetch } = started.server
    const tied = { match: { path: '/x' }, reply: {} }
    assert.throws(() => routes.add(tied), { code: 'E8008_CONFIG_INVALID' })
    assert.throws(() => routes.replace({ routes: [tied, tied] }), { code: 'E8008_CONFIG_INVALID' })
    assert.throws(() => routes.replace({ proxy: { '/x': 'htp://a' } }), { code: 'E8008_CONFIG_INVALID' })
    const reply = await fetch.call(started.server, 'http://localhost/x')
    assert.equal(await reply.text(), 'old')
  })

  test('allows an added host at once', async () => {
    await using started = await startServer({})
    const status = async (): Promise<number> => (await started.server.fetch('http://new.test/')).status
    assert.equal(await status(), 421)
    started.server.routes.add({ match: { host: 'new.test' }, reply: { body: 'ok' } })
    assert.equal(await status(), 200)
    started.server.routes.remove('new.test')
    assert.equal(await status(), 421)
  })
})

describe('the record of a request', () => {
  const closed = 'http://127.0.0.1:9'
  /** Route, upstream and reason in the record of a request. */
  async function namesOf(target: string, options: ServeOptions, lines = ''): Promise<string[]> {
    await using started = await startServer({ 'a.txt': 'a' }, options)
    const records: AccessRecord[] = []
    started.server.on('reply', (record) => records.push(record))
    using client = await RawClient.open(started.port)
    client.send(`GET ${target} HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n${lines}\r\n`)
    await client.closed()
    return records.map(({ route, upstream, reason }) => [route, upstream, reason].join('|'))
  }

  for (const [what, target, options, wanted] of [
    ['a backend that does not run', '/api/x', { proxy: { '/api': closed } }, '/api|127.0.0.1:9|refused'],
    ['several of them', '/x', { proxy: { '/': { to: [closed, closed] } } }, '/|127.0.0.1:9|refused'],
    ['a redirect', '/old', { routes: [{ id: 'moved', match: { path: '/old' }, redirect: '/new' }] }, 'moved||'],
    ['a fixed reply', '/gone', { routes: [{ match: { path: '/gone' }, reply: {} }] }, '/gone||'],
    ['a file beside routes', '/a.txt', { proxy: { '/api': closed } }, '||'],
    ['a file', '/a.txt', {}, '||'],
  ] as readonly (readonly [string, string, ServeOptions, string])[]) {
    test(`names the route, the upstream and the reason of ${what}`, async () => {
      assert.deepEqual(await namesOf(target, options), [wanted])
    })
  }

  test('names the upstream that answered, without a reason', async () => {
    await using backend = await startBackend(async (connection) => {
      await connection.head()
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
    const there = `127.0.0.1:${backend.port}`
    assert.deepEqual(await namesOf('/', { proxy: { '/': `http://${there}` } }), [`/|${there}|`])
    // The first upstream refuses the connection, which leaves no trace in the record.
    const shared = { '/': { to: [closed, `http://${there}`], retries: 1 } }
    assert.deepEqual(await namesOf('/', { proxy: shared }), [`/|${there}|`])
  })

  test('names them for an upgrade', async () => {
    const lines = 'Upgrade: x\r\n'
    const upgrade = `${lines}Connection: upgrade\r\n`
    assert.deepEqual(await namesOf('/up', { proxy: { '/up': { to: closed, hold: 0 } } }, upgrade), [
      '/up|127.0.0.1:9|refused',
    ])
  })
})

test('a tie is an error before the server listens', async () => {
  const route = { match: { path: '/x' }, redirect: '/y' }
  await assert.rejects(startServer({}, { routes: [route, route] }), { code: 'E8008_CONFIG_INVALID' })
})

test('answers OPTIONS * itself', async () => {
  await using started = await startServer({}, { routes: [{ match: { path: '/' }, reply: { body: 'x' } }] })
  const reply = await rawRequest(started.port, `OPTIONS * HTTP/1.1\r\n${started.hostLine}\r\n\r\n`, 'OPTIONS')
  assert.equal(reply.status, 204)
  assert.equal(reply.field('allow'), 'GET, HEAD, OPTIONS')
})

test('folders answer the same with and without routes', async () => {
  await using started = await startServer(
    { 'index.html': 'home', 'sub/index.html': 'sub' },
    { routes: [{ match: { path: '/api' }, reply: { body: 'api' } }] },
  )
  const ask = (path: string): Promise<Response> => started.server.fetch(`http://localhost${path}`, manual)
  assert.equal(await (await ask('/')).text(), 'home')
  assert.equal((await ask('/sub')).headers.get('location'), '/sub/')
  assert.equal((await ask('/apix')).status, 404)
  assert.equal(await (await ask('/api')).text(), 'api')
})

test('does not forward the credentials of this server, but those of others', async () => {
  await using backend = await startBackend()
  const basic = `Authorization: Basic ${Buffer.from('me:secret').toString('base64')}\r\n`
  for (const auth of ['me:secret', undefined]) {
    const options = auth === undefined ? {} : { auth }
    await using front = await startServer({}, { proxy: { '/api': `http://127.0.0.1:${backend.port}` }, ...options })
    using client = await RawClient.open(front.port)
    client.send(`GET /api HTTP/1.1\r\n${front.hostLine}\r\n${basic}\r\n`)
    const head = await (await backend.next()).head()
    assert.equal(/authorization/i.test(head), auth === undefined)
  }
})

test('closing the server ends tunnels to other servers at once', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  const { port } = sockets.address() as AddressInfo
  await using front = await startServer({}, { proxy: { '/ws': `ws://127.0.0.1:${port}` }, limits: { closeMs: 60_000 } })
  const client = new WebSocket(`ws://localhost:${front.port}/ws`)
  await once(client, 'open')
  const closed = once(client, 'close')
  await front.server.close()
  await closed
  sockets.close()
})
