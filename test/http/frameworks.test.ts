import assert from 'node:assert/strict'
import { createServer as createNodeServer } from 'node:http'
import { test } from 'node:test'
import type { ServeError } from '../../src/index.ts'
import { connect, express, host, openSite, type App, type Middleware } from '../support/frameworks.ts'
import { rawGet, rawRequest, type RawReply } from '../support/raw.ts'

const files = {
  'index.html': '<link rel="stylesheet" href="style.css">',
  'a.txt': 'alpha',
  'about.html': 'about',
  'sub/index.html': 'sub',
  'list/b.txt': 'beta',
}

/** What stands behind the site: it says what came. */
const behind: Middleware = (request, response) => {
  response.writeHead(request.method === 'OPTIONS' ? 200 : 418, { 'x-behind': `${request.method} ${request.url}` })
  response.end('from the app')
}

function ask(
  port: number,
  method: string,
  target: string,
  lines: readonly string[] = [],
  body = '',
): Promise<RawReply> {
  const head = [`${method} ${target} HTTP/1.1`, `Host: localhost:${port}`, 'Connection: close', ...lines]
  if (body !== '') head.push(`Content-Length: ${body.length}`)
  return rawRequest(port, `${head.join('\r\n')}\r\n\r\n${body}`, method)
}

const preflight = (method: string): string[] => ['Origin: https://app.test', `Access-Control-Request-Method: ${method}`]

const apps: readonly (readonly [string, () => App])[] = [
  ['Express', express],
  ['Connect', connect],
]

for (const [name, create] of apps) {
  test(`${name}: leaves OPTIONS for other paths to the app, which answers its own preflights`, async () => {
    await using opened = await openSite(files)
    await using app = await host(create().use(opened.site.handler).use(behind))
    // Connect takes an asterisk for no path at all.
    const server = name === 'Express' ? ['*'] : []
    for (const target of ['/nope', '/api/users', '/sub/nope', '/a.txt/', '/.env', '/api/a%2Fb', ...server]) {
      const reply = await ask(app.port, 'OPTIONS', target, preflight('PUT'))
      assert.equal(reply.field('x-behind'), `OPTIONS ${target}`, target)
    }
    for (const target of ['/', '/a.txt', '/about', '/sub', '/sub/', '/list/', '/list']) {
      const reply = await ask(app.port, 'OPTIONS', target)
      assert.deepEqual([reply.status, reply.field('allow')], [204, 'GET, HEAD, OPTIONS'], target)
    }
  })

  test(`${name}: with cors the preflights of other paths go on as well`, async () => {
    await using opened = await openSite(files, { cors: true, proxy: { '/up': 9 } })
    await using app = await host(create().use(opened.site.handler).use(behind))
    const ours = await ask(app.port, 'OPTIONS', '/a.txt', preflight('GET'))
    assert.deepEqual([ours.status, ours.field('access-control-allow-origin')], [204, '*'])
    assert.equal(
      (await ask(app.port, 'OPTIONS', '/up/x', preflight('PUT'))).field('access-control-allow-methods'),
      'PUT',
    )
    assert.equal((await ask(app.port, 'OPTIONS', '/api', preflight('PUT'))).field('x-behind'), 'OPTIONS /api')
  })

  test(`${name}: what stands behind a password or a layer keeps its preflights`, async () => {
    await using locked = await openSite(files, { cors: true, auth: 'ann:secret' })
    await using layered = await openSite(files, { cors: true })
    layered.site.use((next) => next)
    for (const { site } of [locked, layered]) {
      await using app = await host(create().use(site.handler).use(behind))
      for (const target of ['/a.txt', '/nope']) {
        assert.equal((await ask(app.port, 'OPTIONS', target, preflight('GET'))).status, 204)
      }
    }
  })

  test(`${name}: a folder that is mounted below a path is redirected to its slash`, async () => {
    await using opened = await openSite(files)
    await using app = await host(create().use('/m', opened.site.handler).use(behind))
    for (const [target, location] of [
      ['/m', '/m/'],
      ['/m?x=1&y', '/m/?x=1&y'],
      ['/m?u=https://h/', '/m/?u=https://h/'],
      ['/m/sub', '/m/sub/'],
      ['/m/sub?x', '/m/sub/?x'],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const reply = await ask(app.port, method, target)
        assert.deepEqual([reply.status, reply.field('location')], [307, location], `${method} ${target}`)
        assert.equal(reply.field('etag'), '')
      }
    }
    const { body } = await rawGet(app.port, '/m/')
    assert.match(body.toString(), /style\.css/)
    assert.equal((await rawGet(app.port, '/m/?x')).status, 200)
    assert.equal((await rawGet(app.port, '/m/nope')).status, 418)
    assert.equal((await ask(app.port, 'POST', '/m')).status, 418)
  })

  test(`${name}: a listing below a path is redirected too, a condition that holds as well`, async () => {
    await using opened = await openSite({ 'b.txt': 'beta' }, { cors: true })
    await using app = await host(create().use('/m', opened.site.handler))
    const reply = await ask(app.port, 'GET', '/m', ['If-None-Match: *', 'Origin: https://app.test'])
    assert.deepEqual([reply.status, reply.field('location')], [307, '/m/'])
    assert.equal(reply.field('access-control-allow-origin'), '*')
  })

  test(`${name}: leaves a bare mount without a file of ours to the app`, async () => {
    await using opened = await openSite({ 'b.txt': 'beta' }, { listing: false })
    await using app = await host(create().use('/m', opened.site.handler).use(behind))
    assert.equal((await rawGet(app.port, '/m')).status, 418)
  })

  test(`${name}: what a backend sends at a bare mount is left as it is`, async () => {
    await using upstream = await host((request, response) => void response.end(`upstream ${request.url}`))
    await using opened = await openSite(files, { proxy: { '/': upstream.port } })
    await using app = await host(create().use('/m', opened.site.handler))
    assert.equal((await rawGet(app.port, '/m')).body.toString(), 'upstream /')
  })

  test(`${name}: leaves a path that no file can have to the app`, async () => {
    await using opened = await openSite(files)
    await using app = await host(create().use(opened.site.handler).use(behind))
    for (const target of ['/api/projects/a%2Fb', '/api/a%5Cb', '/api/%2e%2e/x', '/api/a%1Fb', '/api/%ff', '/%']) {
      for (const method of ['GET', 'PUT']) {
        assert.equal((await ask(app.port, method, target)).field('x-behind'), `${method} ${target}`)
      }
    }
  })

  test(`${name}: a path that reads in two ways across a route of ours is refused`, async () => {
    await using opened = await openSite(files, { proxy: { '/api': 9 } })
    await using app = await host(create().use(opened.site.handler).use(behind))
    assert.equal((await rawGet(app.port, '/x/..%2Fapi/b')).status, 400)
    assert.equal((await rawGet(app.port, '/x/a%2Fb')).status, 418)
  })
}

