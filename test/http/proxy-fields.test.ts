import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { ProxyOptions } from '../../src/config/kinds/proxy-types.ts'
import { answering, startBackend, type Backend } from '../support/backend.ts'
import { startFront } from '../support/proxy.ts'
import { openSession, startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** The values of a field in a header section. */
function valuesOf(head: string, name: string): string[] {
  const lines = head.slice(0, head.indexOf('\r\n\r\n')).split('\r\n').slice(1)
  return lines
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim())
}

function startRoute(backend: Backend, options: Omit<ProxyOptions, 'to'>): Promise<Started> {
  return startServer({}, { proxy: { '/': { to: `http://127.0.0.1:${backend.port}`, ...options } } })
}

test('cookiePath of the route is the path of its cookies, and its redirects are still adapted', async () => {
  const reply = 'HTTP/1.1 302 Found\r\nLocation: /login\r\nSet-Cookie: sid=1; Path=/\r\nContent-Length: 0\r\n\r\n'
  await using backend = await answering(reply)
  for (const [options, cookie] of [
    [{}, 'sid=1; Path=/auth'],
    [{ cookiePath: '/' }, 'sid=1; Path=/'],
  ] as const) {
    const to = `http://127.0.0.1:${backend.port}/`
    await using started = await startServer({}, { proxy: { '/auth': { to, ...options } } })
    const { headers } = await fetch(`http://localhost:${started.port}/auth/in`, { redirect: 'manual' })
    assert.equal(headers.get('location'), '/auth/login')
    assert.deepEqual(headers.getSetCookie(), [cookie])
  }
})

