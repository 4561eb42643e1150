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
  for (const [options, fix] of [
    [{ server: { port: 3000, proxy: {} } }, 'write what it holds at the top: { port, proxy }'],
    [{ devServer: { static: 'public' } }, 'write what it holds at the top: { static }'],
    [{ historyApiFallback: true }, 'did you mean single: true?'],
    [{ publicDir: 'public' }, 'did you mean root: "public"? Further folders are "mounts"'],
    [{ static: 'dist' }, 'did you mean root: "dist"? Further folders are "mounts"'],
    [{ static: { directory: 'dist' } }, 'did you mean "root"? Further folders are "mounts"'],
    [{ contentBase: './dist' }, 'did you mean root: "./dist"? Further folders are "mounts"'],
    [{ allowedHosts: ['a.test'] }, 'did you mean "allowHost"?'],
    [{ hmr: false }, 'did you mean "live"? It is on'],
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
    [{ wait: 200 }, 'leave it out: changes that come together are taken together'],
    [{ mimetypes: {} }, "write headers: { '/path': { 'content-type': 'text/plain' } }"],
    [{ plugins: [] }, 'see the options: serve8008 --help'],
    [{ verbose: true }, 'leave it out: it is a flag of the command, --verbose'],
  ] as const) {
    const [key] = Object.keys(options)
    test(`${JSON.stringify(options)} says what to write`, () => {
      assert.equal(problemOf(options), `${key}: there is no such option; ${fix}`)
    })
  }

  for (const [options, problem] of [
    [{ host: true }, 'host: true is not a text; did you mean lan: true?'],
    [{ host: false }, 'host: false is not a text; leave it out: localhost is the default'],
    [{ log: 'off' }, 'log: "off" is not a log format; did you mean "none"?'],
    [{ log: 'Silent' }, 'log: "Silent" is not a log format; did you mean "none"?'],
    [{ log: false }, 'log: false is not a log format; did you mean "none"?'],
    [{ log: true }, 'log: true is not a log format; did you mean "pretty"?'],
    // A format of morgan.
    [{ log: 'dev' }, 'log: "dev" is not a log format; did you mean "pretty"?'],
    [{ log: 'offline' }, 'log: "offline" is not a log format; use pretty, common, combined, json or none'],
    [{ trailingSlash: true }, 'trailingSlash: true is not a policy; did you mean "always"?'],
    [
      { proxy: 'http://localhost:3000' },
      'proxy: "http://localhost:3000" is not an object of names; write { "/api": "http://localhost:3000" }',
    ],
    [
      { proxy: [{ context: ['/api'], target: 'http://localhost:3000' }] },
      'proxy: a list is not an object of names; write each as a key: { "/api": "http://localhost:3000" }',
    ],
    [
      { routes: { '/old': '/new' } },
      "routes: an object is not a list of routes; write a list: [{ match: { path: '/old' }, redirect: '/new' }]",
    ],
    [
      { root: new URL('file:///srv') },
      'root: an object of the class URL is not a text; use its path: fileURLToPath(url)',
    ],
    [
      { cors: { origin: '*' } },
      "cors: an object is not true, false or origins; use true, or the origins: ['https://app.example.test']",
    ],
  ] as const) {
    test(`${JSON.stringify(options)} says what to write`, () => assert.equal(problemOf(options), problem))
  }

  test('a value that is no object says what to write', () => {
    for (const [options, fix] of [
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
      assert.equal(error.hint, fix)
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
  test('are all told at once, with what to write', () => {
    const route = {
      target: 'http://localhost:3000',
      ws: true,
      secure: false,
      rewrite: (path: string) => path,
      bypass: () => {},
    }
    assert.deepEqual(problemsOf({ proxy: { '/api': route } }), [
      'proxy./api.target: there is no such key; did you mean "to"?',
      'proxy./api.ws: there is no such key; leave it out: WebSockets go through every route',
      'proxy./api.secure: there is no such key; did you mean tls: { verify: false }?',
      'proxy./api.bypass: there is no such key; add a route that says more in its match',
      'proxy./api.rewrite: a function is not true or false; use true or false; for the path: a target with a path, such as http://localhost:3000/v1, puts it in place of the matched one',
    ])
  })

  for (const [key, value, fix] of [
    ['pathRewrite', { '^/api': '' }, /^a target with a path, such as/],
    ['xfwd', true, /^leave it out: X-Forwarded-For/],
    ['cookieDomainRewrite', 'a.test', /^leave it out: redirects and cookies are made to fit/],
    ['proxyTimeout', 5000, /^did you mean timeouts: \{ headersMs \}\?$/],
    ['configure', () => {}, /^write a layer: server\.use/],
    ['auth', 'ann:hunter2', /^write headers: \{ authorization/],
    ['ca', 'a.pem', /^write it in tls/],
  ] as const) {
    test(`${key} says what to write, and shows no value`, () => {
      const problem = problemOf({ proxy: { '/api': { to: 3000, [key]: value } } })
      const [fault, ...rest] = problem.split('; ')
      assert.equal(fault, `proxy./api.${key}: there is no such key`)
      assert.match(rest.join('; '), fix)
      assert.doesNotMatch(problem, /hunter2/)
    })
  }
})

describe('routes from habit', () => {
  for (const [route, problems] of [
    [
      { match: '/x', redirect: '/y' },
      ['routes.0.match: "/x" is not an object of conditions; did you mean match: { path: "/x" }?'],
    ],
    [
      { match: 'a.test', redirect: '/y' },
      ['routes.0.match: "a.test" is not an object of conditions; did you mean match: { host: "a.test" }?'],
    ],
    [
      { match: { path: '/x' }, reply: 'ok' },
      ['routes.0.reply: "ok" is not an object; did you mean reply: { body: "ok" }?'],
    ],
    [
      { match: { path: '/x' }, reply: () => 'ok' },
      ['routes.0.reply: a function is not an object; write a layer: server.use((next) => (x) => …)'],
    ],
    [
      { path: '/x', redirect: '/y' },
      [
        'routes.0.path: there is no such key; write it in match: { path: … }',
        'routes.0: "match" is missing; add "match"',
      ],
    ],
    [
      { source: '/x', destination: '/y', permanent: true },
      [
        'routes.0.source: there is no such key; did you mean match: { path: "/x" }?',
        'routes.0.destination: there is no such key; did you mean "redirect", or "proxy"?',
        'routes.0.permanent: there is no such key; write status: 308',
        'routes.0: "match" is missing; add "match"',
      ],
    ],
    [
      { match: { path: '/x' }, redirect: '/y', statusCode: 301 },
      ['routes.0.statusCode: there is no such key; did you mean "status"?'],
    ],
    [
      { match: { path: '/x' }, redirect: '/y', status: 200 },
      ['routes.0.status: 200 is not a status of redirects; use 301, 302, 303, 307 or 308'],
    ],
    [
      { match: { path: '/x' }, proxy: { to: 3000, balance: 'round-robin' } },
      ['routes.0.proxy.balance: "round-robin" is not a way to share; use round, least, random or hash'],
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
        'proxy./a.foo: there is no such key',
        'proxy./a.timeouts.conectMs: there is no such key',
        'proxy./a.retries: "a" is not a number',
        'proxy./a.hold: -1 is not milliseconds',
        'proxy./a.timeouts.totalMs: "x" is not a number',
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
        'routes.0.foo: there is no such key',
        'routes.1.matches: there is no such key',
        'routes.2.match.foo: there is no such key',
        'routes.0.redirect: 5 is not a text',
        'routes.2.match.method: 5 is not a text or a list of texts',
        'routes.2.reply.status: 99 is not a status from 200 to 599',
        'routes.4: "match" is missing',
        'routes.3.match: "d" is not a path',
      ],
    )
  })

  test('of headers and mounts', () => {
    const problems = problemsOf({ headers: { a: 5, b: { c: 6 }, 'd e': 'f' }, mounts: { '/x': 1, '/y': 2, z: '' } })
    for (const start of ['headers.a: 5', 'headers.b: 6', 'mounts./x: 1', 'mounts./y: 2']) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`${start} is not a text`)),
        `${start}\n${problems.join('\n')}`,
      )
    }
    assert.ok(
      problems.some((problem) => problem.includes('"d e"')),
      problems.join('\n'),
    )
  })
})
