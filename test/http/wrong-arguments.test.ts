import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import {
  connectLayer,
  createServer,
  empty,
  fetchLayer,
  file,
  fromResponse,
  html,
  isServeError,
  json,
  localAuthority,
  redirect,
  text,
  type Server8008,
} from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'

// Programs in plain JavaScript call with anything. Each slip is an error of ours that says what to write.

type Call = (server: Server8008) => unknown

/** A program without types. */
const untyped = (value: unknown): never => value as never

const abort = new AbortController()
const slips: readonly (readonly [name: string, call: Call, message: string | RegExp, hint?: RegExp])[] = [
  [
    'createServer with a controller',
    () => createServer({ signal: untyped(abort) }),
    /^signal: expected an AbortSignal, got .*$/,
    /^did you mean its signal: controller\.signal\?$/,
  ],
  [
    'createServer with a number as signal',
    () => createServer({ signal: untyped(5) }),
    'signal: expected an AbortSignal, got 5',
    /^use an AbortSignal$/,
  ],
  [
    'record with options',
    (server) => Reflect.apply(server.record, server, [{ contentBytes: 1024 }]),
    'record() takes no arguments, and got an object.',
    /^limits bound it: write createServer\(.*\)$/,
  ],
  [
    'createServer with null as signal',
    () => createServer({ signal: untyped(null) }),
    'signal: expected an AbortSignal, got null',
  ],
  [
    'createServer with a stream as write',
    () => createServer({ write: untyped(process.stdout) }),
    /^write: expected a function, got .*$/,
  ],
  [
    'createServer with a text as color',
    () => createServer({ color: untyped('yes') }),
    'color: expected true or false, got "yes"',
  ],
  [
    'createServer with a text as columns',
    () => createServer({ columns: untyped('80') }),
    'columns: expected a number, got "80"',
  ],
  [
    'createServer with an empty authorityFolder',
    () => createServer({ authorityFolder: '' }),
    'authorityFolder: expected the path of a folder, got ""',
  ],
  [
    'on without a name',
    (server) => server.on(untyped(undefined), () => {}),
    'There is no event undefined.',
    /^use one of listening/,
  ],
  [
    'on with a symbol',
    (server) => server.on(untyped(Symbol('x')), () => {}),
    'There is no event Symbol(x).',
    /^use one of listening/,
  ],
  [
    'off with null',
    (server) => server.off(untyped(null), () => {}),
    'There is no event null.',
    /^use one of listening/,
  ],
  [
    'notify without a text',
    (server) => server.notify(untyped(undefined)),
    'notify() expects a string.',
    /^write notify/,
  ],
  ['notify with an error', (server) => server.notify(untyped(new Error('no'))), 'notify() expects a string.'],
  [
    'showError with an error',
    (server) => server.showError(untyped(new Error('no'))),
    /^showError\(\) expects \{ title, message \}/,
    /message: String\(error\)/,
  ],
  [
    'showError with a text as line',
    (server) => server.showError({ title: 'a', message: 'b', line: untyped('3') }),
    'showError() expects line to be a number.',
  ],
  [
    'showError with lines as frame',
    (server) => server.showError({ title: 'a', message: 'b', frame: untyped(['c']) }),
    'showError() expects frame to be a string.',
  ],
  [
    'routes.add with a text',
    (server) => server.routes.add(untyped('/x')),
    'route: expected an object with match and an action, got "/x"',
  ],
  [
    'routes.add without a match',
    (server) => server.routes.add(untyped({ proxy: 3000 })),
    'route: "match" is missing',
    /^add "match"$/,
  ],
  [
    'routes.add with an empty id',
    (server) => server.routes.add({ id: '', match: {}, redirect: '/x' }),
    'route.id: the id is empty',
    /^name the route, or leave it out$/,
  ],
  [
    'routes.remove with a route',
    (server) => server.routes.remove(untyped({ name: '/a' })),
    'remove() takes the id of a route, and got an object.',
    /list\(\)/,
  ],
  [
    'routes.replace with nothing',
    (server) => server.routes.replace(untyped(undefined)),
    'expected an object of options, got undefined',
    /^use an object$/,
  ],
  [
    'routes.replace with a list',
    (server) => server.routes.replace(untyped([{}])),
    'expected an object of options, got a list',
    /^use an object$/,
  ],
  [
    'routes.replace with a slip',
    (server) => server.routes.replace(untyped({ proxi: {} })),
    'proxi: unknown option',
    /^did you mean "proxy"\?$/,
  ],
  ['routes.replace with a proxy', (server) => server.routes.replace(untyped({ '/api': 3000 })), '/api: unknown option'],
  [
    'handler with a Context of Hono',
    (server) =>
      server.handler(
        untyped({}),
        untyped(async () => {}),
      ),
    'handler takes (req, res) of node:http, and got a function.',
    /tryFetch\(request\)/,
  ],
  [
    'handler with nothing',
    (server) => server.handler(untyped(undefined), untyped(undefined)),
    'handler takes (req, res) of node:http, and got undefined.',
  ],
  [
    'upgrade with nothing',
    (server) => server.upgrade(untyped(undefined), untyped(undefined), untyped(undefined)),
    'upgrade takes (req, socket, head) of node:http, and got undefined.',
    /^write nodeServer\.on\('upgrade', server\.upgrade\)$/,
  ],
  [
    'upgrade with a Request',
    (server) => server.upgrade(untyped(new Request('http://localhost/')), untyped({ socket: 1 }), untyped(null)),
    'upgrade takes (req, socket, head) of node:http, and got an object.',
  ],
  [
    'fetch with nothing',
    (server) => server.fetch(untyped(undefined)),
    'fetch() takes a whole URL, and got undefined.',
    /^write fetch\('http:\/\/localhost\/'\)$/,
  ],
  [
    'tryFetch with an object',
    (server) => server.tryFetch(untyped({})),
    'tryFetch() takes a whole URL, and got an object.',
    /^write tryFetch\('http:\/\/localhost\/'\)$/,
  ],
  [
    'localAuthority with null',
    () => localAuthority(untyped(null)),
    'localAuthority() takes { folder, env, onWarning }, and got null.',
  ],
  [
    'localAuthority with a text',
    () => localAuthority(untyped('./ca')),
    'localAuthority() takes { folder, env, onWarning }, and got "./ca".',
  ],
  [
    'localAuthority with a number as folder',
    () => localAuthority({ folder: untyped(3) }),
    'localAuthority() takes the path of a folder as folder, and got 3.',
  ],
  [
    'localAuthority with an empty folder',
    () => localAuthority({ folder: '' }),
    'localAuthority() takes the path of a folder as folder, and got "".',
  ],
  [
    'text with the status first',
    () => text(untyped(200), untyped('ok')),
    'text() takes a string, and got 200.',
    /^write text\('…', \{ status: 200 \}\)$/,
  ],
  [
    'html with bytes',
    () => html(untyped(Buffer.from('x'))),
    /^html\(\) takes a string, and got an object of the class/,
  ],
  [
    'text with a number as init',
    () => text('ok', untyped(404)),
    'text() takes { status, headers } as second argument, and got 404.',
  ],
  [
    'text with an interim status',
    () => text('ok', { status: 100 }),
    'text() takes a whole number from 200 to 999 as status, and got 100.',
  ],
  [
    'text with Headers',
    () => text('ok', { headers: untyped(new Headers()) }),
    'text() takes an object or a flat list as headers, and got an object of the class Headers.',
  ],
  [
    'text with a number in a field',
    () => text('ok', { headers: untyped({ Age: 5 }) }),
    'text() takes strings as headers, and got 5 for "Age".',
  ],
  [
    'text with a field without a value',
    () => text('ok', { headers: ['Age'] }),
    'text() takes strings as headers, and got undefined for "Age".',
  ],
  ['json with a function', () => json(() => {}), 'json() takes a value that JSON can hold, and got a function.'],
  ['empty with a text', () => empty(untyped('ok')), /^empty\(\) takes a whole number .* and got "ok"\.$/],
  [
    'redirect with a line break',
    () => redirect('/a\r\nSet-Cookie: b'),
    /^redirect\(\) takes a percent-encoded URL or path, and got "/,
    /^write redirect\(encodeURI\('\/new path'\)\)$/,
  ],
  ['redirect with a backslash', () => redirect('/\\evil.test'), /^redirect\(\) takes a percent-encoded URL/],
  ['redirect with nothing', () => redirect(untyped(undefined)), /URL or path, and got undefined\.$/],
  [
    'redirect with another status',
    () => redirect('/a', 200),
    'redirect() takes the status 301, 302, 303, 307 or 308, and got 200.',
  ],
  [
    'file with a URL',
    () => file(untyped(new URL('file:///a'))),
    /^file\(\) takes the path of a file, and got an object/,
  ],
  [
    'file with a number as within',
    () => file('a', { within: untyped(1) }),
    'file() takes the path of a folder as within, and got 1.',
  ],
  [
    'file with a folder as init',
    () => file('a', untyped('b')),
    'file() takes { within, headers } as second argument, and got "b".',
  ],
  [
    'fetchLayer with middleware',
    () => fetchLayer(untyped((_: unknown, __: unknown, next: () => void) => next())),
    'fetchLayer() takes (request) => Response, or an object with fetch, and got a function with 3 arguments.',
    /^for middleware of Express and Connect use connectLayer\(middleware\)$/,
  ],
  [
    'connectLayer with an app of Hono',
    () => connectLayer(untyped(new Hono())),
    'connectLayer() takes middleware, (req, res, next), and got an object of the class Hono.',
    /^for a handler of the Fetch API use fetchLayer\(handler\)$/,
  ],
  [
    'connectLayer with a handler of the Fetch API',
    () => connectLayer(untyped((request: Request) => request)),
    'connectLayer() takes middleware, (req, res, next), and got a function with 1 argument.',
  ],
  [
    'connectLayer with a function as options',
    () =>
      connectLayer(
        () => {},
        untyped(() => {}),
      ),
    'connectLayer() takes { upgrade } as second argument, and got a function.',
  ],
  [
    'connectLayer with a WebSocket server as upgrade',
    () => connectLayer(() => {}, { upgrade: untyped({ handleUpgrade: () => {} }) }),
    'connectLayer() takes a function or an EventEmitter as upgrade, and got an object.',
    /^write connectLayer\(middleware, \{ upgrade: \(req, socket, head\) => … \}\)$/,
  ],
  ['fetchLayer with nothing', () => fetchLayer(untyped(undefined)), /or an object with fetch, and got undefined\.$/],
  ['fromResponse with a text', () => fromResponse(untyped('x')), 'fromResponse() takes a Response, and got "x".'],
]
for (const [name, call, message, hint] of slips) {
  test(`${name} says what is wrong`, async () => {
    await using server = createServer({ proxy: { '/a': 3000 } })
    await assert.rejects(
      async () => await call(server),
      (error) => {
        assert.ok(isServeError(error) && error.code === 'E8008_CONFIG_INVALID', String(error))
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        if (hint !== undefined) assert.match(error.hint ?? '', hint)
        return true
      },
    )
    assert.deepEqual(
      server.routes.list().map((route) => route.id),
      ['/a'],
    )
  })
}

