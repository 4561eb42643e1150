import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createServer, type RouteOptions } from '../../src/index.ts'
import { ask as askOver, openSecureSession } from '../support/http2.ts'
import { RawClient, rawRequest, type RawReply } from '../support/raw.ts'
import { openSecure, startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

const manual = { redirect: 'manual' } as const
const each = 'origin={origin} host={host} port={port}'
const wellKnown = { 'm.server': '{host}:8448', base: { url: '{origin}/_matrix' } }
const routes: readonly RouteOptions[] = [
  {
    match: { path: '/each' },
    reply: { body: each, headers: { 'X-Origin': '{origin}', link: '<{origin}/a>; rel="b"' } },
  },
  { match: { path: '/literal' }, reply: { body: '{{host}} {{{port}}} { host } {name} {"a":{}}' } },
  { match: { path: '/plain' }, reply: { body: 'plain {}' } },
  { match: { path: '/json' }, reply: { json: wellKnown, headers: { 'Access-Control-Allow-Origin': '*' } } },
  { match: { path: '/page' }, reply: { body: '<a href="{origin}/">', headers: { 'content-type': 'text/html' } } },
  { match: { path: '/cached' }, reply: { body: '{host}', headers: { 'cache-control': 'max-age=60' } } },
  { match: { path: '/port' }, redirect: 'https://{host}:8448/x?from={origin}#{host}' },
  { match: { path: '/here' }, redirect: '{origin}/new', status: 308 },
  { match: { path: '/relative' }, redirect: '/new/{host}?é="{{port}}"' },
  { match: { path: '/old' }, redirect: '/new' },
  { match: { path: '/gone' }, reply: { status: 410, body: 'gone' } },
]
const allowHost = ['one.test', '.two.test']

const started = await startSecure({}, { routes, allowHost, trust: ['127.0.0.2'] })
after(() => started[Symbol.asyncDispose]())

async function ask(path: string, host = 'http://localhost', init: RequestInit = {}): Promise<Response> {
  return started.server.fetch(`${host}${path}`, { ...manual, ...init })
}

async function textAt(origin: string): Promise<string> {
  return (await ask('/each', origin)).text()
}

describe('placeholders of fixed replies', () => {
  test('are the address that the client used', async () => {
    for (const [origin, host, port] of [
      ['http://localhost', 'localhost', 80],
      ['https://localhost', 'localhost', 443],
      ['http://one.test:8008', 'one.test', 8008],
      ['https://a-b_c.two.test:8443', 'a-b_c.two.test', 8443],
      ['http://127.0.0.1:443', '127.0.0.1', 443],
      ['https://[::1]:80', '[::1]', 80],
    ] as const) {
      assert.equal(await textAt(origin), `origin=${origin} host=${host} port=${port}`)
    }
  })

  test('are filled for each host, and kept by no cache', async () => {
    for (const origin of ['http://one.test', 'http://localhost:1', 'http://one.test', 'https://one.test']) {
      const reply = await ask('/each', origin)
      assert.ok((await reply.text()).startsWith(`origin=${origin} `))
      assert.equal(reply.headers.get('x-origin'), origin)
      assert.equal(reply.headers.get('link'), `<${origin}/a>; rel="b"`)
      assert.equal(reply.headers.get('cache-control'), 'no-store')
      assert.equal(reply.headers.get('etag'), null)
    }
    assert.equal((await ask('/cached')).headers.get('cache-control'), 'max-age=60')
    assert.equal((await ask('/plain')).headers.get('cache-control'), null)
  })

  test('in double braces are sent in single ones; other braces stay', async () => {
    assert.equal(await (await ask('/literal')).text(), '{host} {{port}} { host } {name} {"a":{}}')
    assert.equal(await (await ask('/plain')).text(), 'plain {}')
  })

  test('are on the wire, over HTTP/1.1 and HTTP/2, and in the length of HEAD', async () => {
    const plain = await rawRequest(started.port, 'GET /each HTTP/1.1\r\nHost: ONE.test.:00080\r\n\r\n')
    assert.equal(plain.body.toString(), 'origin=http://one.test host=one.test port=80')
    const head = await rawRequest(started.port, `HEAD /each HTTP/1.1\r\n${started.hostLine}\r\n\r\n`, 'HEAD')
    const length = `origin=http://localhost:${started.port} host=localhost port=${started.port}`.length
    assert.deepEqual([head.status, head.field('content-length')], [200, String(length)])
    using client = await openSecure(started)
    const secure = await client.send(`GET /each HTTP/1.1\r\n${started.secureLine}\r\n\r\n`).reply()
    const origin = `https://localhost:${started.tlsPort}`
    assert.equal(secure.body.toString(), `origin=${origin} host=localhost port=${started.tlsPort}`)
    using two = openSecureSession(started)
    const { body } = await askOver(two, { ':path': '/each' })
    assert.equal(body.toString(), secure.body.toString())
  })

  test('cannot be anything that the guard refuses', async () => {
    for (const host of [
      'evil.test',
      '<b>',
      'localhost:99999',
      'a"b',
      'localhost}',
      '%0d%0ax',
      'one.test:80:80',
      '[::1%25x]',
    ]) {
      const reply = await rawRequest(started.port, `GET /each HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      assert.ok(reply.status === 400 || reply.status === 421, host)
      assert.ok(!reply.body.includes('origin='), host)
    }
    // Fields about an outer server are claims of the client.
    const claims = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.test', 'Forwarded: proto=https;host=evil.test']
    const reply = await rawRequest(
      started.port,
      `GET /each HTTP/1.1\r\nHost: one.test\r\n${claims.join('\r\n')}\r\n\r\n`,
    )
    assert.equal(reply.body.toString(), 'origin=http://one.test host=one.test port=80')
  })

  test('have the scheme that a trusted proxy states, and the host that the guard accepted', async () => {
    await using behind = await startServer({}, { routes, allowHost, trust: ['127.0.0.1'] })
    const claims = 'X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test'
    const reply = await rawRequest(behind.port, `GET /each HTTP/1.1\r\nHost: one.test\r\n${claims}\r\n\r\n`)
    assert.equal(reply.body.toString(), 'origin=https://one.test host=one.test port=443')
  })

  test('are safe in HTML and JSON', async () => {
    assert.equal(await (await ask('/page', 'http://[::1]:8008')).text(), '<a href="http://[::1]:8008/">')
    const reply = await ask('/json', 'https://one.test')
    assert.deepEqual(await reply.json(), { 'm.server': 'one.test:8448', base: { url: 'https://one.test/_matrix' } })
    assert.equal(reply.headers.get('content-type'), 'application/json')
    assert.equal(reply.headers.get('access-control-allow-origin'), '*')
  })
})

describe('placeholders of redirects', () => {
  const locationOf = async (path: string, origin?: string): Promise<string | null> =>
    (await ask(path, origin)).headers.get('location')

  test('are the address that the client used', async () => {
    const to = 'https://one.test:8448/x?from=http://one.test:8008#one.test'
    assert.equal(await locationOf('/port/a?q={host}', 'http://one.test:8008'), to)
    assert.equal(await locationOf('/here', 'https://[::1]:8443'), 'https://[::1]:8443/new')
    assert.equal(await locationOf('/relative'), '/new/localhost?%C3%A9=%22{port}%22')
  })

  test('are not looked for in the query of the request', async () => {
    assert.equal(await locationOf('/here?q={origin}&r={{host}}'), 'http://localhost/new?q={origin}&r={{host}}')
    assert.equal(await locationOf('/old?q={origin}'), '/new?q={origin}')
  })
})

/** What follows on the connection is read as the next request: no byte of the content is taken for it. */
describe('a redirect or a fixed reply', () => {
  const next = `GET /gone HTTP/1.1\r\n${started.hostLine}\r\n\r\n`
  for (const [target, status] of [
    ['/old', 307],
    ['/here', 308],
    ['/gone', 410],
    ['/each', 200],
  ] as const) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'PROPFIND', 'MKCALENDAR', 'REPORT', 'LOCK']) {
      test(`answers ${method} ${target} with ${status}, whatever its content is`, async () => {
        for (const [lines, content] of [
          ['', ''],
          ['Content-Length: 4\r\n', 'GET '],
          ['Transfer-Encoding: chunked\r\n', '4\r\nGET \r\n0\r\n\r\n'],
        ] as const) {
          using client = await RawClient.open(started.port)
          client.send(`${method} ${target} HTTP/1.1\r\n${started.hostLine}\r\n${lines}\r\n${content}${next}`)
          const reply = await client.reply(method)
          assert.equal(reply.status, status, `${method} ${lines}`)
          const following = await nextReply(client, reply)
          assert.ok(following === undefined || following.status === 410, `${method} ${lines}`)
        }
      })
    }
  }

  test('is sent at once to a client that waits for 100 Continue, which then sends nothing', async () => {
    using client = await RawClient.open(started.port)
    const lines = `${started.hostLine}\r\nExpect: 100-continue\r\nContent-Length: 100000`
    const reply = await client.send(`PUT /old HTTP/1.1\r\n${lines}\r\n\r\n`).reply()
    assert.deepEqual([reply.status, reply.field('location')], [307, '/new'])
  })

  test('answers a method of WebDAV over HTTP/2', async () => {
    using two = openSecureSession(started)
    const { status, headers } = await askOver(two, { ':method': 'MKCALENDAR', ':path': '/here' })
    assert.deepEqual([status, headers['location']], [308, `https://localhost:${started.tlsPort}/new`])
  })
})

/** The reply behind the first one, unless that closes the connection. */
async function nextReply(client: RawClient, { fields }: RawReply): Promise<RawReply | undefined> {
  const closes = fields.some(([name, value]) => name === 'connection' && value === 'close')
  return closes ? undefined : client.reply()
}

test('{base} is the base without its last slash', async () => {
  const reply = { headers: { 'x-base': '{base}/x' }, json: { url: '{origin}{base}', literal: '{{base}}' } }
  for (const [base, path, text] of [
    ['/', '/a', '{"url":"http://localhost","literal":"{base}"}'],
    ['/m/', '/m/a', '{"url":"http://localhost/m","literal":"{base}"}'],
  ] as const) {
    const server = createServer({ base, routes: [{ match: { path: '/a' }, reply }] })
    const response = await server.fetch(`http://localhost${path}`)
    assert.equal(await response.text(), text)
    assert.equal(response.headers.get('x-base'), `${base.slice(0, -1)}/x`)
  }
})

test('the preset matrix tells clients the base', async () => {
  const server = createServer({ preset: 'matrix', base: '/m' })
  const response = await server.fetch('http://localhost/.well-known/matrix/client')
  assert.deepEqual(await response.json(), { 'm.homeserver': { base_url: 'http://localhost/m' } })
})

test('the start warns of a word that is nearly a placeholder', async () => {
  const warnings: string[] = []
  const routes = [{ match: { exact: '/a' }, reply: { body: 'http://{hostname}/' } }]
  await using server = createServer({ root: false, port: 0, routes })
  server.on('warning', ({ code, message }) => warnings.push(`${code} ${message}`))
  await server.listen()
  assert.deepEqual(warnings, ['W8008_PLACEHOLDER The reply of the route /a [exact] sends {hostname} as it is.'])
})
