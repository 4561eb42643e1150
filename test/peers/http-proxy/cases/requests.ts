import { ask, ok, type Case } from '../observe.ts'

const length = (content: string): string => `Content-Length: ${content.length}`
const chunked = 'Transfer-Encoding: chunked'
const chunks = '5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n'

const methods: readonly Case[] = [
  { name: 'GET', request: ask('GET', '/a') },
  { name: 'HEAD', request: ask('HEAD', '/a'), reply: 'HTTP/1.1 200 OK\r\n\r\n' },
  { name: 'POST with a length', request: ask('POST', '/a', [length('x=1')], 'x=1') },
  { name: 'PUT with a length', request: ask('PUT', '/a', [length('x=1')], 'x=1') },
  { name: 'PATCH with a length', request: ask('PATCH', '/a', [length('x=1')], 'x=1') },
  { name: 'DELETE without content', request: ask('DELETE', '/a') },
  { name: 'DELETE with a length', request: ask('DELETE', '/a', [length('x=1')], 'x=1') },
  { name: 'DELETE with chunks', request: ask('DELETE', '/a', [chunked], chunks) },
  { name: 'OPTIONS without content', request: ask('OPTIONS', '/a') },
  { name: 'OPTIONS of the server', request: ask('OPTIONS', '*') },
  { name: 'PROPFIND', request: ask('PROPFIND', '/a', ['Depth: 1']) },
  { name: 'TRACE', request: ask('TRACE', '/a') },
  { name: 'CONNECT', request: ask('CONNECT', 'example.test:443') },
  { name: 'a method in lower case', request: ask('get', '/a') },
]

const targets: readonly Case[] = [
  { name: 'a query', request: ask('GET', '/a?x=1&y=%20') },
  { name: 'an empty query', request: ask('GET', '/a?') },
  { name: 'a query with question marks and slashes', request: ask('GET', '/a?b?c=/d//e') },
  { name: 'encoded bytes', request: ask('GET', '/a%2Fb%20c%C3%BC') },
  { name: 'raw bytes above ASCII', request: ask('GET', '/caf\u00c3\u00a9') },
  { name: 'two slashes in front', request: ask('GET', '//other.test/a') },
  { name: 'two slashes within', request: ask('GET', '/a//b') },
  { name: 'dot segments', request: ask('GET', '/a/../b/./c') },
  { name: 'a backslash', request: ask('GET', '/a\\b') },
  { name: 'characters that browsers send unencoded', request: ask('GET', "/a|b[c]^{d}'e") },
  { name: 'a query as browsers send it unencoded', request: ask('GET', "/a?x=|b[c]^{d}'e`\\f") },
  { name: 'a path that only looks like a URL', request: ask('GET', '/a/http://b.test//c') },
  { name: 'parameters', request: ask('GET', '/a;v=1/b') },
  { name: 'the absolute form', request: ask('GET', 'http://PROXY/a?b') },
  { name: 'the absolute form of another host', request: ask('GET', 'http://other.test/a') },
  { name: 'a fragment', request: ask('GET', '/a#b') },
  { name: 'a target of 6,000 bytes', request: ask('GET', `/${'a'.repeat(6000)}`) },
]

