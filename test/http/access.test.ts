import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { startBackend, type BackendSocket } from '../support/backend.ts'
import { openSession, replyOf, startHttp2 } from '../support/http2.ts'
import { RawClient, rawGet, rawRequest, type RawReply } from '../support/raw.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'

function basic(text: string): string {
  return `Authorization: Basic ${Buffer.from(text).toString('base64')}`
}

/** The file has bcrypt at its least cost; the password is `secret`. */
const users = 'ann:$2b$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS\n'

async function statusOf(started: Started, path: string, ...lines: string[]): Promise<number> {
  return (await rawGet(started.port, path, lines)).status
}

function post(started: Started, path: string, ...lines: string[]): Promise<RawReply> {
  const head = [`POST ${path} HTTP/1.1`, started.hostLine, 'Content-Length: 0', 'Connection: close', ...lines]
  return rawRequest(started.port, `${head.join('\r\n')}\r\n\r\n`, 'POST')
}

describe('the password of a route', () => {
  test('is asked for below its path only, in every spelling of it', async () => {
    await using started = await startServer(
      { 'index.html': 'open', 'private/a.txt': 'closed' },
      { routes: [{ match: { path: '/private' }, root: '.', auth: 'ann:secret' }] },
    )
    assert.equal(await statusOf(started, '/'), 200)
    for (const path of [
      '/private',
      '/private/',
      '/private/a.txt',
      '//private/a.txt',
      '/x/../private/a.txt',
      '/%70rivate/a.txt',
      '/private%2Fa.txt',
      '/private/missing',
    ]) {
      const status = await statusOf(started, path)
      assert.ok(status === 401 || status === 400, `${path} is ${status}`)
      const raw = await rawGet(started.port, path, [basic('ann:wrong')])
      assert.ok(!raw.body.includes('closed'))
    }
    const refused = await rawGet(started.port, '/private/')
    assert.equal(refused.field('www-authenticate'), 'Basic realm="serve8008 /private", charset="UTF-8"')
    assert.notEqual(await statusOf(started, '/private/', basic('ann:secret')), 401)
  })

  test('has a realm of its own for each route, whatever is in its id', async () => {
    const routes = ['é', 'è', 'a"b'].map((id) => ({
      id,
      match: { path: `/${encodeURIComponent(id)}` },
      reply: {},
      auth: 'ann:secret',
    }))
    await using started = await startServer({}, { routes })
    const challengeOf = async ({ match }: (typeof routes)[0]): Promise<string | undefined> =>
      (await rawGet(started.port, match.path)).field('www-authenticate')
    assert.deepEqual(await Promise.all(routes.map(challengeOf)), [
      'Basic realm="serve8008 %c3%a9", charset="UTF-8"',
      'Basic realm="serve8008 %c3%a8", charset="UTF-8"',
      'Basic realm="serve8008 a%22b", charset="UTF-8"',
    ])
  })

  test('replaces that of the site, and false removes it', async () => {
    using folder = await new TempFolder().write({ users })
    await using started = await startServer(
      { 'index.html': 'site' },
      {
        auth: 'site:pass',
        routes: [
          { match: { path: '/health' }, reply: { body: 'ok' }, auth: false },
          { match: { path: '/admin' }, reply: { body: 'admin' }, authFile: folder.join('users') },
          { match: { path: '/other' }, reply: { body: 'other' } },
        ],
      },
    )
    const own = basic('ann:secret')
    const site = basic('site:pass')
    assert.deepEqual(
      [await statusOf(started, '/'), await statusOf(started, '/', site), await statusOf(started, '/', own)],
      [401, 200, 401],
    )
    assert.equal(await statusOf(started, '/health'), 200)
    assert.deepEqual(
      [
        await statusOf(started, '/admin'),
        await statusOf(started, '/admin', site),
        await statusOf(started, '/admin', own),
      ],
      [401, 401, 200],
    )
    assert.deepEqual([await statusOf(started, '/other'), await statusOf(started, '/other', site)], [401, 200])
    assert.equal(
      (await rawGet(started.port, '/other')).field('www-authenticate'),
      'Basic realm="serve8008", charset="UTF-8"',
    )
  })

  test('holds for a folder that a handler passes the request on to', async () => {
    const passOn = (): Response => new Response(null, { status: 404, headers: { 'x-middleware-next': '1' } })
    await using started = await startServer(
      { 'open/site.txt': 'site', 'manual/a.txt': 'manual' },
      { auth: 'site:pass' },
    )
    started.server.routes.replace({
      routes: [
        { match: { path: '/docs' }, root: started.folder.join('manual'), auth: 'ann:secret' },
        { match: { path: '/docs', method: 'GET' }, handler: passOn, auth: false },
        { match: { path: '/open' }, handler: passOn, auth: false },
      ],
    })
    const site = basic('site:pass')
    const ann = basic('ann:secret')
    for (const [path, line, status] of [
      ['/open/site.txt', 'X: 1', 401],
      ['/open/site.txt', ann, 401],
      ['/open/site.txt', site, 200],
      ['/docs/a.txt', 'X: 1', 401],
      ['/docs/a.txt', site, 401],
      ['/docs/a.txt', ann, 200],
    ] as const) {
      assert.equal(await statusOf(started, path, line), status, `${path} ${line}`)
    }
  })

  test('is not served as a file, also of a route that is added later', async () => {
    await using started = await startServer({ 'index.html': 'x', 'secrets.txt': users, 'more.txt': users })
    const routes = [{ match: { path: '/a' }, reply: {}, authFile: started.folder.join('secrets.txt') }]
    started.server.routes.replace({ routes })
    started.server.routes.add({ match: { path: '/b' }, reply: {}, authFile: started.folder.join('more.txt') })
    assert.deepEqual([await statusOf(started, '/secrets.txt'), await statusOf(started, '/more.txt')], [404, 404])
    assert.equal(await statusOf(started, '/b', basic('ann:secret')), 200)
    assert.doesNotMatch(JSON.stringify([started.server.config, started.server.routes.list()]), /2b\$04/)
  })

  test('holds for the files of its folder, whatever other path opens them', async () => {
    await using started = await startServer(
      { 'index.html': 'site', 'private/a.txt': 'closed', 'public.txt': 'open' },
      { live: false },
    )
    symlinkSync('private', started.folder.join('alias'))
    symlinkSync('private/a.txt', started.folder.join('b.txt'))
    for (const path of ['/private/a.txt', '/alias/a.txt', '/b.txt'])
      assert.equal(await statusOf(started, path), 200, path)
    const root = started.folder.join('private')
    started.server.routes.add({ match: { path: '/private' }, root, auth: 'ann:secret' })
    assert.equal(await statusOf(started, '/private/a.txt'), 401)
    assert.equal(await statusOf(started, '/private/a.txt', basic('ann:secret')), 200)
    for (const path of ['/alias/a.txt', '/alias/', '/b.txt']) assert.equal(await statusOf(started, path), 404, path)
    assert.equal(await statusOf(started, '/public.txt'), 200)
    started.server.routes.remove('/private')
    assert.equal(await statusOf(started, '/alias/a.txt'), 200)
  })

  test('is hidden in what the server reports of its routes', async () => {
    await using started = await startServer({}, { routes: [{ match: { path: '/a' }, reply: {}, auth: 'ann:hunter2' }] })
    assert.deepEqual(started.server.routes.list()[0]?.access, { auth: { user: 'ann', password: '…' } })
    assert.doesNotMatch(JSON.stringify([started.server.config, started.server.routes.list()]), /hunter2/)
  })

  test('stops a client that guesses, with 429 and Retry-After, and no other client', async () => {
    const records: [number, string, string][] = []
    await using started = await startServer(
      {},
      { auth: 'ann:secret', trust: '127.0.0.1', limits: { passwordGuesses: 3 } },
    )
    started.server.on('reply', ({ status, refusal, remark }) => void records.push([status, refusal, remark]))
    const from = (address: string, text: string): Promise<RawReply> =>
      rawGet(started.port, '/', [basic(text), `X-Forwarded-For: ${address}`])
    for (let i = 0; i < 3; i++) assert.equal((await from('192.0.2.1', `ann:wrong${i}`)).status, 401)
    for (const text of ['ann:wrong9', 'ann:secret']) {
      const refused = await from('192.0.2.1', text)
      assert.equal(refused.status, 429)
      assert.match(refused.field('retry-after'), /^(?:[1-5]\d?|60)$/)
      assert.equal(refused.field('www-authenticate'), '')
    }
    assert.equal((await from('192.0.2.2', 'ann:secret')).status, 200, 'another client')
    assert.equal((await from('192.0.2.1', 'ann:secret')).status, 429, 'although it is known to be right now')
    assert.equal((await from('192.0.2.1', 'bob:secret')).status, 401, 'another user')
    assert.deepEqual(
      [records[0], records[3], records.at(-1)],
      [
        [401, 'E8008_UNAUTHORIZED', 'wrong password of ann'],
        [429, 'E8008_GUESSES', 'too many wrong passwords of ann'],
        [401, 'E8008_UNAUTHORIZED', 'wrong password of an unknown user'],
      ],
    )
    assert.doesNotMatch(JSON.stringify(records), /secret|wrong\d|bob/)
  })

  test('counts guesses that arrive together over HTTP/2, and a network of IPv6 as one client', async () => {
    using folder = await new TempFolder().write({ users })
    await using front = await startHttp2({}, { authFile: folder.join('users'), trust: '127.0.0.1' })
    const session = openSession(front.port)
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const authorization = basic(`ann:wrong${i}`).slice('Authorization: '.length)
        const stream = session.request({ authorization, 'x-forwarded-for': `2001:db8::${i.toString(16)}` })
        return Number((await replyOf(stream)).headers[':status'])
      }),
    )
    session.destroy()
    const count = (status: number): number => statuses.filter((each) => each === status).length
    assert.ok(count(401) <= 10, `${count(401)} guesses were checked`)
    assert.equal(count(401) + count(429) + count(503), 60)
  })

  test('checks slow hashes without holding up other requests', async () => {
    const slow = users.replace('$04$', '$13$')
    using folder = await new TempFolder().write({ users: slow })
    await using started = await startServer(
      { 'a.txt': 'a' },
      { routes: [{ match: { path: '/x' }, reply: {}, authFile: folder.join('users') }] },
    )
    let isChecked = false
    const check = statusOf(started, '/x', basic('ann:secret')).then((status) => {
      isChecked = true
      return status
    })
    let count = 0
    while (!isChecked) {
      assert.equal(await statusOf(started, '/a.txt'), 200)
      count++
    }
    assert.equal(await check, 401)
    assert.ok(count > 5, `${count} replies meanwhile`)
  })

  test('keeps the last users of a file that breaks, and warns', async () => {
    await using started = await startServer({ users }, { auth: undefined })
    const warnings: string[] = []
    started.server.on('warning', ({ code }) => void warnings.push(code))
    const file = started.folder.join('users')
    started.server.routes.add({ match: { path: '/x' }, reply: {}, authFile: file })
    assert.equal(await statusOf(started, '/x', basic('ann:secret')), 200)
    writeFileSync(file, 'broken')
    assert.equal(await statusOf(started, '/x', basic('ann:secret')), 200)
    assert.equal(await statusOf(started, '/x', basic('ann:wrong')), 401)
    started.server.routes.add({ match: { path: '/y' }, reply: {}, authFile: file })
    assert.equal(await statusOf(started, '/y', basic('ann:secret')), 200, 'after an edit of the routes')
  })
})

