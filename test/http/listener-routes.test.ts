import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocketServer, WebSocket } from 'ws'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { createServer, isServeError, type ServeOptions } from '../../src/index.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { ask, openSecureSession } from '../support/http2.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { openListener, startSecure } from '../support/secure.ts'
import { freePort } from '../support/free-port.ts'

const listeners = [
  { name: 'client', port: 0 },
  { name: 'federation', port: 0, tls: true },
]
const routes = [
  { match: { path: '/a', listener: 'federation' }, reply: { body: 'federation' } },
  { match: { path: '/a', listener: ['client', 'federation'], method: 'DELETE' }, reply: { body: 'both' } },
  { match: { path: '/b', listener: 'client' }, reply: { body: 'client' } },
] as const
const files = { 'index.html': '<h1>page</h1>' }

function problemOf(options: ServeOptions): string {
  try {
    createServer(options)
  } catch (error) {
    if (isServeError(error)) return `${error.message}; ${error.hint}`
  }
  return ''
}

test('a route for a listener answers there alone', async () => {
  await using started = await startSecure(files, { listeners, routes })
  const bound = (await started.server.listen()).listeners
  const port = bound[0]?.port ?? 0
  assert.equal((await rawGet(port, '/b/x')).body.toString(), 'client')
  assert.equal((await rawGet(port, '/a')).status, 404)
  using client = await openListener(started, 'federation')
  const get = async (path: string, method = 'GET'): Promise<string> => {
    client.send(`${method} ${path} HTTP/1.1\r\nHost: localhost:${bound[1]?.port}\r\n\r\n`)
    const { status, body } = await client.reply()
    return `${status} ${status === 200 ? body.toString() : ''}`
  }
  assert.equal(await get('/a'), '200 federation')
  assert.equal(await get('/b'), '404 ')
  assert.equal(await get('/a', 'DELETE'), '200 both')
  // No listener accepts what a program asks itself.
  assert.equal((await started.server.fetch('http://localhost/a')).status, 404)
})

test('it does so over HTTP/2, and for upgrades', async (t) => {
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(backend, 'listening')
  t.after(() => backend.close())
  const { port } = backend.address() as { port: number }
  const socket = { match: { path: '/ws', listener: 'federation' }, proxy: `http://127.0.0.1:${port}` }
  await using started = await startSecure(files, { listeners, routes: [...routes, socket] })
  const [plain, secure] = (await started.server.listen()).listeners.map((each) => each.port)
  using session = openSecureSession({ tlsPort: secure ?? 0, ca: started.ca })
  const reply = await ask(session, { ':path': '/a' })
  assert.deepEqual([reply.status, reply.body.toString()], [200, 'federation'])
  assert.equal((await ask(session, { ':path': '/b' })).status, 404)
  const opened = new WebSocket(`wss://localhost:${secure}/ws`, { ca: started.ca })
  await once(opened, 'open')
  opened.terminate()
  const refused = new WebSocket(`ws://localhost:${plain}/ws`)
  const [error] = (await once(refused, 'error')) as [Error]
  assert.match(error.message, /404/)
})

test('its id, explain and an error name the listener', async () => {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const named = [
    { name: 'client', port },
    { name: 'federation', port: tlsPort, tls: true },
  ]
  const config = resolveConfig({ listeners: named, routes })
  assert.deepEqual(
    config.routes.map(({ id }) => id),
    ['/a [listener federation]', 'DELETE /a [listener client,federation]', '/b [listener client]'],
  )
  const explain = async (url: string): Promise<unknown> => {
    const { route, lost } = (await explainRequest(config, { method: 'GET', url, headers: [] })) ?? {}
    return [route, lost?.find((each) => each.route === '/b [listener client]')?.why]
  }
  assert.deepEqual(await explain(`https://localhost:${tlsPort}/a`), ['/a [listener federation]', 'path does not match'])
  assert.deepEqual(await explain(`https://localhost:${tlsPort}/b`), ['/', 'listener is not client'])
  assert.deepEqual(await explain(`http://localhost:${port}/b`), ['/b [listener client]', undefined])

  const wrong = [{ match: { listener: 'federaton' }, reply: {} }]
  assert.equal(
    problemOf({ listeners, routes: wrong }),
    'routes.0.match.listener: there is no listener "federaton"; use one of "client", "federation"',
  )
  assert.equal(
    problemOf({ port: 3000, tls: true, tlsPort: 3443, routes: wrong }),
    'routes.0.match.listener: there is no listener "federaton"; use one of "http:3000", "https:3443"',
  )
  assert.match(
    problemOf({ listeners, sites: [{ host: 'a.localhost', routes: wrong }] }),
    /^sites\.0\.routes\.0\.match\.listener: there is no listener/,
  )
  assert.equal(problemOf({ listeners, sites: [{ host: 'a.localhost', routes }] }), '')
})

test('a route that is added to a running server names one of its listeners', async () => {
  await using started = await startSecure(files, { listeners })
  const { server } = started
  const [plain] = (await server.listen()).listeners
  const refused = { code: 'E8008_CONFIG_INVALID', message: /route\.match\.listener: there is no listener "other"/ }
  assert.throws(() => server.routes.add({ match: { listener: 'other' }, reply: {} }), refused)
  assert.equal(server.routes.add({ match: { listener: 'client' }, reply: { body: 'x' } }), '/ [listener client]')
  assert.equal((await rawGet(plain?.port ?? 0, '/')).body.toString(), 'x')
  await server.sites.add({ host: 'a.localhost', routes: [{ match: { listener: 'client' }, reply: { body: 'site' } }] })
  const message = 'GET / HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n'
  assert.equal((await rawRequest(plain?.port ?? 0, message)).body.toString(), 'site')
})