/** The request that the backend gets for a request with these lines. */
async function headOf(started: Started, backend: Backend, lines: readonly string[] = []): Promise<string> {
  using client = await RawClient.open(started.port)
  client.send(`GET /x HTTP/1.1\r\n${[started.hostLine, ...lines].join('\r\n')}\r\n\r\n`)
  const upstream = await backend.next()
  const head = await upstream.head()
  upstream.send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`)
  assert.equal((await client.reply()).status, 200)
  return head
}

describe('a field that a route sets is sent once, with that value', () => {
  for (const [name, value, sent] of [
    ['host', 'foobar.dev', []],
    ['Host', 'foobar.dev:8443', []],
    ['X-Forwarded-For', '192.0.2.1', ['X-Forwarded-For: 6.6.6.6']],
    ['x-forwarded-host', 'shop.example.test', []],
    ['X-Forwarded-Proto', 'https', ['X-Forwarded-Proto: http']],
    ['X-Forwarded-Port', '443', []],
    ['X-Forwarded-Prefix', '/shop', []],
    ['Forwarded', 'for=192.0.2.1;proto=https', ['Forwarded: for=6.6.6.6']],
    ['Max-Forwards', '7', ['Max-Forwards: 3']],
    ['User-Agent', 'ours', ['User-Agent: theirs']],
    ['Accept-Encoding', 'identity', ['Accept-Encoding: br', 'accept-encoding: gzip']],
    ['Date', 'Sun, 06 Nov 1994 08:49:37 GMT', ['Date: Mon, 07 Nov 1994 08:49:37 GMT']],
    ['Server', 'x', []],
    ['Cookie', 'a=1', ['Cookie: b=2', 'Cookie: c=3']],
    ['Authorization', 'Bearer ours', ['Authorization: Bearer theirs']],
    ['X-Key', 'ours', ['x-key: theirs', 'X_Key: theirs', 'X.Key: theirs']],
  ] as const) {
    test(`${name}: ${value}`, async () => {
      await using backend = await startBackend()
      await using started = await startRoute(backend, { headers: { [name]: value } })
      const head = await headOf(started, backend, sent)
      assert.deepEqual(valuesOf(head, name.toLowerCase()), [value])
      assert.doesNotMatch(head, /theirs/)
      const host = name.toLowerCase() === 'host' ? value : `localhost:${started.port}`
      assert.deepEqual(valuesOf(head, 'host'), [host])
      if (name.toLowerCase() !== 'x-forwarded-host') {
        assert.deepEqual(valuesOf(head, 'x-forwarded-host'), [`localhost:${started.port}`])
      }
    })
  }

  test('Host, instead of the value of changeOrigin, and redirects to it are mapped', async () => {
    await using backend = await startBackend()
    await using started = await startRoute(backend, { changeOrigin: true, headers: { host: 'foobar.dev' } })
    using client = await RawClient.open(started.port)
    client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    const upstream = await backend.next()
    assert.deepEqual(valuesOf(await upstream.head(), 'host'), ['foobar.dev'])
    upstream.send('HTTP/1.1 302 Found\r\nLocation: http://foobar.dev/login\r\nContent-Length: 0\r\n\r\n')
    assert.equal((await client.reply()).field('location'), `http://localhost:${started.port}/login`)
  })

  test('Host, in an upgrade', async () => {
    await using backend = await startBackend()
    await using started = await startRoute(backend, {
      headers: { host: 'foobar.dev', 'sec-websocket-extensions': false },
    })
    using client = await RawClient.open(started.port)
    const lines = ['Connection: Upgrade, Sec-WebSocket-Protocol', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const more = [
      'Sec-WebSocket-Key: eA==',
      'Sec-WebSocket-Protocol: chat',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ]
    client.send(`GET /x HTTP/1.1\r\n${[started.hostLine, ...lines, ...more].join('\r\n')}\r\n\r\n`)
    const head = await (await backend.next()).head()
    assert.deepEqual(valuesOf(head, 'host'), ['foobar.dev'])
    assert.deepEqual(valuesOf(head, 'sec-websocket-protocol'), ['chat'])
    // A field that the route removes stays removed.
    assert.deepEqual(valuesOf(head, 'sec-websocket-extensions'), [])
  })

  test('Host, as :authority over HTTP/2', async () => {
    let seen: Record<string, unknown> = {}
    const behind = createHttp2Server()
    behind.on('stream', (stream: ServerHttp2Stream, headers) => {
      seen = headers
      stream.respond({ ':status': 200 })
      stream.end('ok')
    })
    behind.listen(0, '127.0.0.1')
    await once(behind, 'listening')
    const to = `h2c://127.0.0.1:${(behind.address() as AddressInfo).port}`
    await using started = await startServer({}, { proxy: { '/': { to, headers: { Host: 'foobar.dev' } } } })
    using client = await RawClient.open(started.port)
    client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).status, 200)
    assert.equal(seen[':authority'], 'foobar.dev')
    assert.equal(seen['host'], undefined)
    assert.equal(seen['x-forwarded-host'], `localhost:${started.port}`)
    behind.close()
  })
})

test('a route can remove a field that the proxy adds', async () => {
  await using backend = await startBackend()
  const headers = { 'x-forwarded-for': false, Forwarded: false, 'X-Forwarded-Host': false } as const
  await using started = await startRoute(backend, { headers })
  const head = await headOf(started, backend)
  for (const name of ['x-forwarded-for', 'forwarded', 'x-forwarded-host']) assert.deepEqual(valuesOf(head, name), [])
  assert.deepEqual(valuesOf(head, 'x-forwarded-proto'), ['http'])
})

test('a response field that a route sets is sent once', async () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
  await using backend = await startBackend()
  const replyHeaders = { Date: date, Server: 'ours', Via: '1.1 ours', 'Set-Cookie': 'a=1', 'Server8008-Route': 'x' }
  await using started = await startRoute(backend, { replyHeaders, debug: true })
  for (const lines of [[], ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: eA==']]) {
    using client = await RawClient.open(started.port)
    client.send(`GET /x HTTP/1.1\r\n${[started.hostLine, ...lines].join('\r\n')}\r\n\r\n`)
    const upstream = await backend.next()
    await upstream.head()
    upstream.send(`HTTP/1.1 403 No\r\nDate: x\r\nServer: theirs\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n`)
    const { fields } = await client.reply()
    for (const [name, value] of Object.entries(replyHeaders)) {
      const values = fields.filter(([other]) => other === name.toLowerCase()).map(([, other]) => other)
      assert.deepEqual(values, [value], name)
    }
  }
})

