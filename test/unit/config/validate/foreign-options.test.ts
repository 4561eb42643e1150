import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createServer, isServeError, type ServeError } from '../../../../src/index.ts'
import { problemOf, problemsOf } from '../problems-of.ts'

function errorOf(call: () => unknown): ServeError {
  try {
    call()
  } catch (error) {
    assert.ok(isServeError(error), String(error))
    return error
  }
  assert.fail('accepted')
}

describe('options from habit', () => {
  for (const [options, hint] of [
    [{ server: { port: 3000, proxy: {} } }, 'write what it holds at the top: { port, proxy }'],
    [{ devServer: { static: 'public' } }, 'write what it holds at the top: { static }'],
    [{ historyApiFallback: true }, 'did you mean single: true?'],
    [{ publicDir: 'public' }, 'did you mean root: "public"? Further folders are "mounts"'],
    [{ static: 'dist' }, 'did you mean root: "dist"? Further folders are "mounts"'],
    [{ static: { directory: 'dist' } }, 'did you mean "root"? Further folders are "mounts"'],
    [{ contentBase: './dist' }, 'did you mean root: "./dist"? Further folders are "mounts"'],
    [{ allowedHosts: ['a.test'] }, 'did you mean "allowHost"?'],
    [{ hmr: false }, 'did you mean live: false?'],
    [{ hot: true }, 'did you mean "live"? It is on'],
    [{ https: true }, 'did you mean "tls"?'],
    [{ https: { key: 'a', cert: 'b' } }, "write tls: true, and its files at the top: { cert: 'a.pem', key: 'b.pem' }"],
    [{ setupMiddlewares: () => [] }, 'write a layer: server.use((next) => (x) => …)'],
    [{ username: 'ann' }, "write auth: 'user:password'"],
    [{ spa: true }, 'did you mean "single"?'],
    [{ publicPath: '/app/' }, 'did you mean "base"?'],
    [{ startPath: '/docs' }, 'did you mean open: "/docs"?'],
    [{ file: 'index.html' }, 'did you mean single: "index.html"?'],
    [{ htpasswd: 'users' }, 'did you mean "authFile"?'],
    [{ disableHostCheck: true }, 'name the hosts in "allowHost"'],
    [{ robots: true }, 'leave it out: a robots.txt in the folder is served'],
    [{ showDir: false }, 'did you mean "listing"? It is on'],
    [{ files: ['css/*.css'] }, 'did you mean "watch"?'],
    [{ wait: 200 }, 'remove it: changes are debounced'],
    [{ mimetypes: {} }, "write headers: { '/path': { 'content-type': 'text/plain' } }"],
    [{ experiments: [] }, 'see the options: serve8008 --help'],
    [{ verbose: true }, 'leave it out: it is a flag of the command, --verbose'],
    // Options of http-proxy and of http-proxy-middleware, which take those of one route.
    [{ target: 'http://ann:hunter2@localhost' }, "write proxy: { '/': 'http://localhost:3000' }"],
    [{ ws: true }, 'leave it out: WebSockets go through every route'],
    [{ xfwd: true }, 'leave it out: X-Forwarded-For, -Host and -Proto are always sent'],
    [{ secure: false }, "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"],
    [{ bypass: () => {} }, "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"],
    [{ pathRewrite: {} }, "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"],
    [{ rewrite: false }, "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"],
    [{ changeOrigin: true }, "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"],
  ] as const) {
    const [key] = Object.keys(options)
    test(`${JSON.stringify(options)} says what to write`, () => {
      assert.equal(problemOf(options), `${key}: unknown option; ${hint}`)
    })
  }

  for (const [options, problem] of [
    [{ host: true }, 'host: expected a string, got true; did you mean lan: true?'],
    [{ host: false }, 'host: expected a string, got false; leave it out: localhost is the default'],
    [{ log: 'off' }, 'log: expected a log format, got "off"; did you mean "none"?'],
    [{ log: 'Silent' }, 'log: expected a log format, got "Silent"; did you mean "none"?'],
    [{ log: false }, 'log: expected a log format, got false; did you mean "none"?'],
    [{ log: true }, 'log: expected a log format, got true; did you mean "pretty"?'],
    // A format of morgan.
    [{ log: 'dev' }, 'log: expected a log format, got "dev"; did you mean "pretty"?'],
    [{ log: 'offline' }, 'log: expected a log format, got "offline"; use pretty, common, combined, json or none'],
    [{ trailingSlash: true }, 'trailingSlash: expected auto, always or never, got true; did you mean "always"?'],
    [
      { proxy: 'http://localhost:3000' },
      'proxy: expected an object, got "http://localhost:3000"; write { "/api": "http://localhost:3000" }',
    ],
    [
      { proxy: [{ context: ['/api'], target: 'http://localhost:3000' }] },
      'proxy: expected an object, got a list; write each as a key: { "/api": "http://localhost:3000" }',
    ],
    [
      { routes: { '/old': '/new' } },
      "routes: expected a list of routes, got an object; write a list: [{ match: { path: '/old' }, redirect: '/new' }]",
    ],
    [
      { root: new URL('file:///srv') },
      'root: expected the path of a folder, or false, got an object of the class URL; use its path: fileURLToPath(url)',
    ],
    [
      { cors: { origin: '*' } },
      "cors: expected true, false or origins, got an object; use true, or the origins: ['https://app.example.test']",
    ],
  ] as const) {
    test(`${JSON.stringify(options)} says what to write`, () => assert.equal(problemOf(options), problem))
  }

  test('a value that is no object says what to write', () => {
    for (const [options, hint] of [
      ['site', 'use an object: { root: "site" }'],
      [3000, 'use an object: { port: 3000 }'],
      [['site'], 'use an object'],
      [null, 'use an object'],
      [new URL('http://a.test'), 'use an object'],
      [() => ({}), 'use an object'],
      [Object.create({ port: 3000 }), 'use an object that inherits nothing'],
    ] as const) {
      const error = errorOf(() => createServer(options as never))
      assert.equal(error.code, 'E8008_CONFIG_INVALID')
      assert.equal(error.hint, hint)
    }
  })

  test('listen() with the arguments of other servers says what to write', async () => {
    const listen = (given: unknown) =>
      (createServer() as unknown as { listen(given: unknown): Promise<unknown> }).listen(given)
    for (const [given, hint] of [
      [3000, 'write createServer({ port: 3000 })'],
      ['3000', 'write createServer({ port: 3000 })'],
      [{ port: 3000 }, 'it returns a promise: const { url } = await server.listen()'],
      [() => {}, 'it returns a promise: const { url } = await server.listen()'],
    ] as const) {
      await assert.rejects(listen(given), (error) => {
        assert.ok(isServeError(error) && error.code === 'E8008_CONFIG_INVALID')
        assert.equal(error.hint, hint)
        return true
      })
    }
  })
})

