import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createServer, type ServeError, type ServeOptions } from '../../../src/index.ts'

const options: ServeOptions = {
  auth: 'ann:hunter-password',
  tls: true,
  cert: 'a.pem',
  key: 'a.key',
  passphrase: 'hunter-passphrase',
  certificates: [{ pfx: 'b.p12', passphrase: 'hunter-pfx' }],
  open: '/?token=hunter-open',
  headers: {
    'X-Api-Key': 'hunter-header',
    Cookie2: 'hunter-old',
    'X-Frame-Options': 'DENY',
    '/a': { 'Set-Cookie': 'sid=hunter-cookie' },
  },
  proxy: {
    '/api': {
      to: 3000,
      headers: {
        Authorization: 'Bearer hunter-upstream',
        'X-Session': 'hunter-session',
        'X-Other': 'Bearer hunter-scheme',
        'X-Set': 'shown',
      },
      replyHeaders: { 'Set-Cookie': 'hunter-reply' },
      health: { path: '/up?key=hunter-health' },
    },
  },
  routes: [
    {
      match: {
        path: '/fixed',
        header: { 'x-api-key': 'hunter-match', 'x-canary': '1', authorization: true, 'x-id': 'Bearer hunter-value' },
        cookie: { 'connect.sid': 'hunter-session', beta: 'hunter-beta' },
        query: { token: 'hunter-query', next: '//u:hunter-next@h.test' },
      },
      reply: { headers: { 'Set-Cookie': 'sid=hunter-fixed' }, body: 'text' },
    },
    { match: { path: '/old' }, redirect: 'https://h.test/?a=1&api_key=hunter-redirect#token=hunter-hash' },
  ],
}

test('the configuration that a program sees holds no secret', () => {
  const server = createServer(options)
  server.routes.add({
    match: { path: '/later' },
    proxy: { to: 3001, headers: { 'Proxy-Authorization': 'hunter-later' } },
  })
  for (const shown of [server, server.config, server.routes.list()]) {
    assert.doesNotMatch(inspect(shown, { depth: null, showHidden: true }) + JSON.stringify(shown), /hunter/)
  }
})

test('what is no secret is shown as it was resolved', () => {
  const { config, routes } = createServer(options)
  assert.deepEqual(config.auth, { user: 'ann' })
  assert.deepEqual(
    config.tls?.certificates.map((files) => Object.keys(files)),
    [['cert', 'key'], ['pfx']],
  )
  assert.deepEqual(config.headers[0], {
    path: '/',
    headers: ['X-Api-Key', '…', 'Cookie2', '…', 'X-Frame-Options', 'DENY'],
  })
  const [api, fixed, old] = config.routes
  assert.ok(api?.action.kind === 'proxy')
  const shown = ['Authorization', '…', 'X-Session', '…', 'X-Other', '…', 'X-Set', 'shown']
  assert.deepEqual(api.action.proxy.requestFields.set, shown)
  assert.deepEqual(fixed?.match.headers, [
    ['authorization', true],
    ['x-api-key', '…'],
    ['x-canary', '1'],
    ['x-id', '…'],
  ])
  assert.deepEqual(old?.action, { kind: 'redirect', to: 'https://h.test/?a=1&api_key=…#token=…', status: 307 })
  assert.equal(config.open, '/?token=…')
  assert.deepEqual(routes.list(), config.routes)
})

test('the configuration is frozen, and holds only what options say', () => {
  const { config } = createServer()
  assert.throws(() => Object.assign(config, { root: '/' }), TypeError)
  for (const key of ['secretFiles', 'h2cFollows', 'fallback']) assert.ok(!Object.hasOwn(config, key), key)
  assert.equal(config.auth, undefined)
  assert.equal(config.tls, undefined)
})

test('no mistake in a URL is answered with its password or its token', () => {
  const wrong = ['https://u:hunter@h.test/', 'htp:/hunter@h.test', '//h.test/?token=hunter', 'u:hun/ter@h.test:x']
  const faulty = (text: string): ServeOptions[] => [
    { routes: [{ match: { path: '/' }, redirect: text }] },
    { routes: [{ match: { path: text }, redirect: '/' }] },
    { proxy: { '/': text } },
    { proxy: { [text]: 3000 } },
    { cors: [text] },
    { host: text },
    { allowHost: [text] },
    { open: text },
    { timeout: text },
  ]
  for (const options of wrong.flatMap(faulty)) {
    let shown = ''
    try {
      createServer(options)
    } catch (error) {
      const { message, hint, problems } = error as ServeError
      shown = [message, hint, ...problems].join('\n')
    }
    assert.notEqual(shown, '', JSON.stringify(options))
    assert.doesNotMatch(shown, /hunter|hun.ter/)
  }
})