describe('Destination', () => {
  for (const [method, value] of [
    ['POST', 'queue-7'],
    ['GET', '/elsewhere'],
    ['PUT', 'http://other.test/'],
    ['SUBSCRIBE', 'amqp://queue'],
  ] as const) {
    test(`of ${method} is forwarded unchanged`, async () => {
      await using backend = await startBackend()
      await using front = await startFront(backend.port, { match: { path: '/api' }, upstream: { prefix: '/v1' } })
      using client = await RawClient.open(front.port)
      client.send(`${method} /api/x HTTP/1.1\r\n${front.hostLine}\r\nDestination: ${value}\r\n\r\n`)
      const upstream = await backend.next()
      assert.deepEqual(valuesOf(await upstream.head(), 'destination'), [value])
      upstream.send(ok)
      assert.equal((await client.reply()).status, 200)
    })
  }

  for (const method of ['COPY', 'MOVE']) {
    test(`of ${method} must lie within the route`, async () => {
      await using backend = await startBackend()
      await using front = await startFront(backend.port, { match: { path: '/api' }, upstream: { prefix: '/v1' } })
      using client = await RawClient.open(front.port)
      const ask = (to: string) =>
        client.send(`${method} /api/x HTTP/1.1\r\n${front.hostLine}\r\nDestination: ${to}\r\n\r\n`)
      assert.equal((await ask('/elsewhere').reply()).status, 502)
      ask('/api/y')
      assert.deepEqual(valuesOf(await (await backend.next()).head(), 'destination'), ['/v1/y'])
    })
  }
})

/**
 * Framing and hop-by-hop fields in spellings that CGI, WSGI and Rack treat alike. Puma hides `Transfer_Encoding` and
 * `Content_Length` from programs for that reason (its `UNMASKABLE_HEADERS`).
 */
const framing = ['Transfer', 'Content', 'Keep', 'Proxy', 'Max', 'X', 'HTTP2'].flatMap((first, i) => {
  const second = ['Encoding', 'Length', 'Alive', 'Connection', 'Forwards', 'Serve8008', 'Settings'][i] as string
  return [`${first}_${second}`, `${first}.${second}`.toLowerCase(), `${first}_${second}`.toUpperCase()]
})

describe('a framing field', () => {
  const lines = framing.map((name) => `${name}: evil`)

  test('is not forwarded in another spelling', async () => {
    await using backend = await startBackend()
    await using started = await startRoute(backend, { passHeaders: true })
    assert.doesNotMatch(await headOf(started, backend, lines), /evil/)
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: eA==']
    assert.doesNotMatch(await headOf(started, backend, [...upgrade, ...lines]), /evil/)
  })

  test('is not forwarded in another spelling from HTTP/2', async () => {
    await using backend = await startBackend()
    await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
    using session = openSession(front.port)
    const fields = Object.fromEntries(framing.map((name) => [name.toLowerCase(), 'evil']))
    session.request({ ':path': '/', ...fields }).on('error', () => {})
    assert.doesNotMatch(await (await backend.next()).head(), /evil/)
  })
})

