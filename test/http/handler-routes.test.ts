import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { H3 } from 'h3'
import { Hono } from 'hono'
import { createServer, type FetchHandler, type RouteOptions } from '../../src/index.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { rawGet } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const files = { 'a.txt': 'alpha', 'fn/file.txt': 'a file' }
const match = { path: '/fn' }

const apps: Readonly<Record<string, RouteOptions['handler']>> = {
  'an app of Hono': new Hono().get('/fn/user', (c) => c.json({ id: 1 })),
  'an app of h3': new H3().get('/fn/user', () => ({ id: 1 })) as { readonly fetch: FetchHandler },
  'a function': ({ url }) =>
    new URL(url).pathname === '/fn/user' ? Response.json({ id: 1 }) : new Response('none', { status: 404 }),
}

describe('handler routes', () => {
  for (const [name, handler] of Object.entries(apps)) {
    test(`${name} answers below its path, also with its own 404`, async () => {
      await using started = await startServer(files, { routes: [{ match, handler }] })
      assert.equal((await rawGet(started.port, '/fn/user')).body.toString().replaceAll(/\s/g, ''), '{"id":1}')
      assert.equal((await rawGet(started.port, '/fn/file.txt')).status, 404)
      assert.equal((await rawGet(started.port, '/a.txt')).body.toString(), 'alpha')
    })
  }

  test('leave to the files what they return undefined or x-middleware-next for', async () => {
    const pass = { headers: { 'x-middleware-next': '1' } }
    const handler: FetchHandler = ({ url }) => (url.endsWith('?pass') ? new Response(null, pass) : undefined)
    await using started = await startServer(files, { routes: [{ id: 'fn', match, handler }] })
    const records: string[] = []
    started.server.on('reply', ({ route }) => void records.push(route))
    for (const path of ['/fn/file.txt', '/fn/file.txt?pass']) {
      assert.equal((await rawGet(started.port, path)).body.toString(), 'a file')
    }
    assert.equal((await rawGet(started.port, '/fn/none')).status, 404)
    assert.deepEqual(records, ['', '', ''])
  })

  test('keep the object that the method fetch belongs to', async () => {
    const app = {
      count: 0,
      fetch() {
        this.count++
        return new Response(String(this.count))
      },
    }
    await using started = await startServer({}, { routes: [{ match, handler: app }] })
    assert.equal((await rawGet(started.port, '/fn')).body.toString(), '1')
    assert.equal(app.count, 1)
    assert.ok(!Object.isFrozen(app))
  })

  test('are shown by the name of their function, without its code', async () => {
    function answer(): Response {
      return new Response('ok')
    }
    const routes = [
      { match: { path: '/a' }, handler: answer },
      { match: { path: '/b' }, handler: new Hono() },
      { match: { path: '/c' }, handler: { fetch: answer } },
    ]
    const server = createServer({ routes })
    const shown = JSON.parse(JSON.stringify(server.config.routes.map(({ action }) => action))) as unknown
    assert.deepEqual(shown, [
      { kind: 'handler', handler: '(function answer)' },
      { kind: 'handler', handler: '(object Hono)' },
      { kind: 'handler', handler: '(object with fetch)' },
    ])
    assert.equal(
      server.routes.list().some(({ action }) => 'call' in action),
      false,
    )
    const config = resolveConfig({ routes })
    const explained = await explainRequest(config, { method: 'GET', url: '/b/x', headers: [] })
    assert.equal(explained?.kind, 'handler')
    assert.equal(explained.text, 'answered by (object Hono)')
  })

  test('are added, replaced and removed while the server runs', async () => {
    await using started = await startServer({})
    const { routes } = started.server
    const body = async (): Promise<string> => (await rawGet(started.port, '/fn')).body.toString()
    routes.add({ id: 'fn', match, handler: () => new Response('one') })
    assert.equal(await body(), 'one')
    routes.replace({ routes: [{ match, handler: () => new Response('two') }] })
    assert.equal(await body(), 'two')
    assert.equal(routes.remove('/fn'), true)
    assert.equal((await rawGet(started.port, '/fn')).status, 404)
  })

  test('refuse a path that servers read in two ways', async () => {
    const routes = [{ match, handler: () => new Response('ok') }]
    await using started = await startServer({}, { routes })
    assert.equal((await rawGet(started.port, '/fn/%2e%2e/a.txt')).status, 400)
  })
})

describe('the option handler', () => {
  const handler: FetchHandler = ({ url, method }) =>
    url.endsWith('/pass') ? undefined : new Response(`${method} handled`, { status: 203 })

  test('answers what no route and no file does, in every method', async () => {
    const routes = [{ match: { path: '/old' }, redirect: '/new' }]
    await using started = await startServer({ ...files, 'sub/index.html': 'index' }, { handler, routes })
    const ask = async (path: string, method = 'GET'): Promise<string> => {
      const reply = await started.server.fetch(`http://localhost${path}`, { method, redirect: 'manual' })
      return `${reply.status} ${await reply.text()}`
    }
    assert.equal(await ask('/a.txt'), '200 alpha')
    assert.equal(await ask('/sub/'), '200 index')
    assert.equal(await ask('/a.txt', 'POST'), '203 POST handled')
    assert.equal(await ask('/'), '203 GET handled')
    assert.equal(await ask('/none'), '203 GET handled')
    assert.equal(await ask('/old'), '307 ')
    assert.match(await ask('/pass'), /^404 /)
  })

  test('is shown by its name, and explained', async () => {
    assert.equal(createServer({ handler }).config.handler, '(function handler)')
    assert.equal(createServer({}).config.handler, undefined)
    const config = resolveConfig({ handler }, { cwd: process.cwd() })
    const explained = await explainRequest(config, { method: 'GET', url: '/none', headers: [] })
    assert.deepEqual([explained?.kind, explained?.text], ['handler', 'no file: answered by (function handler)'])
    const file = await explainRequest(config, { method: 'GET', url: '/package.json', headers: [] })
    assert.deepEqual([file?.kind, file?.answer?.status], ['folder', 200])
  })

  test('is no path in the library, which loads no module', () => {
    assert.throws(() => createServer({ handler: './app.ts' }), /handler: the library loads no module, and got "/)
  })
})
