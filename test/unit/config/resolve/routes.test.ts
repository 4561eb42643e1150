import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { loadConfig } from '../../../../src/config/load.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ResolvedMatch, ResolvedRoute, RouteOptions } from '../../../../src/config/route-types.ts'
import type { ProxySetting, ResolvedProxy } from '../../../../src/config/kinds/proxy-types.ts'
import type { ServeOptions } from '../../../../src/config/types.ts'
import { problemOf, problemsOf } from '../problems-of.ts'

const to = 'http://localhost:3000'

function routesOf(options: ServeOptions): readonly ResolvedRoute[] {
  return resolveConfig(options).routes
}

function matchOf(options: ServeOptions): ResolvedMatch {
  const [route] = routesOf(options)
  assert.ok(route !== undefined)
  return route.match
}

function proxyOf(options: ServeOptions): ResolvedProxy {
  const [route] = routesOf(options)
  assert.ok(route?.action.kind === 'proxy')
  return route.action.proxy
}

describe('a key of proxy', () => {
  const parts = (key: string, base = '/'): readonly unknown[] => {
    const { kind, path, host } = matchOf({ base, proxy: { [key]: to } })
    return [kind, path, host]
  }

  test('is a path, a host, or both', () => {
    assert.deepEqual(parts('/api'), ['prefix', '/api', undefined])
    assert.deepEqual(parts('/api/'), ['prefix', '/api', undefined])
    assert.deepEqual(parts('/'), ['prefix', '/', undefined])
    assert.deepEqual(parts('API.localhost'), ['prefix', '/', 'api.localhost'])
    assert.deepEqual(parts('api.localhost/v1'), ['prefix', '/v1', 'api.localhost'])
    assert.deepEqual(parts('*.dev.localhost'), ['prefix', '/', '.dev.localhost'])
  })

  test('with a star in its path is a pattern', () => {
    assert.deepEqual(parts('/users/*/avatar'), ['pattern', '/users/*/avatar', undefined])
  })

  test('is below the base', () => {
    assert.deepEqual(parts('/api', '/app/'), ['prefix', '/app/api', undefined])
    assert.deepEqual(parts('api.localhost', '/app/'), ['prefix', '/app', 'api.localhost'])
  })

  test('is at the root of the origin if it is a well-known URI', () => {
    assert.deepEqual(parts('/.well-known/matrix', '/app/'), ['prefix', '/.well-known/matrix', undefined])
    assert.deepEqual(parts('/.well-known', '/app/'), ['prefix', '/.well-known', undefined])
    const [route] = routesOf({ base: '/cal/', routes: [{ match: { exact: '/.well-known/caldav' }, redirect: '/' }] })
    assert.deepEqual(
      [route?.match.path, route?.action],
      ['/.well-known/caldav', { kind: 'redirect', to: '/cal/', status: 307 }],
    )
  })

  test('that is neither is a problem with a hint', () => {
    assert.match(problemOf({ proxy: { 'api.localhost:8008': to } }), /did you mean "api.localhost"\?/)
    assert.match(problemOf({ proxy: { api: to } }), /did you mean "\/api", or "api.localhost"\?/)
    assert.match(problemOf({ proxy: { 'http://api.test/v1': to } }), /did you mean "api.test\/v1"\?/)
    assert.match(problemOf({ proxy: { '': to } }), /use \/ for everything/)
    assert.match(problemOf({ proxy: { '/a;b': to } }), /without query, parameters/)
    assert.match(problemOf({ proxy: { '/a/../b': to } }), /is not a path/)
    assert.match(problemOf({ proxy: { '/a?b': to } }), /is not a path/)
    assert.match(problemOf({ proxy: { '/a*': to } }), /mixes \* with/)
    assert.match(problemOf({ proxy: { '/**/a': to } }), /must be the last segment/)
  })
})