/** One claim of each kind, in spellings that CGI, WSGI and Rack treat alike. */
const claims = [
  ...['Forwarded-For', 'X-Originating-IP', 'X-Remote-IP', 'X-Remote-Addr', 'X-Client-IP', 'X-Cluster-Client-IP'],
  ...[
    'CF-Connecting-IP',
    'True-Client-IP',
    'Fastly-Client-IP',
    'X-Vercel-Forwarded-For',
    'X-Azure-ClientIP',
    'WL-Proxy-Client-IP',
  ],
  ...['X-Host', 'X-Original-URL', 'Script-Name', 'X-Scheme', 'X-Url-Scheme', 'Front-End-Https', 'X-Forwarded-Ssl'],
  ...['Remote-User', 'X-Remote-User', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Authentik-Groups'],
  ...['X-Middleware-Subrequest', 'X-Sendfile-Type', 'X-Accel-Mapping', 'X-Envoy-Internal'],
  ...['SSL-Client-Cert', 'SSL-Client-S-DN', 'X-SSL-Client-Cert', 'X-SSL-Client-Verify', 'Client-Cert'],
]
const spellings = claims.flatMap((name) => [name, name.replaceAll('-', '_').toLowerCase(), name.replaceAll('-', '.')])

describe('a claim of an untrusted client', () => {
  const lines = spellings.map((name) => `${name}: evil`)

  test('is dropped in every spelling', async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port, { limits: { headerCount: 200 } })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${lines.join('\r\n')}\r\n\r\n`)
    assert.doesNotMatch(await (await backend.next()).head(), /evil/)
  })

  test('is dropped from an upgrade and over HTTP/2 too', async () => {
    await using backend = await startBackend()
    const proxy = { '/': `http://127.0.0.1:${backend.port}` }
    await using started = await startServer({}, { proxy, limits: { headerCount: 200 } })
    using client = await RawClient.open(started.port)
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: eA==',
      'Sec-WebSocket-Version: 13',
    ]
    client.send(`GET / HTTP/1.1\r\n${[started.hostLine, ...upgrade, ...lines].join('\r\n')}\r\n\r\n`)
    assert.doesNotMatch(await (await backend.next()).head(), /evil/)
    await using front = await startHttp2({}, { proxy, limits: { headerCount: 200 } })
    using session = openSession(front.port)
    const fields = Object.fromEntries(spellings.map((name) => [name.toLowerCase(), 'evil']))
    session.request({ ':path': '/', ...fields }).on('error', () => {})
    assert.doesNotMatch(await (await backend.next()).head(), /evil/)
  })

  test('is forwarded if passHeaders names it, and no other claim is', async () => {
    await using backend = await startBackend()
    await using started = await startRoute(backend, { passHeaders: ['cf-connecting-ip', 'Remote-User'] })
    const head = await headOf(started, backend, lines.slice(0, 60))
    const kept = head.split('\r\n').filter((line) => line.endsWith(': evil'))
    assert.deepEqual(
      kept.map((line) => line.slice(0, line.indexOf(':'))),
      ['CF-Connecting-IP', 'cf_connecting_ip', 'CF.Connecting.IP', 'Remote-User', 'remote_user', 'Remote.User'],
    )
  })

  test('is forwarded with passHeaders: true, except for fields that the proxy writes', async () => {
    await using backend = await startBackend()
    await using started = await startRoute(backend, { passHeaders: true })
    const own = ['X-Forwarded-For: evil', 'X_Forwarded_For: evil', 'Forwarded: for=evil', 'X-Forwarded-Proto: evil']
    const head = await headOf(started, backend, [...own, ...claims.map((name) => `${name}: evil`)])
    for (const name of claims) assert.deepEqual(valuesOf(head, name.toLowerCase()), ['evil'], name)
    assert.deepEqual(valuesOf(head, 'x-forwarded-for'), ['127.0.0.1'])
    assert.deepEqual(valuesOf(head, 'x_forwarded_for'), [])
    assert.doesNotMatch(valuesOf(head, 'forwarded').join(), /evil/)
  })

  test('is not dropped if its name only looks similar', async () => {
    const innocent = [
      'X-Hostname: 1',
      'X-Real-Name: 1',
      'Client-Id: 1',
      'X-User: 1',
      'Remote: 1',
      'X-Auth-User: 1',
      'SSL: 1',
    ]
    await using backend = await startBackend()
    await using started = await startRoute(backend, {})
    const head = await headOf(started, backend, innocent)
    for (const line of innocent) assert.ok(head.includes(`\r\n${line}\r\n`), line)
  })
})