describe('keys of other proxies', () => {
  test('are all reported at once, with what to write', () => {
    const route = {
      target: 'http://localhost:3000',
      ws: true,
      secure: false,
      rewrite: (path: string) => path,
      bypass: () => {},
    }
    assert.deepEqual(problemsOf({ proxy: { '/api': route } }), [
      'proxy./api.target: unknown key; did you mean "to"?',
      'proxy./api.ws: unknown key; leave it out: WebSockets go through every route',
      'proxy./api.secure: unknown key; did you mean tls: { verify: false }?',
      'proxy./api.bypass: unknown key; add a route with more conditions in match',
      'proxy./api.rewrite: expected true or false, got a function; use true or false; for the path: add a path to the target: http://localhost:3000/v1 replaces the matched path by /v1',
    ])
  })

  for (const [key, value, hint] of [
    ['pathRewrite', { '^/api': '' }, /^add a path to the target: /],
    ['xfwd', true, /^leave it out: X-Forwarded-For/],
    ['cookieDomainRewrite', 'a.test', /^leave it out: redirects and cookies are rewritten/],
    ['cookiePathRewrite', { '*': '/' }, /^did you mean cookiePath: '\/'\?$/],
    ['proxyTimeout', 5000, /^did you mean timeouts: \{ headersMs \}\?$/],
    ['configure', () => {}, /^write a layer: server\.use/],
    ['auth', 'ann:hunter2', /^write headers: \{ authorization/],
    ['ca', 'a.pem', /^write it in tls/],
  ] as const) {
    test(`${key} says what to write, and shows no value`, () => {
      const problem = problemOf({ proxy: { '/api': { to: 3000, [key]: value } } })
      const [message, ...rest] = problem.split('; ')
      assert.equal(message, `proxy./api.${key}: unknown key`)
      assert.match(rest.join('; '), hint)
      assert.doesNotMatch(problem, /hunter2/)
    })
  }
})

describe('routes from habit', () => {
  for (const [route, problems] of [
    [
      { match: '/x', redirect: '/y' },
      ['routes.0.match: expected an object of conditions, got "/x"; did you mean match: { path: "/x" }?'],
    ],
    [
      { match: 'a.test', redirect: '/y' },
      ['routes.0.match: expected an object of conditions, got "a.test"; did you mean match: { host: "a.test" }?'],
    ],
    [
      { match: { path: '/x' }, reply: 'ok' },
      ['routes.0.reply: expected an object, got "ok"; did you mean reply: { body: "ok" }?'],
    ],
    [
      { match: { path: '/x' }, reply: () => 'ok' },
      ['routes.0.reply: expected an object, got a function; write it as handler: (request) => new Response(…)'],
    ],
    [
      { match: { path: '/x' }, handler: './app.ts' },
      [
        'routes.0.handler: expected a function (request) => Response, or an object with fetch, got "./app.ts"; write it in a serve8008.config.mjs: handler: (request) => new Response(\'ok\')',
      ],
    ],
    [
      { match: { path: '/y' }, handler: (_req: unknown, _res: unknown, _next: unknown) => undefined },
      [
        'routes.0.handler: expected a function (request) => Response, or an object with fetch, got a function; use connectLayer(middleware) of the library for middleware of Express and Connect',
      ],
    ],
    [
      { match: { path: '/x' }, handler: () => undefined, status: 301 },
      ['routes.0.status: only a redirect has it; write reply: { status }'],
    ],
    [
      { path: '/x', redirect: '/y' },
      ['routes.0.path: unknown key; write it in match: { path: … }', 'routes.0: "match" is missing; add "match"'],
    ],
    [
      { source: '/x', destination: '/y', permanent: true },
      [
        'routes.0.source: unknown key; did you mean match: { path: "/x" }?',
        'routes.0.destination: unknown key; did you mean "redirect", or "proxy"?',
        'routes.0.permanent: unknown key; write status: 308',
        'routes.0: "match" is missing; add "match"',
      ],
    ],
    [
      { match: { path: '/x' }, redirect: '/y', statusCode: 301 },
      ['routes.0.statusCode: unknown key; did you mean "status"?'],
    ],
    [
      { match: { path: '/x' }, redirect: '/y', status: 200 },
      ['routes.0.status: expected 301, 302, 303, 307 or 308, got 200; use 301, 302, 303, 307 or 308'],
    ],
    [
      { match: { path: '/x' }, proxy: { to: 3000, balance: 'round-robin' } },
      [
        'routes.0.proxy.balance: expected round, least, random or hash, got "round-robin"; use round, least, random or hash',
      ],
    ],
  ] as const) {
    test(`${JSON.stringify(route)} says what to write`, () =>
      assert.deepEqual(problemsOf({ routes: [route] } as never), problems))
  }
})

describe('every problem is told at once', () => {
  test('of one entry of proxy, in shape and in meaning', () => {
    const entry = {
      to: 'x y',
      retries: 'a',
      hold: -1,
      foo: 1,
      timeouts: { conectMs: 1, totalMs: 'x' },
      headers: { 'a b': 'c' },
    }
    assert.deepEqual(
      problemsOf({ proxy: { '/a': entry } }).map((problem) => problem.split(';')[0]),
      [
        'proxy./a.foo: unknown key',
        'proxy./a.timeouts.conectMs: unknown key',
        'proxy./a.retries: expected a number, got "a"',
        'proxy./a.hold: expected milliseconds from 0 to 2147483647, got -1',
        'proxy./a.timeouts.totalMs: expected milliseconds from 0 to 2147483647, got "x"',
        'proxy./a: "x y" is not a target',
        'proxy./a.headers.a b: "a b" is not a field name',
      ],
    )
  })

  test('of several routes, each under its own number', () => {
    const routes = [
      { match: { path: '/a' }, redirect: 5, foo: 1 },
      { matches: { path: '/b' }, reply: {} },
      { match: { path: '/c', foo: 1, method: 5 }, reply: { status: 99 } },
      { match: { path: 'd' }, reply: {} },
      { reply: {} },
    ]
    assert.deepEqual(
      problemsOf({ routes }).map((problem) => problem.split(';')[0]),
      [
        'routes.0.foo: unknown key',
        'routes.1.matches: unknown key',
        'routes.2.match.foo: unknown key',
        'routes.0.redirect: expected a string, got 5',
        'routes.2.match.method: expected a string or a list of strings, got 5',
        'routes.2.reply.status: expected a status from 200 to 599, got 99',
        'routes.4: "match" is missing',
        'routes.3.match: "d" is not a path',
      ],
    )
  })

  test('of headers and mounts', () => {
    const problems = problemsOf({ headers: { a: 5, b: { c: 6 }, 'd e': 'f' }, mounts: { '/x': 1, '/y': 2, z: '' } })
    for (const [key, value] of Object.entries({ 'headers.b': 6, 'mounts./x': 1, 'mounts./y': 2 })) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`${key}: expected a string, got ${value};`)),
        problems.join('\n'),
      )
    }
    assert.ok(
      problems.some((problem) => problem.startsWith('headers.a: expected a string or an object of fields, got 5;')),
    )
    assert.ok(
      problems.some((problem) => problem.includes('"d e"')),
      problems.join('\n'),
    )
  })
})