test('createServer reports wrong program options with all other problems', () => {
  assert.throws(
    () => createServer({ signal: untyped(5), write: untyped('x'), port: -1 }),
    (error) => {
      assert.ok(isServeError(error))
      assert.deepEqual(
        error.problems.map((problem) => problem.replace(/:.*/, '')),
        ['signal', 'write', 'port'],
      )
      return true
    },
  )
})

test('a signal of another realm or a polyfill is one', async () => {
  const signal = Object.assign(new EventTarget(), { aborted: false })
  await using server = createServer({ signal: untyped(signal) })
  const closed = new Promise<void>((resolve) => server.on('close', resolve))
  signal.dispatchEvent(new Event('abort'))
  await closed
})

test('routes.replace takes a whole configuration', async () => {
  await using server = createServer()
  const config = { root: '.', port: 0, proxy: { '/b': 4000 } }
  server.routes.replace(config)
  assert.deepEqual(
    server.routes.list().map((route) => route.id),
    ['/b'],
  )
})

test('certify says what it takes', async () => {
  using folder = new TempFolder()
  const { certify } = await localAuthority({ folder: folder.path })
  for (const [names, found] of [
    ['app.localhost', '"app.localhost"'],
    [[], 'an empty list'],
    [[1], 'a list'],
    [undefined, 'undefined'],
  ] as const) {
    await assert.rejects(certify(untyped(names)), { message: `certify() takes a list of names, and got ${found}.` })
  }
  await assert.rejects(certify(['']), { message: '"" is neither a host name nor an IP address.' })
})

test('a closed server says what to do instead', async () => {
  const server = createServer()
  await server.close()
  await assert.rejects(server.listen(), { code: 'E8008_CLOSED', hint: 'make a new server: createServer(options)' })
})

test('fetch and tryFetch may be handed on alone, as to serve({ fetch })', async () => {
  using folder = await new TempFolder().write({ 'a.txt': 'alpha' })
  await using server = createServer({ root: folder.path })
  const { fetch: answer, tryFetch } = server
  assert.equal(await (await answer('http://localhost/a.txt')).text(), 'alpha')
  assert.equal(await (await tryFetch('http://localhost/a.txt'))?.text(), 'alpha')
  const app = new Hono().mount('/files', server.fetch)
  assert.equal(await (await app.request('http://localhost/files/a.txt')).text(), 'alpha')
})