describe('a match', () => {
  test('is completed: fields in lower case, in an order of their own', () => {
    const match = { exact: '/x/', method: 'POST', header: { 'X-B': '1', 'X-A': true }, query: { q: false } }
    assert.deepEqual(matchOf({ routes: [{ match, proxy: to }] }), {
      kind: 'exact',
      path: '/x/',
      host: undefined,
      listeners: [],
      methods: ['POST'],
      headers: [
        ['x-a', true],
        ['x-b', '1'],
      ],
      cookies: [],
      query: [['q', false]],
    })
  })

  test('without a path holds everywhere', () => assert.equal(matchOf({ routes: [{ match: {}, proxy: to }] }).path, '/'))

  for (const [match, message] of [
    [{ path: 'api' }, /did you mean "\/api"\?/],
    [{ path: '/a', exact: '/a' }, /cannot be combined with "path"/],
    [{ method: 'post' }, /did you mean "POST"\?/],
    [{ header: { 'a b': '1' } }, /not the name of a header/],
    [{ host: 'http://api.test' }, /did you mean "api.test"\?/],
    [{ pth: '/api' }, /routes\.0\.match\.pth: unknown key; did you mean "path"\?/],
    [{ header: { a: 1 } }, /routes\.0\.match\.header\.a: expected a string, true or false, got 1/],
  ] as const) {
    test(`${JSON.stringify(match)} is wrong`, () =>
      assert.match(problemOf({ routes: [{ match, proxy: to }] }), message))
  }
})