describe('Authorization', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'
  const reply = async (socket: BackendSocket): Promise<void> => {
    if (await socket.sees('\r\n\r\n')) socket.send(ok)
  }
  for (const [title, options, isPassed] of [
    ['is kept from upstreams', {}, false],
    ['is passed on where the site says so', { passAuthorization: true }, true],
    ['is passed on where the route says so', { routes: true }, true],
  ] as const) {
    test(`${title}, in requests and upgrades`, async () => {
      await using backend = await startBackend(reply)
      const target = `http://127.0.0.1:${backend.port}`
      const routing: ServeOptions =
        'routes' in options
          ? { routes: [{ match: { path: '/' }, proxy: target, passAuthorization: true }] }
          : { ...options, proxy: { '/': target } }
      await using started = await startServer({}, { auth: 'ann:secret', ...routing })
      for (const lines of [[], ['Connection: Upgrade', 'Upgrade: tcp']]) {
        assert.equal(await statusOf(started, '/', basic('ann:secret'), ...lines), 200)
        const { text } = await backend.next()
        assert.equal(text.includes(basic('ann:secret')), isPassed)
      }
      assert.equal(await statusOf(started, '/', 'Authorization: Bearer x'), 401)
    })
  }

  test("is the client's own where no password is asked for", async () => {
    await using backend = await startBackend(reply)
    const proxy = `http://127.0.0.1:${backend.port}`
    await using started = await startServer(
      {},
      { auth: 'ann:secret', routes: [{ match: { path: '/' }, proxy, auth: false }] },
    )
    assert.equal(await statusOf(started, '/', 'Authorization: Bearer x'), 200)
    assert.ok((await backend.next()).text.includes('Authorization: Bearer x'))
  })
})

