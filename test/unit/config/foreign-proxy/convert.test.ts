import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createServer,
  fromHttpProxy,
  isServeError,
  type FromHttpProxySettings,
  type ProxyOptions,
} from '../../../../src/index.ts'

const target = 'http://localhost:3000'

/** The matches of the routes, with where they forward to. */
async function routesOf(options: unknown, settings?: FromHttpProxySettings): Promise<string[]> {
  const { routes } = await fromHttpProxy(options, settings)
  createServer({ routes })
  return routes.map(({ match: { host = '', path, pattern, method = [] }, proxy }) =>
    [...[method].flat(), `${host}${path ?? pattern} -> ${String((proxy as ProxyOptions).to)}`].join(' '),
  )
}

/** The proxy options of the only route, and the names of what differs. */
async function proxyOf(options: object): Promise<[proxy: Partial<ProxyOptions>, differences: string[]]> {
  const { routes, differences } = await fromHttpProxy({ target, ...options })
  createServer({ routes })
  const [route] = routes
  assert.ok(route !== undefined)
  const { to: _, ...proxy } = route.proxy as ProxyOptions
  return [proxy, differences.map(({ option }) => option)]
}

describe('contexts', () => {
  const contexts: readonly (readonly [string, FromHttpProxySettings['from'], string | undefined])[] = [
    ['/api', 'vite', '/api'],
    ['/api/', 'vite', '/api'],
    ['/', 'vite', '/'],
    ['^/api', 'vite', '/api'],
    ['^/api/.*', 'vite', '/api'],
    ['^\\/api(/|$)', 'vite', '/api'],
    ['^/v1\\.2/', 'vite', '/v1.2'],
    ['^/v1.2/', 'vite', undefined],
    ['^/(?!app)', 'vite', undefined],
    ['^/[ab]/', 'vite', undefined],
    ['/api/*', 'vite', undefined],
    ['/api/*', 'webpack-dev-server', '/api'],
    ['/api/*', 'angular', '/api/*'],
    ['/api/**', 'http-proxy-middleware', '/api'],
    ['/users/*/avatar', 'http-proxy-middleware', '/users/*/avatar'],
    ['/users/*/files/**', 'http-proxy-middleware', '/users/*/files/**'],
    ['**', 'http-proxy-middleware', '/'],
    ['/{a,b}', 'http-proxy-middleware', undefined],
    ['**/*.json', 'http-proxy-middleware', undefined],
    ['!/api', 'http-proxy-middleware', undefined],
  ]
  for (const [context, from, expected] of contexts) {
    test(`reads ${context} of ${from} as ${expected ?? 'no match'}`, async () => {
      const entry = [{ context, target }]
      assert.deepEqual(await routesOf(entry, { from }), expected === undefined ? [] : [`${expected} -> ${target}`])
      const { differences } = await fromHttpProxy(entry, { from })
      assert.deepEqual(
        differences.map(({ option }) => option),
        expected === undefined ? ['context'] : [],
      )
    })
  }

  test('reads each context of a list and each choice of an expression', async () => {
    assert.deepEqual(await routesOf([{ context: ['/a', '/b'], target }]), [`/a -> ${target}`, `/b -> ${target}`])
    assert.deepEqual(await routesOf({ '^/(a|b)/.*': { target } }), [`/a -> ${target}`, `/b -> ${target}`])
  })

  test('leaves out what an earlier context answers, and lists it', async () => {
    const options = { '/': { target }, '/api': { target: 'http://other' } }
    assert.deepEqual(await routesOf(options), [`/ -> ${target}`])
    const { differences } = await fromHttpProxy(options)
    assert.match(differences[0]?.why ?? '', /^\/ comes first/)
  })

  test('lists a function instead of a context, and one instead of an entry', async () => {
    const { routes, differences } = await fromHttpProxy([{ context: () => true, target }, () => ({ target })])
    assert.deepEqual([routes, differences.map(({ option }) => option)], [[], ['context', 'proxy']])
  })
})