describe('a proxy', () => {
  test('has every default', () => {
    const { upstreams, ...rest } = proxyOf({ proxy: { '/api': [to, '3001'] } })
    assert.deepEqual(
      upstreams.map(({ label }) => label),
      ['localhost:3000', 'localhost:3001'],
    )
    assert.deepEqual(rest, {
      balance: 'round',
      hashBy: undefined,
      changeOrigin: false,
      requestFields: { set: [], remove: [] },
      passHeaders: [],
      replyFields: { set: [], remove: [] },
      buffer: false,
      rewrite: true,
      aliases: [],
      rewriteBody: [],
      scriptName: false,
      cookiePath: undefined,
      live: false,
      debug: false,
      retries: 1,
      hold: undefined,
      timeouts: { connectMs: 10_000, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 0 },
      health: undefined,
      tls: { verify: true },
    })
  })

  test('reads the aliases of an upstream', () => {
    const aliases = ['Cal.Test.', 'LOCALHOST:08443', ':8443', '[2001:DB8::0:1]:443', '10.0.0.5']
    const expected = ['cal.test', 'localhost:8443', ':8443', '[2001:db8::1]:443', '10.0.0.5']
    assert.deepEqual(proxyOf({ proxy: { '/api': { to, aliases } } }).aliases, expected)
  })

  test('sets and removes fields', () => {
    const headers = { 'X-A': ' 1 ', Cookie: false } as const
    assert.deepEqual(proxyOf({ proxy: { '/api': { to, headers } } }).requestFields, {
      set: ['X-A', '1'],
      remove: ['cookie'],
    })
  })

  test('passes on claims of clients by name, or all', () => {
    const passed = (passHeaders: boolean | readonly string[]): unknown =>
      proxyOf({ proxy: { '/api': { to, passHeaders } } }).passHeaders
    assert.deepEqual(passed(['CF-Connecting-IP']), ['cf-connecting-ip'])
    assert.equal(passed(true), true)
    assert.deepEqual(passed(false), [])
  })

  test('takes a port of this machine for a target', () => {
    const labels = (value: ProxySetting): string[] =>
      proxyOf({ proxy: { '/api': value } }).upstreams.map(({ label }) => label)
    assert.deepEqual(labels(3000), ['localhost:3000'])
    assert.deepEqual(labels([3000, ':3001/v1']), ['localhost:3000', 'localhost:3001'])
    assert.deepEqual(labels({ to: 3000 }), ['localhost:3000'])
  })

  for (const [options, message] of [
    [{ to, headers: { 'x-a': 'a\r\nb' } }, /cannot carry/],
    [{ to, headers: { 'x-a': 'a\0b' } }, /cannot carry/],
    [{ to, headers: { 'Transfer-Encoding': 'chunked' } }, /server's own/],
    [{ to, replyHeaders: { 'content-length': false } }, /server's own/],
    [{ to, headers: { Transfer_Encoding: false } }, /server's own/],
    [{ to, headers: { http2_settings: 'x' } }, /belongs to one connection/],
    [{ to, headers: { Host: false } }, /headers\.Host: "Host" is the server's own: every request has one/],
    [{ to, headers: { host: 'http://foobar.dev/' } }, /headers\.host: "http:\/\/foobar\.dev\/" is not a host/],
    [{ to, headers: { host: '' } }, /"" is not a host/],
    [{ to, headers: { host: 'a, b' } }, /is not a host/],
    [{ to, headers: { Via: '1.1 us' } }, /"Via" is the server's own: loops are found by it/],
    [{ to, headers: { via: false } }, /loops are found by it/],
    [{ to, headers: { Expect: '100-continue' } }, /this server answers it itself/],
    [{ to, headers: { Connection: 'close' } }, /server's own/],
    [{ to, headers: { TE: 'trailers' } }, /server's own/],
    [{ to, headers: { 'Sec-WebSocket-Key': 'x' } }, /the reply to it is checked/],
    [{ to, headers: { proxy: 'http://localhost' } }, /CGI programs/],
    [{ to, headers: { 'http2-settings': 'x' } }, /belongs to one connection/],
    [{ to, replyHeaders: { Date: false } }, /every reply of a server with a clock has one/],
    [{ to, passHeaders: ['a b'] }, /passHeaders: "a b" is not a field name/],
    [{ to, passHeaders: ['X-Forwarded-For'] }, /is written by this server; name the proxies that may set it: trust/],
    [{ to, passHeaders: 'x-real-ip' }, /passHeaders: expected true, false or a list of names, got "x-real-ip"/],
    [{ to, cookiePath: 'auth' }, /cookiePath: "auth" is not a path; use a path of ASCII characters such as \/$/],
    ...['/;Domain=test', '/\u202e', '/é', '/\r\nX: y'].map(
      (cookiePath) => [{ to, cookiePath }, /is not a path/] as const,
    ),
    [
      { to, rewriteBody: ['loc'] },
      /rewriteBody: "loc" is neither an element nor an attribute; use "<loc>" for the content/,
    ],
    ...['<a b>', '<a', '<a(b+)*>', 'a="x"', '=', '<>', '<a:b:c>', ''].map(
      (place) => [{ to, rewriteBody: { [place]: true } }, /is neither an element nor an attribute/] as const,
    ),
    [{ to, rewriteBody: ['<loc>'], rewrite: false }, /rewriteBody: cannot be combined with rewrite: false/],
    [{ to, cookiePath: '/', rewrite: false }, /cookiePath: cannot be combined with rewrite: false; remove one of them/],
    ...['https://cal.test', 'cal.test/x', 'a b', ':', ':0', ':70000', 'me@cal.test', '127.1', '::1', '*', ''].map(
      (alias) =>
        [{ to, aliases: [alias] }, /is neither a host, with or without a port, nor a port; write it like/] as const,
    ),
    [{ to, aliases: ':8443' }, /aliases: expected a list of strings, got ":8443"/],
    [{ to, aliases: [':8443'], rewrite: false }, /aliases: cannot be combined with rewrite: false; remove one of them/],
    [
      { to, scriptName: true },
      /scriptName: the target "localhost:3000" has no path.*; did you mean "localhost:3000\/"\?/,
    ],
    [
      { to: `${to}/`, scriptName: true, headers: { 'X-SCRIPT-NAME': '/a' } },
      /scriptName: sets the field X-Script-Name/,
    ],
    [{ to, balance: 'hash' }, /balance "hash" needs it/],
    [{ to, balance: 'hash', hashBy: 'user' }, /neither a header nor a cookie/],
    [{ to, tls: { cert: 'a.pem' } }, /needs "key" too/],
    [{ to, timeouts: { conectMs: 1 } }, /proxy\.\/api\.timeouts\.conectMs: .*did you mean "connectMs"\?/],
    [{ to, timeouts: { connectMs: -1 } }, /expected milliseconds from 0 to 2147483647, got -1/],
    [{ to, retrys: 1 }, /proxy\.\/api\.retrys: unknown key; did you mean "retries"\?/],
    [{ changeOrigin: true }, /proxy\.\/api: "to" is missing/],
    [{ to: [] }, /the target is missing/],
    [{ to, secure: false }, /did you mean tls: \{ verify: false \}\?/],
    [{ to, balance: 'rund' }, /proxy\.\/api\.balance: .*did you mean "round"\?/],
    [{ to, balance: 'sticky' }, /proxy\.\/api\.balance: .*use round, least, random or hash$/],
    [0, /proxy\.\/api: expected a port from 1 to 65535, got 0/],
    [65_536, /proxy\.\/api: expected a port from 1 to 65535, got 65536/],
    [true, /expected a target \(a URL or a port\), .*; write it like "http:\/\/localhost:3000"$/],
  ] as const) {
    test(`${JSON.stringify(options)} is wrong`, () => assert.match(problemOf({ proxy: { '/api': options } }), message))
  }

  test('of a list or a Map is no object of matches', () => {
    assert.match(problemOf({ proxy: [to] }), /^proxy: expected an object, got /)
    assert.match(problemOf({ proxy: new Map() }), /^proxy: expected an object, got /)
  })
})

describe('a list of routes', () => {
  test('reports all unknown keys, each with its path', () => {
    const routes = [
      { match: {}, proxy: { target: to } },
      { match: { pth: '/b' }, proxy: to },
    ]
    assert.deepEqual(problemsOf({ routes }), [
      'routes.0.proxy.target: unknown key; did you mean "to"?',
      'routes.1.match.pth: unknown key; did you mean "path"?',
    ])
  })

  for (const [routes, message] of [
    [{}, /routes: expected a list of routes, got an object/],
    [[{}], /routes\.0: "match" is missing/],
    [[{ match: [], proxy: to }], /routes\.0\.match: expected an object of conditions, got an empty list/],
    [[{ match: {}, proxi: to }], /routes\.0\.proxi: unknown key; did you mean "proxy"\?/],
    [[{ match: {}, proxy: { to: 0.5 } }], /routes\.0\.proxy\.to: expected a port from 1 to 65535, got 0\.5/],
    [[{ match: {}, reply: { status: 99 } }], /expected a status from 200 to 599, got 99/],
  ] as const) {
    test(`${JSON.stringify(routes)} is wrong`, () => assert.match(problemOf({ routes }), message))
  }
})

describe('an action', () => {
  test('may be a redirect or a fixed reply', () => {
    const routes = [
      { match: { path: '/old' }, redirect: '/new?a=1' },
      { match: { path: '/gone' }, reply: { status: 410, headers: { 'X-A': '1' }, body: 'gone' } },
    ]
    assert.deepEqual(
      routesOf({ base: '/app/', routes }).map(({ id, action }) => [id, action]),
      [
        ['/app/old', { kind: 'redirect', to: '/app/new?a=1', status: 307 }],
        ['/app/gone', { kind: 'reply', status: 410, headers: ['X-A', '1'], body: 'gone' }],
      ],
    )
  })

  test('may send a value as JSON', () => {
    const json = { 'm.server': '{host}:8448', list: [1, null] }
    const actionOf = (reply: RouteOptions['reply']): unknown => routesOf({ routes: [{ match: {}, reply }] })[0]?.action
    const body = '{"m.server":"{host}:8448","list":[1,null]}'
    const typed = ['Content-Type', 'application/json', 'X-Content-Type-Options', 'nosniff']
    assert.deepEqual(actionOf({ json }), { kind: 'reply', status: 200, headers: typed, body })
    const own = { 'content-type': 'application/ld+json' }
    assert.deepEqual(actionOf({ json, headers: own }), {
      kind: 'reply',
      status: 200,
      headers: ['content-type', 'application/ld+json'],
      body,
    })
    assert.deepEqual(actionOf({ json: null }), { kind: 'reply', status: 200, headers: typed, body: 'null' })
  })

  test('may redirect to the address that the client used', () => {
    const targetOf = (redirect: string): unknown => {
      const [route] = routesOf({ base: '/app/', routes: [{ match: {}, redirect }] })
      return route?.action.kind === 'redirect' ? route.action.to : undefined
    }
    for (const to of ['{origin}/x', 'https://{host}:8448/a%20b?c=%7B#d', 'http://[::1]:{port}/', 'http://{host}.test/'])
      assert.equal(targetOf(to), to)
    assert.equal(targetOf('/to/{host}?é="'), '/app/to/{host}?%C3%A9=%22')
    assert.equal(targetOf('/to/{name}'), '/app/to/%7Bname%7D', 'no placeholder')
  })

  for (const [route, message] of [
    [{}, /the route has no action/],
    [
      { redirect: 'https://{hostname}/' },
      /"\{hostname\}" is not a placeholder; did you mean \{host\}\? The placeholders are/,
    ],
    [{ redirect: 'https://{Host}/' }, /"\{Host\}" is not a placeholder/],
    [{ redirect: 'https://{host}:{ port }/' }, /"\{ port \}" is not a placeholder/],
    [{ redirect: 'https://${host}/' }, /"\$\{host\}" is not a placeholder/],
    [{ redirect: '{host}/x' }, /"\{host\}\/x" is neither a path nor a URL/],
    [{ redirect: '/{origin}{port}\n' }, /is neither a path nor a URL/],
    [{ redirect: 'https://{origin}/' }, /is neither a path nor a URL/],
    [{ redirect: 'https://a:b@{host}/' }, /is neither a path nor a URL/],
    [{ reply: { json: 1n } }, /routes\.0\.reply\.json: the value is not JSON; use what JSON can hold/],
    [{ reply: { json: { a: [Number.NaN] } } }, /reply\.json: the value is not JSON/],
    [{ reply: { json: {}, body: 'x' } }, /reply\.json: cannot be combined with body; remove one of them/],
    [{ proxy: to, redirect: '/x' }, /both proxy and redirect/],
    [{ redirect: '//evil.test' }, /is neither a path nor a URL/],
    [{ redirect: '/\\evil.test' }, /is neither a path nor a URL/],
    [{ redirect: 'javascript:alert(1)' }, /is neither a path nor a URL/],
    [{ redirect: '/x\r\nSet-Cookie: a' }, /is neither a path nor a URL/],
    [{ redirect: '/x', status: 404 }, /expected 301, 302, 303, 307 or 308, got \d+; use 301, 302, 303, 307 or 308$/],
    [{ reply: { body: 'x' }, status: 301 }, /only a redirect has it/],
    [{ reply: { headers: { connection: 'close' } } }, /server's own/],
  ] as const) {
    test(`${inspect(route)} is wrong`, () =>
      assert.match(problemOf({ routes: [{ match: { path: '/a' }, ...route }] }), message))
  }
})

describe('trust', () => {
  test('takes addresses and networks', () => {
    assert.deepEqual(resolveConfig({ trust: ['10.0.0.0/8', '::1', '::1'] }).trust, ['10.0.0.0/8', '::1'])
    assert.deepEqual(resolveConfig({}).trust, [])
  })

  test('refuses everything else', () => {
    const wrong = ['*', 'localhost', '10.0.0.0/33', '10.0.0/8', '']
    assert.equal(problemsOf({ trust: wrong }).length, wrong.length)
  })
})

describe('sources', () => {
  test('the same match twice on the command line shares between two targets', async () => {
    const flags = { proxy: ['/api=3000', '/api=3001', 'api.localhost=4000'] }
    const { config } = await loadConfig({ cwd: '/work', flags, config: false })
    assert.deepEqual(
      config.routes.map(({ id, action }) => [id, action.kind === 'proxy' ? action.proxy.upstreams.length : 0]),
      [
        ['/api', 2],
        ['api.localhost', 1],
      ],
    )
  })

  test('a variable holds a route a line, and routes are JSON', async () => {
    const env = {
      SERVE8008_PROXY: '/api=3000\n/b=3001',
      SERVE8008_ROUTES: '[{"match":{"path":"/old"},"redirect":"/new"}]',
    }
    const { config } = await loadConfig({ cwd: '/work', env, config: false })
    assert.deepEqual(
      config.routes.map(({ id }) => id),
      ['/api', '/b', '/old'],
    )
    const broken = loadConfig({ cwd: '/work', env: { SERVE8008_ROUTES: '[' }, config: false })
    await assert.rejects(broken, /SERVE8008_ROUTES: the value is not JSON/)
  })

  test('a flag without a target is a problem', async () => {
    await assert.rejects(
      loadConfig({ cwd: '/work', flags: { proxy: ['/api'] }, config: false }),
      /--proxy: "\/api" is not/,
    )
    await assert.rejects(
      loadConfig({ cwd: '/work', flags: { proxy: ['/api=ftp://x'] }, config: false }),
      /--proxy \/api: "ftp:\/\/" is not supported/,
    )
  })
})
