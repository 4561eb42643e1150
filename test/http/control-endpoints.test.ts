import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { LivePage, fetchSession } from '../support/live-page.ts'
import { rawRequest, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const files = { 'index.html': '<!doctype html><title>home</title>', 'style.css': 'p{}', 'app.js': '1' }

const started = await startServer(files)

after(() => started[Symbol.asyncDispose]())

function send(method: string, target: string, lines: readonly string[] = [], content = ''): Promise<RawReply> {
  const length = content === '' ? [] : [`Content-Length: ${content.length}`]
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: localhost:${started.port}`,
    'Connection: close',
    ...lines,
    ...length,
  ]
  return rawRequest(started.port, `${head.join('\r\n')}\r\n\r\n${content}`, method)
}

function handshake(
  lines: readonly string[],
  token: string,
  host = `localhost:${started.port}`,
  version = '1.1',
): Promise<RawReply> {
  const head = [
    `GET /__serve8008/socket?token=${token} HTTP/${version}`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...lines,
  ]
  return rawRequest(started.port, `${head.join('\r\n')}\r\n\r\n`)
}

const own = (): string => `Origin: http://localhost:${started.port}`

test('a page gets the client once, other requests for the same file do not', async () => {
  const page = await send('GET', '/', ['Sec-Fetch-Dest: document', 'Accept: text/html'])
  assert.equal(
    page.body.toString().match(/<script src="\/__serve8008\/live\.js\?v=[0-9a-f]+" async=""><\/script>/g)?.length,
    1,
  )
  assert.doesNotMatch((await send('GET', '/', ['Sec-Fetch-Dest: empty'])).body.toString(), /serve8008/)
  assert.doesNotMatch((await send('GET', '/', ['Accept: */*'])).body.toString(), /serve8008/)
  assert.equal((await send('GET', '/style.css', ['Sec-Fetch-Dest: style'])).body.toString(), 'p{}')
})

test('the URL of the script with this version may be cached for ever, other URLs of it not', async () => {
  const page = await send('GET', '/', ['Sec-Fetch-Dest: document'])
  const [, address = ''] = /src="([^"]+)"/.exec(page.body.toString()) ?? []
  const script = await send('GET', address)
  assert.equal(script.status, 200)
  assert.match(script.field('content-type'), /^text\/javascript/)
  assert.match(script.field('cache-control'), /immutable/)
  assert.equal(script.field('cross-origin-resource-policy'), 'same-origin')
  assert.equal((await send('GET', '/__serve8008/live.js')).field('cache-control'), 'no-cache')
  assert.equal((await send('HEAD', address)).status, 200)
  assert.equal((await send('POST', address)).status, 405)
})

