import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startBackend, type Backend } from '../support/backend.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

/** Answers every request, and records it. */
let backend: Backend
/** Named in requests and responses in every form. A connection to it shows that the proxy was misled. */
let canary: Backend
let front: Started
let reached: string[] = []
let answer = ''

before(async () => {
  canary = await startBackend()
  backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      reached.push(await connection.head())
      connection.send(answer)
    }
  })
  const proxy = { '/api': `http://127.0.0.1:${backend.port}` }
  front = await startServer({ 'index.html': 'home' }, { proxy, live: false })
})
after(async () => {
  await front[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  assert.equal(canary.sockets.length, 0, 'the canary was contacted')
  await canary[Symbol.asyncDispose]()
})

interface Case {
  readonly name: string
  /** Lines of the header section; <host> and <canary> stand for the two authorities. */
  readonly lines: readonly string[]
  readonly content?: string
  readonly status: number
  /** The backend's request must match; if absent, the backend must get no request. */
  readonly asks?: RegExp
  /** The backend's request must not match. */
  readonly never?: RegExp
}

const host = 'Host: <host>'
const chunked = 'Transfer-Encoding: chunked'
const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

function get(target: string, ...lines: string[]): string[] {
  return [`GET ${target} HTTP/1.1`, host, ...lines]
}

const cases: readonly Case[] = [
  // Routing of the request.
  { name: 'an absolute form of a foreign host', lines: ['GET http://evil.test/api HTTP/1.1', host], status: 400 },
  { name: 'a foreign host', lines: ['GET /api HTTP/1.1', 'Host: evil.test'], status: 421 },
  {
    name: 'an absolute form and Host of a foreign host',
    lines: ['GET http://evil.test/api HTTP/1.1', 'Host: evil.test'],
    status: 421,
  },
  { name: 'an absolute form of the canary', lines: ['GET http://<canary>/api HTTP/1.1', host], status: 400 },
  {
    name: 'an absolute form and Host of the canary go where the route leads',
    lines: ['GET http://<canary>/api/x HTTP/1.1', 'Host: <canary>'],
    status: 200,
    asks: /^GET \/api\/x HTTP\/1\.1\r\nhost: 127/i,
  },
  { name: 'CONNECT to the canary', lines: ['CONNECT <canary> HTTP/1.1', 'Host: <canary>'], status: 405 },
  { name: 'TRACE', lines: ['TRACE /api HTTP/1.1', host], status: 405 },
  { name: 'two Hosts', lines: get('/api', host), status: 400 },
  { name: 'no Host', lines: ['GET /api HTTP/1.1'], status: 400 },
  { name: 'an empty Host', lines: ['GET /api HTTP/1.1', 'Host:'], status: 400 },
  { name: 'credentials in Host', lines: ['GET /api HTTP/1.1', 'Host: a@localhost'], status: 400 },
  { name: 'a comma in Host', lines: ['GET /api HTTP/1.1', 'Host: localhost,<canary>'], status: 400 },
  {
    name: 'a final dot and capitals in Host',
    lines: ['GET /api HTTP/1.1', 'Host: LOCALHOST.'],
    status: 200,
    asks: /^GET/,
  },
  {
    name: 'fields that name another place',
    lines: get(
      '/api',
      'X-Forwarded-Host: <canary>',
      'Forwarded: host=<canary>',
      'X-Original-URL: http://<canary>/',
      'X-Rewrite-URL: /admin',
      'X-Host: <canary>',
    ),
    status: 200,
    asks: /^GET \/api HTTP/,
    never: /forwarded[^\r]*<canary>|x-(?:original|rewrite)-url/i,
  },
  {
    name: 'a query that names another place',
    lines: get('/api?url=http://<canary>/&target=<canary>'),
    status: 200,
    asks: /^GET \/api\?url=/,
  },
  // Message framing.
  ...[
    [`Content-Length: 5`, chunked],
    [chunked, 'Content-Length: 5'],
    [chunked, 'Transfer-Encoding: identity'],
    [chunked, chunked],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding:\r\n chunked'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: \u000bchunked'],
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Content-Length: 5, 5'],
    ['Content-Length: +5'],
    ['Content-Length: 0x5'],
    ['Content-Length: 99999999999999999999'],
    ['X-A: b\rc'],
    ['X-A: b\u0000c'],
    ['X-A: b\r\n folded'],
  ].map((lines): Case => {
    const content = `0\r\n\r\n${smuggled}`
    return { name: JSON.stringify(lines), lines: ['POST /api HTTP/1.1', host, ...lines], content, status: 400 }
  }),
  {
    name: 'a transfer coding other than chunked',
    lines: ['POST /api HTTP/1.1', host, 'Transfer-Encoding: gzip, chunked'],
    content: '0\r\n\r\n',
    status: 501,
  },
  {
    name: 'a transfer coding in HTTP/1.0',
    lines: ['POST /api HTTP/1.0', host, chunked],
    content: '0\r\n\r\n',
    status: 400,
  },
  ...['zz\r\nabc\r\n', '0x3\r\nabc\r\n', '3 \r\nabc\r\n', '3\nabc\n', '3;a\nabc\r\n', '3\r\nabc\n'].map(
    (chunk): Case => ({
      name: `the chunk ${JSON.stringify(chunk)}`,
      lines: ['POST /api HTTP/1.1', host, chunked],
      content: `${chunk}0\r\n\r\n`,
      status: 400,
    }),
  ),
  {
    name: 'chunk extensions end here',
    lines: ['POST /api HTTP/1.1', host, chunked],
    content: '3;a="b";c\r\nabc\r\n0;d\r\n\r\n',
    status: 200,
    asks: /\r\n3\r\nabc\r\n/,
    never: /;[abcd\r]/,
  },
  {
    name: 'content of a GET is framed, and nothing in it is a request',
    lines: get('/api', `Content-Length: ${smuggled.length}`),
    content: smuggled,
    status: 200,
    asks: /content-length: \d+\r\nConnection: close\r\n\r\nGET \/api\/smuggled/i,
  },
  {
    name: 'fields that Connection nominates, framing among them',
    lines: [
      'POST /api HTTP/1.1',
      host,
      'Connection: close, Content-Length, Host, X-Secret, X-Forwarded-For',
      'X-Secret: 1',
      'Content-Length: 3',
    ],
    content: 'abc',
    status: 200,
    asks: /^POST \/api HTTP\/1\.1\r\nhost: localhost[^]*X-Forwarded-For: 127\.0\.0\.1\r\n[^]*content-length: 3\r\n/i,
    never: /x-secret/i,
  },
  { name: 'an HTTP/0.9 request', lines: ['GET /api'], status: 505 },
  { name: 'an unknown version', lines: ['GET /api HTTP/1.2', host], status: 505 },
  { name: 'the preface of HTTP/2', lines: ['PRI * HTTP/2.0'], content: 'SM\r\n\r\n', status: 400 },
  // Readings of the path.
  ...[
    '/api/../x',
    '/api/%2e%2e/x',
    '/api/.%2e/x',
    '/api/..%2fx',
    '/api/..;/x',
    '/api/..%5cx',
    '/api/%5c..%5cx',
    '/api\\x',
    '/api/..',
    '//api',
    '/./api',
    '/x/../api',
    '/api/%00',
    '/api#x',
    '/api/\u00e9',
  ].map((path): Case => ({ name: `the path ${path}`, lines: get(path), status: 400 })),
  { name: 'a path beside the prefix', lines: get('/apix'), status: 404 },
  { name: 'a path in other letters', lines: get('/API'), status: 404 },
  ...['/api/a;b=c/d', '/api/%2F', '/api/%23', '/api/%3f', '/api/%252e%252e/x', '/api//a//', '/%61pi/x'].map(
    (path): Case => ({
      name: `the path ${path} is forwarded byte for byte`,
      lines: get(path),
      status: 200,
      asks: new RegExp(`^GET ${path} HTTP`),
    }),
  ),
  // Claims of the client.
  {
    name: 'claims about the client in every spelling, and httpoxy',
    lines: get(
      '/api',
      'X-Forwarded-For: 6.6.6.6',
      'X_Forwarded_For: 6.6.6.6',
      'X.Forwarded.For: 6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'X-Forwarded-Prefix: /6.6.6.6',
      'X-Forwarded-Email: 6.6.6.6',
      'True-Client-IP: 6.6.6.6',
      'Proxy: http://6.6.6.6/',
      'Proxy-Authorization: Basic 6.6.6.6',
    ),
    status: 200,
    asks: /^GET/,
    never: /6\.6\.6\.6/,
  },
  // Upgrades and loops.
  {
    name: 'an upgrade to HTTP/2 in clear text is dropped',
    lines: get('/api', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
    status: 200,
    asks: /^GET/,
    never: /upgrade|http2-settings|AAMAAABkAAQAAP__/i,
  },
  {
    name: 'too many hops',
    lines: get('/api', ...Array.from({ length: 25 }, (_, i) => `Via: 1.1 hop${i}`)),
    status: 508,
  },
  { name: 'more fields than allowed', lines: get('/api', ...Array<string>(1500).fill('X: y')), status: 431 },
  { name: 'a larger header section than allowed', lines: get('/api', `X: ${'y'.repeat(17_000)}`), status: 431 },
]

for (const { name, lines, content = '', status, asks, never } of cases) {
  test(`${name}: ${status}, and the backend gets ${asks === undefined ? 'no request' : 'an allowed request'}`, async () => {
    reached = []
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
    const filled = (text: string): string =>
      text.replaceAll('<host>', `localhost:${front.port}`).replaceAll('<canary>', `127.0.0.1:${canary.port}`)
    using client = await RawClient.open(front.port)
    const reply = await client.send(filled(`${lines.join('\r\n')}\r\n\r\n${content}`)).reply()
    assert.equal(reply.status, status)
    // Either the rejection closes the connection, or the next request is answered. A smuggled request would show here.
    if (reply.field('connection') === 'close') await client.closed()
    else assert.equal((await client.send(filled(`${get('/').join('\r\n')}\r\n\r\n`)).reply()).body.toString(), 'home')
    const heard = reached.join('')
    if (asks === undefined) assert.equal(heard, '')
    else assert.match(heard, asks)
    if (never !== undefined) assert.doesNotMatch(heard, new RegExp(filled(never.source), never.flags))
    assert.equal(reached.filter((text) => text.startsWith('GET /api/smuggled')).length, 0)
  })
}

for (const status of [201, 301, 302, 303, 307, 308]) {
  test(`forwards a ${status} redirect to another server without following it`, async () => {
    const elsewhere = `http://127.0.0.1:${canary.port}/`
    answer = `HTTP/1.1 ${status} X\r\nLocation: ${elsewhere}\r\nRefresh: 0; url=${elsewhere}\r\nContent-Length: 0\r\n\r\n`
    using client = await RawClient.open(front.port)
    const reply = await client.send(`GET /api HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
    assert.equal(reply.status, status)
    assert.equal(reply.field('location'), elsewhere)
  })
}

test('routes each pipelined request separately', async () => {
  reached = []
  answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  using client = await RawClient.open(front.port)
  const paths = ['/api/1', '/api/../private', '/', '/api/2']
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).join(''))
  const statuses: number[] = []
  for (const _ of paths) statuses.push((await client.reply()).status)
  assert.deepEqual(statuses, [200, 400, 200, 200])
  assert.deepEqual(
    reached.map((head) => head.split(' ')[1]),
    ['/api/1', '/api/2'],
  )
})