const fields: readonly Case[] = [
  { name: 'a field twice', request: ask('GET', '/', ['X-A: 1', 'X-A: 2']) },
  {
    name: 'Authorization twice',
    request: ask('GET', '/', ['Authorization: Basic YTph', 'Authorization: Basic YjpiYg==']),
  },
  { name: 'User-Agent twice', request: ask('GET', '/', ['User-Agent: a', 'User-Agent: b']) },
  { name: 'Cookie twice', request: ask('GET', '/', ['Cookie: a=1', 'Cookie: b=2']) },
  { name: 'Accept twice', request: ask('GET', '/', ['Accept: text/html', 'Accept: */*;q=0.1']) },
  { name: 'an empty field', request: ask('GET', '/', ['X-Empty:']) },
  { name: 'a field in Latin-1', request: ask('GET', '/', ['X-Name: caf\u00e9']) },
  { name: 'a field with an underscore', request: ask('GET', '/', ['X_Under: 1']) },
  { name: 'a folded field', request: ask('GET', '/', ['X-Folded: a', ' b']) },
  { name: 'a field that Connection names', request: ask('GET', '/', ['Connection: close, X-Hop', 'X-Hop: 1']) },
  { name: 'Connection: close', request: ask('GET', '/', ['Connection: close']) },
  { name: 'Keep-Alive', request: ask('GET', '/', ['Connection: keep-alive', 'Keep-Alive: timeout=5']) },
  { name: 'Proxy-Connection', request: ask('GET', '/', ['Proxy-Connection: keep-alive']) },
  { name: 'Proxy-Authorization', request: ask('GET', '/', ['Proxy-Authorization: Basic YTph']) },
  { name: 'Proxy', request: ask('GET', '/', ['Proxy: http://evil.test']) },
  { name: 'TE', request: ask('GET', '/', ['Connection: TE', 'TE: trailers']) },
  { name: 'X-Forwarded-For of the client', request: ask('GET', '/', ['X-Forwarded-For: 192.0.2.1']) },
  {
    name: 'X-Forwarded-For of the client, xfwd',
    request: ask('GET', '/', ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https']),
    options: [{ xfwd: true }, {}],
  },
  { name: 'xfwd', request: ask('GET', '/'), options: [{ xfwd: true }, {}] },
  { name: 'Forwarded of the client', request: ask('GET', '/', ['Forwarded: for=192.0.2.1']) },
  { name: 'X-Real-IP of the client', request: ask('GET', '/', ['X-Real-IP: 192.0.2.1']) },
  { name: 'Remote-User of the client', request: ask('GET', '/', ['Remote-User: admin']) },
  { name: 'Via of the client', request: ask('GET', '/', ['Via: 1.1 first']) },
  { name: 'Max-Forwards', request: ask('OPTIONS', '/', ['Max-Forwards: 5']) },
  { name: 'a range', request: ask('GET', '/', ['Range: bytes=0-1', 'If-Range: "x"']) },
  {
    name: 'conditions',
    request: ask('GET', '/', ['If-None-Match: "a", W/"b"', 'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT']),
  },
  { name: 'accepted codings', request: ask('GET', '/', ['Accept-Encoding: gzip, br, zstd']) },
  { name: 'fields of browsers', request: ask('GET', '/', ['Origin: http://PROXY', 'Sec-Fetch-Mode: cors', 'DNT: 1']) },
  { name: 'no Host', request: 'GET / HTTP/1.1\r\n\r\n' },
  { name: 'Host twice', request: ask('GET', '/', ['Host: other.test']) },
  { name: 'HTTP/1.0', request: 'GET / HTTP/1.0\r\nHost: PROXY\r\n\r\n' },
  { name: 'HTTP/1.0 with keep-alive', request: 'GET / HTTP/1.0\r\nHost: PROXY\r\nConnection: keep-alive\r\n\r\n' },
  { name: 'changeOrigin', request: ask('GET', '/a'), options: [{ changeOrigin: true }, { changeOrigin: true }] },
  {
    name: 'fields that the route sets',
    request: ask('GET', '/a', ['X-Env: client']),
    options: [{ headers: { 'X-Env': 'dev' } }, { headers: { 'X-Env': 'dev' } }],
  },
]

const content: readonly Case[] = [
  { name: 'a length of 0', request: ask('POST', '/', ['Content-Length: 0']) },
  { name: 'POST without framing', request: ask('POST', '/') },
  { name: 'chunks', request: ask('POST', '/', [chunked], chunks) },
  { name: 'no chunk', request: ask('POST', '/', [chunked], '0\r\n\r\n') },
  { name: 'GET with a length', request: ask('GET', '/', [length('x=1')], 'x=1') },
  { name: 'GET with chunks', request: ask('GET', '/', [chunked], chunks) },
  { name: '1 MB with a length', request: ask('PUT', '/', [length('x'.repeat(1e6))], 'x'.repeat(1e6)) },
  { name: '1 MB in one chunk', request: ask('PUT', '/', [chunked], `f4240\r\n${'x'.repeat(1e6)}\r\n0\r\n\r\n`) },
  {
    name: 'announced trailers',
    request: ask('POST', '/', [chunked, 'Trailer: X-Sum'], '2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n'),
  },
  {
    name: 'a trailer that was not announced',
    request: ask('POST', '/', [chunked], '2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n'),
  },
  {
    name: 'coded content',
    request: ask(
      'POST',
      '/',
      ['Content-Encoding: gzip', 'Content-Type: text/plain', length('\x1f\x8b\0\xff')],
      '\x1f\x8b\0\xff',
    ),
  },
  { name: 'Expect: 100-continue', request: ask('POST', '/', ['Expect: 100-continue', length('x=1')], 'x=1') },
  { name: 'another expectation', request: ask('POST', '/', ['Expect: magic', length('x=1')], 'x=1') },
  {
    name: 'a reply before the content has come',
    request: ask('POST', '/', ['Content-Length: 10'], 'abc'),
    reply: (connection) => connection.sees('abc').then(() => connection.send(ok('enough'))),
  },
  { name: 'a length and chunks', request: ask('POST', '/', ['Content-Length: 3', chunked], '0\r\n\r\n') },
  { name: 'two lengths', request: ask('POST', '/', ['Content-Length: 3', 'Content-Length: 4'], 'abcd') },
  { name: 'a length that is no number', request: ask('POST', '/', ['Content-Length: +3'], 'abc') },
  { name: 'a chunk whose size is no number', request: ask('POST', '/', [chunked], 'x\r\n') },
  { name: 'another transfer coding', request: ask('POST', '/', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n') },
]

const authorities: readonly Case[] = [
  { name: 'Host in capitals', request: ask('GET', '/').replace('PROXY', 'LOCALHOST') },
  { name: 'Host with a dot at its end', request: ask('GET', '/').replace('PROXY', 'localhost.') },
  { name: 'Host with the port 80', request: ask('GET', '/').replace('PROXY', 'localhost:80') },
  { name: 'Host by address', request: ask('GET', '/').replace('PROXY', '127.0.0.1:8008') },
  { name: 'Host by IPv6 address', request: ask('GET', '/').replace('PROXY', '[::1]:8008') },
  { name: 'Host below localhost', request: ask('GET', '/').replace('PROXY', 'app.localhost') },
  { name: 'Host of another site', request: ask('GET', '/').replace('PROXY', 'evil.test') },
  { name: 'an empty Host', request: ask('GET', '/').replace('PROXY', '') },
]

const odd: readonly Case[] = [
  { name: 'a field with tabs and blanks around it', request: ask('GET', '/', ['X-A: \t a\tb \t']) },
  {
    name: '150 fields',
    request: ask(
      'GET',
      '/',
      Array.from({ length: 150 }, (_, at) => `X-${at}: ${at}`),
    ),
  },
  { name: 'a field of 12,000 bytes', request: ask('GET', '/', [`Cookie: a=${'x'.repeat(12_000)}`]) },
  { name: 'a field of 30,000 bytes', request: ask('GET', '/', [`Cookie: a=${'x'.repeat(30_000)}`]) },
  { name: 'OPTIONS with a length', request: ask('OPTIONS', '/', [length('x=1')], 'x=1') },
  { name: 'OPTIONS with chunks', request: ask('OPTIONS', '/', [chunked], chunks) },
  {
    name: 'a preflight',
    request: ask('OPTIONS', '/', ['Origin: http://a.test', 'Access-Control-Request-Method: PUT']),
  },
  { name: 'GET with a length of 0', request: ask('GET', '/', ['Content-Length: 0']) },
  { name: 'chunks of HTTP/1.0', request: `POST / HTTP/1.0\r\nHost: PROXY\r\n${chunked}\r\n\r\n${chunks}` },
  { name: 'the transfer coding in capitals', request: ask('POST', '/', ['Transfer-Encoding: Chunked'], chunks) },
  { name: 'chunk sizes with zeros in front', request: ask('POST', '/', [chunked], '0005\r\nhello\r\n000\r\n\r\n') },
  { name: 'an empty line before the request', request: `\r\n${ask('GET', '/')}` },
  { name: 'a line feed without a return', request: ask('GET', '/').replaceAll('\r\n', '\n') },
  { name: 'a blank behind a request field name', request: ask('GET', '/', ['X-A : 1']) },
  { name: 'a version that does not exist', request: ask('GET', '/').replace('HTTP/1.1', 'HTTP/1.7') },
]

/** What clients send. */
export const requestCases: readonly Case[] = [...methods, ...targets, ...fields, ...content, ...authorities, ...odd]