describe('paths', () => {
  const strip = (path: string): string => path.replace(/^\/api/, '')
  const cases: readonly (readonly [name: string, entry: object, routes: readonly string[]])[] = [
    ['keeps the path', {}, [`/api -> ${target}`]],
    ['drops a slash behind the target', { target: `${target}/` }, [`/api -> ${target}`]],
    ['prepends the path of the target', { target: `${target}/v1/` }, [`/api -> ${target}/v1/api`]],
    ['drops it with prependPath: false', { target: `${target}/v1`, prependPath: false }, [`/api -> ${target}`]],
    ['removes the prefix', { pathRewrite: { '^/api': '' } }, [`/api -> ${target}/`]],
    ['replaces the prefix', { pathRewrite: { '^/api/': '/v2/' } }, [`/api -> ${target}/v2`]],
    ['replaces it below a target with a path', { target: `${target}/v1`, rewrite: strip }, [`/api -> ${target}/v1`]],
    ['calls a function', { rewrite: (path: string) => `/v3${path}` }, [`/api -> ${target}/v3/api`]],
    [
      'makes a route for a rule that concerns a part',
      { pathRewrite: { '^/api/old': '/new', '^/api': '' } },
      [`/api/old -> ${target}/new`, `/api -> ${target}/`],
    ],
    [
      'ignores a rule that never matches',
      { pathRewrite: { '^/api': '', '^/api/old': '/new' } },
      [`/api -> ${target}/`],
    ],
  ]
  for (const [name, entry, routes] of cases) {
    test(name, async () => assert.deepEqual(await routesOf([{ context: '/api', target, ...entry }]), routes))
  }

  const unreadable: readonly (readonly [option: string, entry: object])[] = [
    ['pathRewrite', { pathRewrite: { 'user\\.json$': 'demo.json' } }],
    ['pathRewrite', { pathRewrite: { '^/api/(.*)': '/$1/x' } }],
    ['pathRewrite', { pathRewrite: async (path: string) => path }],
    ['pathRewrite', { pathRewrite: (path: string, { url }: { url: string }) => url + path }],
    ['rewrite', { rewrite: (path: string) => path.toUpperCase() }],
    ['ignorePath', { ignorePath: true }],
  ]
  for (const [option, entry] of unreadable) {
    test(`leaves out a route whose ${option} is more than a prefix, and lists it`, async () => {
      const { routes, differences } = await fromHttpProxy([{ context: '/api', target, ...entry }])
      assert.deepEqual([routes, differences.map((each) => each.option)], [[], [option]])
    })
  }

  test('adds the mount, which version 2 sees and version 3 does not', async () => {
    const entry = { target, pathRewrite: { '^/api': '' } }
    assert.deepEqual(await routesOf(entry, { mount: '/api', from: 'http-proxy-middleware@2' }), [`/api -> ${target}/`])
    assert.deepEqual(await routesOf({ target }, { mount: '/api/' }), [`/api -> ${target}/`])
    assert.deepEqual(await routesOf({ target, pathFilter: '/x' }, { mount: '/api' }), [`/api/x -> ${target}/x`])
  })
})

describe('targets', () => {
  const targets: readonly (readonly [unknown, string])[] = [
    [new URL('https://a.test/v1'), 'https://a.test/v1'],
    ['ws://a.test:81', 'ws://a.test:81'],
    [{ host: 'localhost', port: 9001 }, 'http://localhost:9001'],
    [{ protocol: 'https', hostname: '::1', port: '9001' }, 'https://[::1]:9001'],
    [{ host: 'a.test:82', protocol: 'https:' }, 'https://a.test:82'],
    [{ socketPath: '/run/app.sock' }, 'unix:/run/app.sock'],
  ]
  for (const [given, to] of targets) {
    test(`reads ${to}`, async () => assert.deepEqual(await routesOf({ target: given }), [`/ -> ${to}`]))
  }

  test('makes routes of the table router', async () => {
    const router = { 'a.test': 'http://a.test', '/x': 'http://x.test', 'b.test/x': 'http://b.test' }
    assert.deepEqual(await routesOf({ target, router }), [
      'a.test/ -> http://a.test',
      '/x -> http://x.test',
      `/ -> ${target}`,
    ])
  })

  test('lists a function as router, and leaves its route out where there is no target', async () => {
    assert.deepEqual(await proxyOf({ router: () => target }), [{ rewrite: false }, ['router']])
    const { routes, differences } = await fromHttpProxy({ router: () => target })
    assert.deepEqual([routes, differences.map(({ option }) => option)], [[], ['router']])
  })

  test('reads the text in a package.json, and the short form of http-proxy-middleware', async () => {
    assert.deepEqual(await routesOf(target), [`POST PUT PATCH DELETE OPTIONS / -> ${target}`])
    assert.deepEqual(await routesOf(`${target}/api`, { from: 'http-proxy-middleware@2' }), [`/api -> ${target}`])
  })

  test("sends the target's name for a short form of Vite alone", async () => {
    const changes = async (from: FromHttpProxySettings['from']): Promise<unknown> => {
      const { routes } = await fromHttpProxy({ '/a': target }, { from })
      return routes.map(({ proxy }) => (proxy as ProxyOptions).changeOrigin)
    }
    assert.deepEqual(await changes('vite'), [true])
    assert.deepEqual(await changes('webpack-dev-server'), [undefined])
  })
})