describe('the addresses of clients', () => {
  test('are those of the rule; others get 403 before anything else', async () => {
    await using started = await startServer(
      { 'a.txt': 'a' },
      {
        allow: '192.0.2.0/24',
        auth: 'ann:secret',
        routes: [{ match: { path: '/open' }, reply: {}, allow: 'loopback', auth: false }],
      },
    )
    const refused = await rawGet(started.port, '/a.txt', [basic('ann:secret'), 'X-Forwarded-For: 192.0.2.1'])
    assert.equal(refused.status, 403)
    assert.match(refused.body.toString(), /E8008_CLIENT/)
    assert.match(refused.body.toString(), /127\.0\.0\.1 may not use this address\.\n/)
    assert.doesNotMatch(refused.body.toString(), /192\.0\.2/, 'strangers do not learn who gets in')
    assert.equal(await statusOf(started, '/__serve8008/live.js'), 403)
    assert.equal(await statusOf(started, '/open'), 200)
  })

  test('come from a trusted proxy, and hold for sites that have none of their own', async () => {
    await using started = await startServer(
      { 'a.txt': 'a' },
      {
        allow: ['10.0.0.0/8'],
        trust: '127.0.0.1',
        sites: [
          { host: 'one.localhost', routes: [{ match: { path: '/' }, reply: { body: 'one' } }] },
          { host: 'two.localhost', routes: [{ match: { path: '/' }, reply: { body: 'two' } }], allow: 'loopback' },
        ],
      },
    )
    const ask = async (host: string, address: string): Promise<number> => {
      const head = [
        'GET / HTTP/1.1',
        `Host: ${host}:${started.port}`,
        'Connection: close',
        `X-Forwarded-For: ${address}`,
      ]
      return (await rawRequest(started.port, `${head.join('\r\n')}\r\n\r\n`)).status
    }
    assert.deepEqual([await ask('one.localhost', '10.1.1.1'), await ask('one.localhost', '127.0.0.1')], [200, 403])
    assert.deepEqual([await ask('two.localhost', '10.1.1.1'), await ask('two.localhost', '127.0.0.1')], [403, 200])
    assert.deepEqual(
      [await ask('two.localhost', '127.0.0.1, 10.1.1.1'), await ask('one.localhost', 'unknown')],
      [403, 403],
    )
  })
})