test('Express: a site in a router below a router is redirected to its slash', async () => {
  await using opened = await openSite(files)
  const inner = express.Router().use('/docs', opened.site.handler)
  await using app = await host(express().use('/v1', inner).use(behind))
  assert.equal((await rawGet(app.port, '/v1/docs?q')).field('location'), '/v1/docs/?q')
  assert.equal((await rawGet(app.port, '/v1/docs/about')).body.toString(), 'about')
})

test('a mount that leaves nothing but the query, as that of Polka, is redirected to its slash', async () => {
  await using opened = await openSite(files)
  await using app = await host((request, response) => {
    const whole = request.url ?? ''
    Object.assign(request, { originalUrl: whole, url: whole.slice('/m'.length) || '/' })
    opened.site.handler(request, response)
  })
  assert.equal((await rawGet(app.port, '/m?x')).field('location'), '/m/?x')
  assert.equal((await rawGet(app.port, '/m')).field('location'), '/m/')
  assert.equal((await rawGet(app.port, '/m/')).status, 200)
})

const parsed = [
  ['JSON', ['Content-Type: application/json'], '{"a":1}'],
  ['text', ['Content-Type: text/plain'], 'hello'],
] as const
for (const [kind, lines, body] of parsed) {
  test(`Express: ${kind} that a body parser read before a forwarding route is refused with the reason`, async () => {
    await using upstream = await host((request, response) => void request.pipe(response))
    await using opened = await openSite(files, { proxy: { '/api': upstream.port } })
    const errors: ServeError[] = []
    opened.site.on('error', (error) => errors.push(error))
    await using app = await host(express().use(express.json()).use(express.text()).use(opened.site.handler))
    const reply = await ask(app.port, 'POST', '/api', lines, body)
    assert.equal(reply.status, 500)
    assert.match(reply.body.toString(), /A body parser read the content of this request before serve8008 got it\./)
    assert.match(
      reply.body.toString(),
      /E8008_BODY_READ {3}Put serve8008 before body parsers such as express\.json\(\)/,
    )
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['E8008_BODY_READ'],
    )
  })
}

test('Express: content that the parser passed over is forwarded, so is a request without any', async () => {
  await using upstream = await host((request, response) => void request.pipe(response))
  await using opened = await openSite(files, { proxy: { '/api': upstream.port } })
  await using app = await host(express().use(express.json()).use(opened.site.handler))
  const reply = await ask(app.port, 'POST', '/api', ['Content-Type: application/octet-stream'], 'bytes')
  assert.equal(reply.body.toString(), 'bytes')
  assert.equal(
    (await ask(app.port, 'POST', '/api', ['Content-Type: application/json', 'Content-Length: 0'])).status,
    200,
  )
  assert.equal((await rawGet(app.port, '/api')).status, 200)
  assert.equal(
    (await ask(app.port, 'GET', '/a.txt', ['Content-Type: application/json'], '{}')).body.toString(),
    'alpha',
  )
})

test('Express: a forwarding site before the parser forwards, and the rest is parsed', async () => {
  await using upstream = await host((request, response) => void request.pipe(response))
  await using opened = await openSite(files, { proxy: { '/api': upstream.port } })
  const echo: Middleware = (request, response) =>
    void response.end(JSON.stringify((request as { body?: unknown }).body))
  await using app = await host(express().use(opened.site.handler).use(express.json()).use(echo))
  const json = ['Content-Type: application/json']
  assert.equal((await ask(app.port, 'POST', '/api', json, '{ "a": 1 }')).body.toString(), '{ "a": 1 }')
  assert.equal((await ask(app.port, 'POST', '/mine', json, '{ "a": 1 }')).body.toString(), '{"a":1}')
})

test('a layer that reads content which a parser has read gets the reason too', async () => {
  await using opened = await openSite(files)
  opened.site.use(() => async (x) => ({ status: 200, headers: [], body: x.body.stream() }))
  await using app = await host(express().use(express.json()).use(opened.site.handler))
  const reply = await ask(app.port, 'POST', '/x', ['Content-Type: application/json'], '{}')
  assert.match(reply.body.toString(), /E8008_BODY_READ/)
})

test('a bare node:http server still gets its answer to OPTIONS for anything', async () => {
  await using opened = await openSite(files)
  const server = createNodeServer(opened.site.handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  assert.equal((await ask(port, 'OPTIONS', '/nope')).status, 204)
  assert.equal((await rawGet(port, '/a%2Fb')).status, 400)
  server.close()
})