test('only pages of this server get the token: it needs a field that other origins cannot send, and no other origin', async () => {
  const session = '/__serve8008/session'
  const reply = await send('GET', session, ['X-Serve8008: live', own(), 'Sec-Fetch-Site: same-origin'])
  assert.equal(reply.status, 200)
  assert.equal(reply.field('cache-control'), 'no-store')
  assert.match((JSON.parse(reply.body.toString()) as { token: string }).token, /^[\w-]{43}$/)
  for (const lines of [
    [],
    ['X-Serve8008: yes'],
    ['X-Serve8008: live', 'Origin: http://evil.test'],
    ['X-Serve8008: live', 'Origin: null'],
    ['X-Serve8008: live', `Origin: http://localhost:${started.port + 1}`],
    ['X-Serve8008: live', `Origin: http://evil.test:${started.port}`],
    ['X-Serve8008: live', 'Sec-Fetch-Site: cross-site'],
    ['X-Serve8008: live', 'Sec-Fetch-Site: same-site'],
  ]) {
    const refused = await send('GET', session, lines)
    assert.equal(refused.status, 403, lines.join())
    assert.doesNotMatch(refused.body.toString(), /token":/)
  }
})

test('pages of other origins do not get the token even with CORS for every origin', async () => {
  await using open = await startServer(files, { cors: true })
  const head = `GET /__serve8008/session HTTP/1.1\r\nHost: localhost:${open.port}\r\nConnection: close\r\n`
  const reply = await rawRequest(open.port, `${head}X-Serve8008: live\r\nOrigin: http://evil.test\r\n\r\n`)
  assert.equal(reply.status, 403)
})

test('the socket opens only for the own origin with the token', async () => {
  const { token } = await fetchSession(started.port)
  assert.equal((await handshake([own()], token)).status, 101)
  assert.equal((await handshake([own()], 'wrong')).status, 403)
  assert.equal((await handshake([own()], `${token}x`)).status, 403)
  assert.equal((await handshake([], token)).status, 403, 'a missing Origin is no local tool')
  for (const origin of [
    'http://evil.test',
    'null',
    `http://localhost:${started.port + 1}`,
    `http://127.0.0.1:${started.port}`,
    'file://',
    '',
    '[',
    `http://localhost:${started.port}/`,
    `http://localhost:${started.port}@evil.test`,
  ]) {
    assert.equal((await handshake([`Origin: ${origin}`], token)).status, 403, origin)
  }
  assert.equal((await handshake([own()], token, 'evil.test')).status, 421)
})

test('each server has another token', async () => {
  await using other = await startServer(files)
  assert.notEqual((await fetchSession(other.port)).token, (await fetchSession(started.port)).token)
})

test('a request that is no handshake gets 426', async () => {
  const { token } = await fetchSession(started.port)
  const target = `/__serve8008/socket?token=${token}`
  assert.equal((await send('GET', target, [own()])).status, 426)
  assert.equal((await send('POST', target, [own()])).status, 405)
  const old = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 8',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ]
  const head = [`GET ${target} HTTP/1.1`, `Host: localhost:${started.port}`, own(), ...old]
  const reply = await rawRequest(started.port, `${head.join('\r\n')}\r\n\r\n`)
  assert.equal(reply.status, 426)
  assert.equal(reply.field('sec-websocket-version'), '13')
})

test('ignores Upgrade in HTTP/1.0', async () => {
  const { token } = await fetchSession(started.port)
  assert.equal((await handshake([own()], token, undefined, '1.0')).status, 426)
})

test('answers pings', async () => {
  using page = await LivePage.open(started.port)
  page.socket.ping('are you there')
  const [answer] = (await once(page.socket, 'pong')) as [Buffer]
  assert.equal(answer.toString(), 'are you there')
})

test('POST with the token reloads pages, but not from a page of another origin', async () => {
  const { token } = await fetchSession(started.port)
  const target = '/__serve8008/reload'
  const proof = `X-Serve8008-Token: ${token}`
  const good = await send('POST', target, [proof])
  assert.deepEqual([good.status, JSON.parse(good.body.toString())], [200, { pages: 0 }])
  assert.equal((await send('GET', target, [proof])).status, 405)
  assert.equal((await send('POST', target)).status, 403)
  assert.equal((await send('POST', target, ['X-Serve8008-Token: wrong'])).status, 403)
  assert.equal((await send('POST', target, [proof, 'Origin: http://evil.test'])).status, 403)
  assert.equal((await send('POST', target, [proof, 'Sec-Fetch-Site: cross-site'])).status, 403)
  for (const wrong of ['{"paths":5}', '5', '[]', '{}', '{"path":["a.css"]}']) {
    assert.equal((await send('POST', target, [proof], wrong)).status, 400, wrong)
  }
  assert.equal((await send('POST', target, [proof], '{"paths":[]}')).status, 200)
  assert.equal((await send('POST', target, [proof], 'x')).status, 400)
  assert.equal((await send('POST', target, [proof], JSON.stringify({ paths: ['x'.repeat(300_000)] }))).status, 413)
})

test('no other endpoints exist, and none without live reload', async () => {
  assert.equal((await send('GET', '/__serve8008/')).status, 404)
  assert.equal((await send('GET', '/__serve8008/constructor')).status, 404)
  await using off = await startServer(files, { live: false })
  for (const name of ['live.js', 'session', 'socket', 'reload']) {
    const head = `GET /__serve8008/${name} HTTP/1.1\r\nHost: localhost:${off.port}\r\nX-Serve8008: live\r\nConnection: close\r\n`
    assert.equal((await rawRequest(off.port, `${head}\r\n`)).status, 404, name)
  }
})

test('the token needs the password, and the socket needs only the token', async () => {
  await using locked = await startServer(files, { auth: 'ann:secret' })
  const get = (lines: string): Promise<RawReply> =>
    rawRequest(
      locked.port,
      `GET /__serve8008/session HTTP/1.1\r\nHost: localhost:${locked.port}\r\nX-Serve8008: live\r\n${lines}Connection: close\r\n\r\n`,
    )
  assert.equal((await get('')).status, 401)
  const reply = await get(`Authorization: Basic ${Buffer.from('ann:secret').toString('base64')}\r\n`)
  assert.equal(reply.status, 200)
})

test('with a base every endpoint is below it', async () => {
  await using based = await startServer(files, { base: '/app/' })
  using page = await LivePage.open(based.port, { base: '/app/', document: '/app/' })
  assert.equal((await page.next()).type, 'welcome')
})

test('ends the connection of a page that floods, lies or breaks the protocol; other pages stay', async () => {
  using good = await LivePage.open(started.port)
  assert.equal((await good.next()).type, 'welcome')
  for (const nonsense of [
    'x',
    '[]',
    '{"type":"uses","resources":["/a"]}',
    '{"type":"hello","document":"x","resources":[]}',
  ]) {
    using page = await LivePage.connect(started.port)
    page.socket.send(nonsense)
    assert.equal(await page.closed(), 1008, nonsense)
  }
  using binary = await LivePage.connect(started.port)
  binary.socket.send(Buffer.from('{}'))
  assert.equal(await binary.closed(), 1008)
  using twice = await LivePage.open(started.port)
  twice.say({ type: 'hello', document: '/', resources: [] })
  assert.equal(await twice.closed(), 1008)
  using big = await LivePage.connect(started.port)
  big.socket.send('x'.repeat(300_000))
  assert.equal(await big.closed(), 1009)
  assert.equal((await started.server.reload()).pages, 1)
  assert.equal((await good.next()).type, 'reload')
})

test('refuses more pages than the limit', async () => {
  await using small = await startServer(files, { limits: { livePages: 1 } })
  using page = await LivePage.open(small.port)
  assert.equal((await page.next()).type, 'welcome')
  await assert.rejects(LivePage.open(small.port), /503/)
})