describe('the origin of a page', () => {
  const options: ServeOptions = {
    routes: [
      { match: { path: '/api' }, reply: { body: 'done' }, origin: 'same' },
      { match: { path: '/programs' }, reply: { body: 'done' }, origin: 'none' },
      { match: { path: '/free' }, reply: { body: 'done' } },
    ],
  }

  test('is judged for changing requests of routes with a rule', async () => {
    await using started = await startServer({}, options)
    const own = `Origin: http://localhost:${started.port}`
    const foreign = 'Origin: https://evil.example'
    const refused = await post(started, '/api/x', foreign)
    assert.equal(refused.status, 403)
    assert.match(refused.body.toString(), /E8008_ORIGIN/)
    assert.match(refused.body.toString(), /Pages of https:\/\/evil\.example may not send POST to this address\.\n/)
    assert.doesNotMatch(refused.body.toString(), /same/)
    for (const [path, line, status] of [
      ['/api', own, 200],
      ['/api', 'X: no origin', 200],
      ['/api', 'Origin: null', 403],
      ['/api', 'Sec-Fetch-Site: cross-site', 403],
      ['/programs', own, 403],
      ['/programs', 'X: no origin', 200],
      ['/free', foreign, 200],
    ] as const) {
      assert.equal((await post(started, path, line)).status, status, `${path} ${line}`)
    }
    assert.equal(await statusOf(started, '/api', foreign), 200, 'GET')
  })

  test('is judged for upgrades before the upstream sees them', async () => {
    await using backend = await startBackend((socket) =>
      socket.send('HTTP/1.1 101 X\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\nhi'),
    )
    const proxy = `http://127.0.0.1:${backend.port}`
    await using started = await startServer({}, { origin: 'same', proxy: { '/': proxy } })
    const upgrade = async (origin: string): Promise<string> => {
      using client = await RawClient.open(started.port)
      client.send(`GET /x HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${origin}\r\n\r\n`)
      await client.until(() => client.received.includes('\r\n\r\n'))
      return client.received.toString('latin1').slice(9, 12)
    }
    assert.equal(await upgrade('Origin: https://evil.example'), '403')
    assert.equal(backend.sockets.length, 0)
    assert.equal(await upgrade(`Origin: http://localhost:${started.port}`), '101')
  })

  test('is judged over HTTP/2, WebSockets included', async () => {
    await using front = await startHttp2({}, options)
    const session = openSession(front.port)
    if (session.remoteSettings?.enableConnectProtocol !== true) await once(session, 'remoteSettings')
    const websocket = { ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }
    for (const head of [{ ':method': 'POST' }, websocket]) {
      const stream = session.request({ ...head, ':path': '/api', origin: 'https://evil.example' }, { endStream: true })
      assert.equal((await replyOf(stream)).headers[':status'], 403)
    }
    session.destroy()
  })
})
