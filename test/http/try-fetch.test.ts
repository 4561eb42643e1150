import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer as createNodeServer } from 'node:http'
import { H3, toNodeHandler } from 'h3'
import { Hono } from 'hono'
import { createServer, isServeError, type ServeOptions } from '../../src/index.ts'
import { host, openSite } from '../support/frameworks.ts'

const files = { 'index.html': '<title>home</title>', 'a.txt': 'alpha', 'sub/index.html': 'sub', '404.html': 'missing' }

const unclaimed: readonly (readonly [string, string, RequestInit?])[] = [
  ['a file that is not there', '/nope'],
  ['a method that files do not have', '/a.txt', { method: 'POST', body: 'x' }],
  ['a path that no file can have', '/api/a%2Fb'],
  ['a dotfile', '/.env'],
  ['a preflight of a path that is not there', '/nope', { method: 'OPTIONS' }],
]
for (const [what, path, init] of unclaimed) {
  test(`tryFetch resolves to undefined for ${what}`, async () => {
    await using opened = await openSite(files)
    assert.equal(await opened.site.tryFetch(`http://localhost${path}`, init), undefined)
    assert.notEqual((await opened.site.fetch(`http://localhost${path}`, init)).status, 200)
  })
}

test('tryFetch answers what is ours, refusals included', async () => {
  await using opened = await openSite(files)
  const { site } = opened
  assert.equal(await (await site.tryFetch('http://localhost/a.txt'))?.text(), 'alpha')
  assert.equal((await site.tryFetch(new Request('http://localhost/sub')))?.status, 307)
  assert.equal((await site.tryFetch('http://localhost/a.txt', { method: 'OPTIONS' }))?.status, 204)
  assert.equal((await site.tryFetch('http://evil.test/a.txt'))?.status, 421)
  assert.equal(
    (await site.tryFetch(new URL('http://localhost/a.txt'), { method: 'HEAD' }))?.headers.get('content-length'),
    '5',
  )
})

test('tryFetch leaves the content of what is not ours unread', async () => {
  await using opened = await openSite(files)
  const request = new Request('http://localhost/api', { method: 'POST', body: 'hello' })
  assert.equal(await opened.site.tryFetch(request), undefined)
  assert.equal(request.bodyUsed, false)
  assert.equal(await request.text(), 'hello')
})

async function forwarding(options: ServeOptions = {}): ReturnType<typeof openSite> {
  const upstream = await host((request, response) => void request.pipe(response))
  const opened = await openSite(files, { proxy: { '/up': upstream.port }, ...options })
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

for (const name of ['fetch', 'tryFetch'] as const) {
  test(`${name} forwards content, and says so where it was read before`, async () => {
    await using opened = await forwarding()
    const post = (): Request => new Request('http://localhost/up', { method: 'POST', body: 'hello' })
    assert.equal(await (await opened.site[name](post()))?.text(), 'hello')
    const read = post()
    await read.json().catch(() => {})
    const refused = await opened.site[name](read)
    assert.equal(refused?.status, 500)
    assert.match(await refused.text(), /E8008_BODY_READ/)
  })

  for (const [input, whole] of [
    ['ftp://localhost/a?b=1', 'http://localhost/a?b=1'],
    ['localhost:8008/a', 'http://localhost:8008/a'],
    ['file:///a', 'http://localhost/'],
    ['data:text/plain,a', 'http://localhost/'],
  ] as const) {
    test(`${name} refuses the scheme of ${input}`, async () => {
      for (const given of [input, new URL(input), new Request(input)]) {
        await assert.rejects(createServer()[name](given), (error) => {
          assert.ok(isServeError(error) && error.code === 'E8008_CONFIG_INVALID')
          assert.equal(error.message, `${name}() takes an http or https URL, and got "${input}".`)
          assert.equal(error.hint, `write ${name}('${whole}')`)
          return true
        })
      }
    })
  }

  for (const [input, hint] of [
    ['/about', `write ${name}('http://localhost/about')`],
    ['about?x', `write ${name}('http://localhost/about?x')`],
    ['', `write ${name}('http://localhost/')`],
  ] as const) {
    test(`${name}(${JSON.stringify(input)}) says what to write`, async () => {
      await assert.rejects(createServer()[name](input), (error) => {
        assert.ok(isServeError(error) && error.code === 'E8008_CONFIG_INVALID')
        assert.equal(error.message, `${name}() takes a whole URL, and got "${input}".`)
        assert.equal(error.hint, hint)
        return true
      })
    })
  }
}

test('Hono: leaves what is not ours to the app, with its content', async () => {
  await using opened = await forwarding()
  const app = new Hono()
  app.use(async (c, next) => (await opened.site.tryFetch(c.req.raw)) ?? next())
  app.get('/api/hello', (c) => c.json({ hello: 'world' }))
  app.post('/api/echo', async (c) => c.text(await c.req.text()))
  app.options('/api/hello', (c) => c.body(null, 204, { 'x-from': 'hono' }))
  const ask = (path: string, init?: RequestInit) => app.fetch(new Request(`http://localhost${path}`, init))
  assert.equal(await (await ask('/a.txt')).text(), 'alpha')
  assert.equal(await (await ask('/')).text(), '<title>home</title>')
  assert.deepEqual(await (await ask('/api/hello')).json(), { hello: 'world' })
  assert.equal(await (await ask('/api/echo', { method: 'POST', body: 'hi' })).text(), 'hi')
  assert.equal(await (await ask('/up', { method: 'POST', body: 'hi' })).text(), 'hi')
  assert.equal((await ask('/api/hello', { method: 'OPTIONS' })).headers.get('x-from'), 'hono')
  assert.equal((await ask('/nope')).status, 404)
  const part = await ask('/a.txt', { headers: { range: 'bytes=0-0' } })
  assert.deepEqual([part.status, await part.text()], [206, 'a'])
})

test('h3: leaves what is not ours to the app, over a port as well', async () => {
  await using opened = await forwarding()
  const app = new H3()
    .use((event) => opened.site.tryFetch(event.req))
    .get('/api/hello', () => ({ hello: 'world' }))
    .post('/api/echo', async (event) => await event.req.text())
  const local = (path: string, init?: RequestInit) => app.fetch(new Request(`http://localhost${path}`, init))
  const server = createNodeServer(toNodeHandler(app))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const remote = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  for (const ask of [local, remote]) {
    assert.equal(await (await ask('/a.txt')).text(), 'alpha')
    assert.deepEqual(await (await ask('/api/hello')).json(), { hello: 'world' })
    assert.equal(await (await ask('/api/echo', { method: 'POST', body: 'hi' })).text(), 'hi')
    assert.equal(await (await ask('/up', { method: 'POST', body: 'hi' })).text(), 'hi')
    assert.equal((await ask('/sub', { redirect: 'manual' })).headers.get('location'), '/sub/')
    assert.equal((await ask('/nope')).status, 404)
  }
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
