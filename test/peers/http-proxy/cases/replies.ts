import { gzipSync } from 'node:zlib'
import { ask, ok, reply, request, type Case } from '../observe.ts'

const get = ask('GET', '/')
const head = ask('HEAD', '/')
const zipped = gzipSync('hello '.repeat(100)).toString('latin1')
const chunked = (lines: readonly string[], chunks: string): string =>
  ['HTTP/1.1 200 OK', ...lines, 'Transfer-Encoding: chunked', '', chunks].join('\r\n')
const parts = '--b\r\nContent-Range: bytes 0-0/9\r\n\r\na\r\n--b--'
const bare = (status: string, ...lines: readonly string[]): string =>
  [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n')

const statuses: readonly Case[] = [201, 202, 205, 300, 400, 401, 404, 409, 418, 429, 451, 500, 503, 599].map(
  (status) => ({
    name: `status ${status}`,
    request: get,
    reply: reply(status, 'text'),
  }),
)

const heads: readonly Case[] = [
  { name: 'a reason phrase', request: get, reply: reply('200 As You Like It', 'a') },
  { name: 'no reason phrase', request: get, reply: reply('200 ', 'a') },
  { name: '204', request: get, reply: bare('204 No Content') },
  { name: '204 with a length', request: get, reply: bare('204 No Content', 'Content-Length: 0') },
  { name: '304', request: get, reply: bare('304 Not Modified', 'ETag: "a"') },
  { name: '304 with a length', request: get, reply: bare('304 Not Modified', 'ETag: "a"', 'Content-Length: 9') },
  { name: 'HEAD with a length', request: head, reply: bare('200 OK', 'Content-Length: 9') },
  { name: 'HEAD with chunks', request: head, reply: bare('200 OK', 'Transfer-Encoding: chunked') },
  { name: 'HEAD without framing', request: head, reply: bare('200 OK', 'X-A: 1') },
  { name: 'early hints', request: get, reply: `${bare('103 Early Hints', 'Link: </a.css>; rel=preload')}${ok('a')}` },
  {
    name: 'early hints for HTTP/1.0',
    request: 'GET / HTTP/1.0\r\nHost: PROXY\r\n\r\n',
    reply: `${bare('103 Early Hints', 'Link: </a.css>; rel=preload')}${ok('a')}`,
  },
  { name: '204 with chunks', request: get, reply: bare('204 No Content', 'Transfer-Encoding: chunked') },
  {
    name: 'HEAD with a coding',
    request: head,
    reply: bare('200 OK', 'Content-Encoding: gzip', 'Content-Length: 9', 'Vary: Accept-Encoding'),
  },
  {
    name: 'the same length twice',
    request: get,
    reply: bare('200 OK', 'Content-Length: 2', 'Content-Length: 2') + 'ok',
  },
  { name: 'a blank behind a field name', request: get, reply: bare('200 OK', 'X-A : 1', 'Content-Length: 2') + 'ok' },
  { name: '102', request: get, reply: `${bare('102 Processing')}${ok('a')}` },
  { name: '407', request: get, reply: reply(407, 'a', 'Proxy-Authenticate: Basic') },
  { name: 'Date and Server', request: get, reply: ok('a', 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Server: old') },
  { name: 'Set-Cookie twice', request: get, reply: ok('a', 'Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; HttpOnly') },
  { name: 'a reply field twice', request: get, reply: ok('a', 'X-A: 1', 'X-A: 2') },
  {
    name: 'WWW-Authenticate twice',
    request: get,
    reply: reply(401, 'a', 'WWW-Authenticate: Basic', 'WWW-Authenticate: Negotiate'),
  },
  { name: 'Content-Type twice', request: get, reply: ok('a', 'Content-Type: text/html', 'Content-Type: text/plain') },
  { name: 'Latin-1 in a reply field', request: get, reply: ok('a', 'X-Name: caf\u00e9') },
  { name: 'a reply field that Connection names', request: get, reply: ok('a', 'Connection: X-Hop', 'X-Hop: 1') },
  { name: 'Connection: close in a reply', request: get, reply: ok('a', 'Connection: close') },
  { name: 'Keep-Alive in a reply', request: get, reply: ok('a', 'Connection: keep-alive', 'Keep-Alive: timeout=5') },
  { name: 'Upgrade in a reply', request: get, reply: ok('a', 'Connection: Upgrade', 'Upgrade: h2c') },
  { name: 'Alt-Svc', request: get, reply: ok('a', 'Alt-Svc: h3=":443"') },
  { name: 'Strict-Transport-Security', request: get, reply: ok('a', 'Strict-Transport-Security: max-age=9') },
  {
    name: 'fields of pages',
    request: get,
    reply: ok('<p>', 'Content-Type: text/html', "Content-Security-Policy: default-src 'self'", 'Vary: a', 'Vary: b'),
  },
  {
    name: 'CORS of the upstream',
    request: ask('GET', '/', ['Origin: http://a.test']),
    reply: ok('a', 'Access-Control-Allow-Origin: *'),
  },
]

const contents: readonly Case[] = [
  { name: 'chunks of a reply', request: get, reply: chunked([], '5\r\nhello\r\n3;x=1\r\n ok\r\n0\r\n\r\n') },
  { name: 'a reply of no chunk', request: get, reply: chunked([], '0\r\n\r\n') },
  { name: 'trailers of a reply', request: get, reply: chunked(['Trailer: X-Sum'], '2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n') },
  {
    name: 'trailers for a client that asks',
    request: ask('GET', '/', ['Connection: TE', 'TE: trailers']),
    reply: chunked(['Trailer: X-Sum'], '2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n'),
  },
  { name: 'an empty reply', request: get, reply: ok('') },
  {
    name: 'a reply until the connection closes',
    request: get,
    reply: async (c) => (await request(c)) && c.send('HTTP/1.1 200 OK\r\n\r\nuntil the end').socket.end(),
  },
  {
    name: 'HTTP/1.0 of the upstream',
    request: get,
    reply: async (c) => (await request(c)) && c.send('HTTP/1.0 200 OK\r\n\r\nold').socket.end(),
  },
  {
    name: 'chunks for HTTP/1.0',
    request: 'GET / HTTP/1.0\r\nHost: PROXY\r\n\r\n',
    reply: chunked([], '2\r\nok\r\n0\r\n\r\n'),
  },
  { name: '4 MB', request: get, reply: ok('y'.repeat(4e6)) },
  {
    name: '4 MB in chunks',
    request: get,
    reply: chunked([], `${'186a0\r\n'.concat('z'.repeat(1e5), '\r\n').repeat(40)}0\r\n\r\n`),
  },
  {
    name: 'gzip',
    request: ask('GET', '/', ['Accept-Encoding: gzip']),
    reply: ok(zipped, 'Content-Encoding: gzip', 'ETag: "z"'),
  },
  {
    name: 'text that could be compressed',
    request: ask('GET', '/', ['Accept-Encoding: gzip, br']),
    reply: ok('a'.repeat(5000), 'Content-Type: text/plain'),
  },
  {
    name: 'one range',
    request: ask('GET', '/', ['Range: bytes=0-1']),
    reply: reply(206, 'ab', 'Content-Range: bytes 0-1/9', 'Accept-Ranges: bytes'),
  },
  {
    name: 'a range that the upstream ignores',
    request: ask('GET', '/', ['Range: bytes=0-1']),
    reply: ok('abcdef', 'ETag: "a"'),
  },
  {
    name: 'two ranges',
    request: ask('GET', '/', ['Range: bytes=0-0,2-2']),
    reply: reply(206, parts, 'Content-Type: multipart/byteranges; boundary=b'),
  },
  {
    name: 'no such range',
    request: ask('GET', '/', ['Range: bytes=90-']),
    reply: reply(416, '', 'Content-Range: bytes */9'),
  },
  {
    name: 'an event stream',
    request: get,
    reply: async (c) => {
      await request(c)
      c.send(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
      )
    },
    client: (client) => client.sees('data: 1\n\n'),
  },
]

const odd: readonly Case[] = [
  {
    name: 'the transfer coding of a reply in capitals',
    request: get,
    reply: `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  },
  {
    name: 'the coding identity',
    request: get,
    reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok',
  },
  { name: 'chunk sizes with blanks behind them', request: get, reply: chunked([], '2  \r\nok\r\n0\r\n\r\n') },
  {
    name: 'a status line without a blank at its end',
    request: get,
    reply: 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
  },
  {
    name: 'a folded reply field',
    request: get,
    reply: 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok',
  },
  {
    name: '150 reply fields',
    request: get,
    reply: ok('a', ...Array.from({ length: 150 }, (_, at) => `X-${at}: ${at}`)),
  },
  {
    name: 'a cookie with an expiry',
    request: get,
    reply: ok('a', 'Set-Cookie: a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/'),
  },
  {
    name: '412 of the upstream',
    request: ask('PUT', '/', ['If-Match: "a"', 'Content-Length: 0']),
    reply: reply(412, 'changed'),
  },
  { name: '417 of the upstream', request: ask('POST', '/', ['Content-Length: 0']), reply: reply(417, 'no') },
  { name: '205 without content', request: get, reply: bare('205 Reset Content', 'Content-Length: 0') },
  { name: 'HEAD that is missing', request: head, reply: bare('404 Not Found', 'Content-Length: 9') },
  {
    name: 'the upstream sends 100',
    request: ask('POST', '/', ['Content-Length: 1'], 'a'),
    reply: `${bare('100 Continue')}${ok('a')}`,
  },
  {
    name: 'a weak tag',
    request: ask('GET', '/', ['If-None-Match: W/"a"']),
    reply: ok('abc', 'ETag: W/"a"', 'Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT'),
  },
  {
    name: 'a range whose validator has changed',
    request: ask('GET', '/', ['Range: bytes=0-1', 'If-Range: "b"']),
    reply: ok('abc', 'ETag: "a"', 'Accept-Ranges: bytes'),
  },
  { name: 'an empty content type', request: get, reply: ok('a', 'Content-Type:') },
  {
    name: 'JSON in Latin-1',
    request: get,
    reply: ok('{"a":"\u00e9"}', 'Content-Type: application/json; charset=iso-8859-1'),
  },
  { name: 'a download', request: get, reply: ok('a', 'Content-Disposition: attachment; filename="caf\u00e9.txt"') },
  {
    name: 'Age and caching',
    request: get,
    reply: ok('a', 'Age: 5', 'Cache-Control: public, max-age=60', 'Expires: 0', 'Pragma: no-cache'),
  },
  { name: 'a cookie without a value', request: get, reply: ok('a', 'Set-Cookie: a', 'Set-Cookie:') },
  { name: 'Warning and Via', request: get, reply: ok('a', 'Via: 1.1 inner', 'Warning: 199 - "old"') },
]

const redirect = (status: number, location: string): string => reply(status, '', `Location: ${location}`)

const redirects: readonly Case[] = [
  { name: 'a redirect to a path', request: get, reply: redirect(302, '/b') },
  { name: 'a redirect to another host', request: get, reply: redirect(302, 'http://other.test/b') },
  ...[
    'b',
    '?x',
    '#f',
    '//other.test/b',
    'http://BACKEND',
    'http://user@BACKEND/b',
    'HTTP://BACKEND/b',
    '',
    'http://[',
    '/caf\u00e9',
  ].map((location) => ({ name: `a redirect to «${location}»`, request: get, reply: redirect(302, location) })),
  { name: 'a redirect to the upstream', request: get, reply: redirect(301, 'http://BACKEND/b') },
  {
    name: 'a redirect to the upstream, autoRewrite',
    request: get,
    reply: redirect(301, 'http://BACKEND/b?c#d'),
    options: [{ autoRewrite: true }, {}],
  },
  {
    name: 'a redirect with 303, autoRewrite',
    request: get,
    reply: redirect(303, 'http://BACKEND/b'),
    options: [{ autoRewrite: true }, {}],
  },
  {
    name: 'a redirect with 307, autoRewrite',
    request: get,
    reply: redirect(307, 'http://BACKEND/b'),
    options: [{ autoRewrite: true }, {}],
  },
  {
    name: 'a redirect with 308, autoRewrite',
    request: get,
    reply: redirect(308, 'http://BACKEND/b'),
    options: [{ autoRewrite: true }, {}],
  },
  {
    name: 'Location of 201, autoRewrite',
    request: get,
    reply: redirect(201, 'http://BACKEND/b'),
    options: [{ autoRewrite: true }, {}],
  },
  {
    name: 'a redirect to the upstream, rewrite off',
    request: get,
    reply: redirect(301, 'http://BACKEND/b'),
    options: [{}, { rewrite: false }],
  },
  {
    name: 'Content-Location and Refresh',
    request: get,
    reply: ok('a', 'Content-Location: http://BACKEND/b', 'Refresh: 5; url=http://BACKEND/c'),
  },
  {
    name: 'a cookie with a domain',
    request: get,
    reply: ok('a', 'Set-Cookie: a=1; Domain=example.test; Secure; SameSite=None'),
  },
  {
    name: 'a cookie with a domain, cookieDomainRewrite',
    request: get,
    reply: ok('a', 'Set-Cookie: a=1; Domain=example.test'),
    options: [{ cookieDomainRewrite: '' }, {}],
  },
  {
    name: 'a cookie path, cookiePathRewrite',
    request: get,
    reply: ok('a', 'Set-Cookie: a=1; Path=/app'),
    options: [{ cookiePathRewrite: '/' }, { cookiePath: '/' }],
  },
  { name: 'a target with a path', request: ask('GET', '/a?b'), target: 'http://BACKEND/v1' },
  {
    name: 'a target with a path, redirected',
    request: ask('GET', '/a'),
    target: 'http://BACKEND/v1',
    reply: redirect(302, '/v1/b'),
  },
]

/** What upstreams send. */
export const replyCases: readonly Case[] = [...statuses, ...heads, ...contents, ...odd, ...redirects]