describe('options', () => {
  const same = { rewrite: false }
  const options: readonly (readonly [given: object, proxy: Partial<ProxyOptions>, differences: readonly string[]])[] = [
    [{ changeOrigin: true, ws: true, xfwd: true, preserveHeaderKeyCase: true }, { ...same, changeOrigin: true }, []],
    [{ secure: false }, same, []],
    [{ target: 'https://a.test', secure: false }, { ...same, tls: { verify: false } }, []],
    [{ headers: { 'X-A': 1, 'X-B': ['a', 'b'] } }, { ...same, headers: { 'X-A': '1', 'X-B': 'a, b' } }, []],
    [{ headers: { Connection: 'close' } }, same, ['headers.Connection']],
    [{ auth: 'a:b' }, { ...same, headers: { authorization: 'Basic YTpi' } }, []],
    [{ autoRewrite: true }, {}, []],
    [{ hostRewrite: 'a.test' }, {}, ['hostRewrite']],
    [{ protocolRewrite: 'http', autoRewrite: true }, {}, []],
    [{ protocolRewrite: 'http' }, {}, ['protocolRewrite']],
    [{ cookieDomainRewrite: '' }, {}, []],
    [{ cookieDomainRewrite: { '*': 'a.test' } }, {}, ['cookieDomainRewrite']],
    [{ cookiePathRewrite: '/' }, { cookiePath: '/' }, []],
    [{ cookiePathRewrite: { '/a': '/b' } }, same, ['cookiePathRewrite']],
    [{ proxyTimeout: 5 }, { ...same, timeouts: { headersMs: 5, bodyIdleMs: 5, upgradeMs: 5 } }, []],
    [{ timeout: 5 }, same, ['timeout']],
    [{ ws: false }, same, ['ws']],
    [{ bypass() {}, configure() {}, selfHandleResponse: true }, same, ['bypass', 'configure', 'selfHandleResponse']],
    [{ on: { proxyReq() {}, error() {}, start() {} } }, same, ['on.proxyReq', 'on.error', 'on.start']],
    [{ onProxyRes() {}, plugins: [] }, same, ['onProxyRes', 'plugins']],
    [{ followRedirects: true, forward: 'http://b.test' }, same, ['followRedirects', 'forward']],
    [{ followRedirects: false, selfHandleResponse: false }, same, []],
    [{ tarpit: 5 }, same, ['tarpit']],
  ]
  for (const [given, proxy, differences] of options) {
    test(`carries ${Object.keys(given).join(', ')} over or lists it`, async () => {
      assert.deepEqual(await proxyOf(given), [proxy, differences])
    })
  }

  test('removes the fields about the client with xfwd: false', async () => {
    const [{ headers }] = await proxyOf({ xfwd: false, headers: { 'x-forwarded-for': '192.0.2.1' } })
    assert.deepEqual(headers, {
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-host': false,
      'x-forwarded-port': false,
      'x-forwarded-proto': false,
      forwarded: false,
    })
  })

  test('gives each difference the context, a reason and what to write instead', async () => {
    const { differences } = await fromHttpProxy({ '/api': { target, onError() {} } })
    assert.deepEqual(differences, [
      {
        route: '/api',
        option: 'onError',
        why: 'clients get a 502 or 504 that says why',
        instead: "server.on('reply', ({ reason }) => …)",
      },
    ])
  })
})

const slips: readonly (readonly [unknown, unknown, message: string, hint: RegExp])[] = [
  [5, {}, 'fromHttpProxy() takes the proxy options of another program, and got 5.', /'\/api': 'http/],
  [{}, {}, 'fromHttpProxy() takes the proxy options of another program, and got an object.', /'\/api': 'http/],
  [
    { server: { proxy: {} } },
    {},
    'fromHttpProxy() takes the proxy options of another program, and got an object.',
    /^pass what is in server\.proxy$/,
  ],
  [{ api: target }, {}, 'fromHttpProxy() takes the proxy options of another program, and got an object.', /^write/],
  [
    target,
    { from: 'vite' },
    `fromHttpProxy() takes the proxy options of another program, and got "${target}".`,
    /^write/,
  ],
  [{ target: 5 }, {}, '/: the target is no URL: 5', /^write target: 'http:\/\/localhost:3000'$/],
  [{ '/a': {} }, {}, '/a: the target is missing', /^write target/],
  [target, { from: 'vit' }, 'fromHttpProxy() does not know the program "vit".', /^did you mean "vite"\?$/],
  [target, { from: 7 }, 'fromHttpProxy() does not know the program 7.', /^use one of http-proxy, /],
  [target, { mount: 'api' }, 'fromHttpProxy() takes a path as mount, and got "api".', /^write \{ mount: '\/api' \}$/],
  [target, null, 'fromHttpProxy() takes { from, mount } second, and got null.', /^leave it out/],
  [target, { form: 'vite' }, 'fromHttpProxy() takes { from, mount } second, and no "form".', /^leave it out/],
]
for (const [options, settings, message, hint] of slips) {
  test(`rejects with: ${message} (${String(hint)})`, async () => {
    await assert.rejects(
      fromHttpProxy(options, settings as FromHttpProxySettings),
      (error) =>
        isServeError(error) &&
        error.code === 'E8008_CONFIG_INVALID' &&
        (assert.equal(error.message, message), assert.match(error.hint ?? '', hint), true),
    )
  })
}
