import type { Change } from './observe.ts'

/** Differences that were reviewed, with the reason why ours is as it is. */
export interface Difference {
  readonly reason: string
  /** The cases in which each of the changes occurs. Without it they may occur in every case, and do in one. */
  readonly cases?: readonly string[]
  readonly changes: readonly ExpectedChange[]
}

type Expected = string | RegExp | undefined
type ExpectedChange = readonly [fact: string, theirs: Expected, ours: Expected]

/** Whether a change is the expected one. */
export function isExpected([fact, theirs, ours]: Change, [name, ...values]: ExpectedChange): boolean {
  return fact === name && isValue(theirs, values[0]) && isValue(ours, values[1])
}

function isValue(value: string | undefined, expected: Expected): boolean {
  return expected instanceof RegExp ? value !== undefined && expected.test(value) : value === expected
}

/** We answer the request ourselves, and the upstream gets none. */
const answered = (line: string, code: string): ExpectedChange[] => [
  ['upstream requests', '1', '0'],
  ['client line', 'HTTP/1.1 200 Fine', `HTTP/1.1 ${line}`],
  ['client page', undefined, code],
]

/** Node's parser refuses it in both; http-proxy sends Node's empty reply. */
const explained = (code: string): ExpectedChange[] => [['client page', undefined, code]]

const everywhere: readonly Difference[] = [
  {
    reason: 'Upstreams get the client and the address that it used, without an option (docs/guide/proxy.md).',
    changes: [
      ['upstream field x-forwarded-for', undefined, '127.0.0.1'],
      ['upstream field x-forwarded-host', undefined, 'PROXY'],
      ['upstream field x-forwarded-proto', undefined, 'http'],
      ['upstream field x-forwarded-port', undefined, 'PORT'],
      ['upstream field forwarded', undefined, 'for=127.0.0.1;host="PROXY";proto=http'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.6.3: a proxy adds itself to Via, which also finds loops.',
    changes: [['upstream field via', undefined, /^1\.[01] NAME$/]],
  },
  {
    reason: 'Connections to upstreams are used again; http-proxy opens one for each request unless it gets an agent.',
    changes: [['upstream field connection', 'close', undefined]],
  },
  {
    reason: 'RFC 9110 section 7.6.1: how long a connection to the client stays open is for us to say.',
    changes: [
      ['client field keep-alive', undefined, /^timeout=\d+$/],
      ['client field keep-alive', 'timeout=5', /^timeout=\d+$/],
    ],
  },
  {
    reason: 'Names of fields are forwarded as they were spelled; some old programs compare them so.',
    changes: [
      ['upstream spelling', 'lower case', 'as sent'],
      ['client spelling', 'lower case', 'as sent'],
    ],
  },
  {
    reason: 'RFC 9110 section 15.6.3: 502 says that the upstream failed, not the proxy, and our page says how.',
    changes: [
      ['client line', 'HTTP/1.1 500 Internal Server Error', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', 'Something went wrong', /^E8008_UPSTREAM_[A-Z]+$/],
    ],
  },
  {
    reason: 'RFC 9110 section 6.6.1: a reply has a Date; http-proxy adds none when an upgrade is refused.',
    changes: [['client field date', undefined, 'now']],
  },
]

const requests: readonly Difference[] = [
  {
    reason: 'RFC 9110 section 8.6: no Content-Length where there is no content and the method expects none.',
    cases: [
      'DELETE without content',
      'OPTIONS without content',
      'Max-Forwards',
      'a preflight',
      'GET with a length of 0',
    ],
    changes: [['upstream framing', 'length 0', 'none']],
  },
  {
    reason:
      'RFC 9112 section 6.3: http-proxy says length 0 and sends the chunks behind it, where they are a new request.',
    cases: ['DELETE with chunks', 'OPTIONS with chunks'],
    changes: [
      ['upstream framing', 'length 0', 'chunked'],
      ['upstream content', undefined, 'hello world'],
    ],
  },
  {
    reason: 'RFC 9112 section 3.2.4: OPTIONS * asks about this server; http-proxy makes it a path, /*.',
    cases: ['OPTIONS of the server'],
    changes: [
      ['upstream requests', '1', '0'],
      ['client line', 'HTTP/1.1 200 Fine', 'HTTP/1.1 204 No Content'],
      ['client framing', 'length 2', 'none'],
      ['client content', 'ok', undefined],
      ['client field allow', undefined, 'GET, HEAD, OPTIONS'],
      ['client field cross-origin-resource-policy', undefined, 'same-site'],
    ],
  },
  {
    reason: 'RFC 9110 section 9.3.8: TRACE would show a page the fields that a proxy adds. We refuse it.',
    cases: ['TRACE'],
    changes: answered('405 Method Not Allowed', 'E8008_METHOD'),
  },
  {
    reason:
      'RFC 9110 section 9.3.6: a proxy for backends is no tunnel. http-proxy closes the connection without a reply.',
    cases: ['CONNECT'],
    changes: [
      ['client line', 'none', 'HTTP/1.1 405 Method Not Allowed'],
      ['client page', undefined, 'E8008_METHOD'],
    ],
  },
  {
    reason: 'RFC 9110 section 15.6.2: a method that is not known is 501, not a broken message.',
    cases: ['a method in lower case'],
    changes: [
      ['client line', 'HTTP/1.1 400 Bad Request', 'HTTP/1.1 501 Not Implemented'],
      ['client page', undefined, 'E8008_NOT_IMPLEMENTED'],
    ],
  },
  {
    reason: 'The reply says what is wrong with the request.',
    cases: ['a folded field', 'a line feed without a return', 'a blank behind a request field name'],
    changes: explained('E8008_MALFORMED'),
  },
  {
    reason: 'The reply says what is wrong with the request.',
    cases: ['raw bytes above ASCII'],
    changes: explained('E8008_TARGET_INVALID'),
  },
  {
    reason: 'The reply says what is wrong with the request.',
    cases: ['a length and chunks', 'two lengths', 'a length that is no number', 'a chunk whose size is no number'],
    changes: explained('E8008_FRAMING'),
  },
  { reason: 'The reply says what is missing.', cases: ['no Host'], changes: explained('E8008_HOST_INVALID') },
  {
    reason: 'The reply says what is supported.',
    cases: ['another expectation'],
    changes: explained('E8008_EXPECTATION'),
  },
  {
    reason:
      'Paths are forwarded byte for byte (docs/guide/proxy.md); http-proxy joins slashes, and another resource answers.',
    cases: ['two slashes in front'],
    changes: [['upstream line', 'GET /other.test/a HTTP/1.1', 'GET //other.test/a HTTP/1.1']],
  },
  {
    reason: 'As before.',
    cases: ['two slashes within'],
    changes: [['upstream line', 'GET /a/b HTTP/1.1', 'GET /a//b HTTP/1.1']],
  },
  {
    reason: 'As before.',
    cases: ['a path that only looks like a URL'],
    changes: [['upstream line', 'GET /a/http://b.test/c HTTP/1.1', 'GET /a/http://b.test//c HTTP/1.1']],
  },
  {
    reason: 'RFC 9112 section 3.2: neither belongs into a request-target, and servers read it differently.',
    cases: ['a backslash', 'a fragment'],
    changes: answered('400 Bad Request', 'E8008_TARGET_INVALID'),
  },
  {
    reason: 'RFC 9112 section 3.2.2: the authority of the target and Host differ; http-proxy drops the first.',
    cases: ['the absolute form of another host'],
    changes: answered('400 Bad Request', 'E8008_HOST_INVALID'),
  },
  {
    reason: 'RFC 9112 section 3.2: a request with two Host fields is 400; http-proxy takes the first.',
    cases: ['Host twice'],
    changes: answered('400 Bad Request', 'E8008_HOST_INVALID'),
  },
  {
    reason: 'RFC 9112 section 6.1: a transfer coding that the server does not know is 501.',
    cases: ['another transfer coding'],
    changes: answered('501 Not Implemented', 'E8008_NOT_IMPLEMENTED'),
  },
]

const requestFields: readonly Difference[] = [
  ...(
    [
      ['a field twice', 'upstream field x-a', '1, 2', '1 | 2'],
      ['Cookie twice', 'upstream field cookie', 'a=1; b=2', 'a=1 | b=2'],
      ['Accept twice', 'upstream field accept', 'text/html, */*;q=0.1', 'text/html | */*;q=0.1'],
      ['Authorization twice', 'upstream field authorization', 'Basic YTph', 'Basic YTph | Basic YjpiYg=='],
      ['User-Agent twice', 'upstream field user-agent', 'a', 'a | b'],
      ['a reply field twice', 'client field x-a', '1, 2', '1 | 2'],
      ['WWW-Authenticate twice', 'client field www-authenticate', 'Basic, Negotiate', 'Basic | Negotiate'],
      ['Content-Type twice', 'client field content-type', 'text/html', 'text/html | text/plain'],
      ['fields of pages', 'client field vary', 'a, b', 'a | b'],
    ] as const
  ).map(([name, ...change]) => ({
    reason:
      'Fields that come twice are forwarded as they came, so that the recipient decides; http-proxy joins or drops them.',
    cases: [name],
    changes: [change],
  })),
  {
    reason: 'RFC 9110 section 7.6.1: what Connection names belongs to one connection.',
    cases: ['a field that Connection names'],
    changes: [
      ['upstream field x-hop', '1', undefined],
      ['client field connection', 'close, X-Hop', 'close'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.6.1: the same, for fields that are always hop-by-hop.',
    cases: ['Keep-Alive'],
    changes: [['upstream field keep-alive', 'timeout=5', undefined]],
  },
  {
    reason: 'As before.',
    cases: ['Proxy-Connection'],
    changes: [['upstream field proxy-connection', 'keep-alive', undefined]],
  },
  {
    reason: 'RFC 9110 section 11.7.2: the credentials are for the proxy.',
    cases: ['Proxy-Authorization'],
    changes: [['upstream field proxy-authorization', 'Basic YTph', undefined]],
  },
  {
    reason: 'CVE-2016-5385 (httpoxy): CGI programs take the field for their own proxy.',
    cases: ['Proxy'],
    changes: [['upstream field proxy', 'http://evil.test', undefined]],
  },
  {
    reason:
      'RFC 9110 section 10.1.4: TE is hop-by-hop; http-proxy sends it without naming it in Connection, and sends the name back.',
    cases: ['TE', 'trailers for a client that asks'],
    changes: [
      ['upstream field te', 'trailers', undefined],
      ['client field connection', 'TE', 'keep-alive'],
    ],
  },
  {
    reason: 'A client that is not trusted cannot say who it is (docs/guide/proxy.md, "What a target receives").',
    cases: ['X-Forwarded-For of the client'],
    changes: [['upstream field x-forwarded-for', '192.0.2.1', '127.0.0.1']],
  },
  {
    reason: 'As before.',
    cases: ['X-Forwarded-For of the client, xfwd'],
    changes: [
      ['upstream field x-forwarded-for', '192.0.2.1,127.0.0.1', '127.0.0.1'],
      ['upstream field x-forwarded-proto', 'https,http', 'http'],
    ],
  },
  {
    reason: 'As before.',
    cases: ['Forwarded of the client'],
    changes: [['upstream field forwarded', 'for=192.0.2.1', 'for=127.0.0.1;host="PROXY";proto=http']],
  },
  {
    reason: 'As before.',
    cases: ['X-Real-IP of the client'],
    changes: [['upstream field x-real-ip', '192.0.2.1', undefined]],
  },
  {
    reason: 'As before.',
    cases: ['Remote-User of the client'],
    changes: [['upstream field remote-user', 'admin', undefined]],
  },
  {
    reason: 'RFC 9110 section 7.6.3.',
    cases: ['Via of the client'],
    changes: [['upstream field via', '1.1 first', '1.1 first | 1.1 NAME']],
  },
  {
    reason: 'RFC 9110 section 7.6.2: each proxy subtracts one.',
    cases: ['Max-Forwards'],
    changes: [['upstream field max-forwards', '5', '4']],
  },
  {
    reason: 'RFC 9110 section 10.1.1: we have sent 100 ourselves, so that the upstream need not.',
    cases: [
      ...['Expect: 100-continue', 'a client that waits for 100 Continue'],
      'an upstream that refuses content with Expect',
    ],
    changes: [['upstream field expect', '100-continue', undefined]],
  },
  {
    reason: 'RFC 9112 section 6.3: content that has ended before it is sent gets a length.',
    cases: ['no chunk'],
    changes: [['upstream framing', 'chunked', 'length 0']],
  },
  {
    reason:
      'RFC 9110 section 6.5: trailers that were announced are forwarded; http-proxy announces them and sends none.',
    cases: ['announced trailers'],
    changes: [
      ['upstream field trailer', 'X-Sum', 'x-sum'],
      ['upstream trailers', undefined, 'X-Sum: 7'],
    ],
  },
  {
    reason: 'RFC 9112 section 9.3: the rest of the content may never come, and would be read as the next request.',
    cases: ['a reply before the content has come', 'content that is echoed while it arrives'],
    changes: [['client field connection', 'keep-alive', 'close']],
  },
]

const authorities: readonly Difference[] = [
  ...(
    [
      ['Host in capitals', 'LOCALHOST', 'LOCALHOST'],
      ['Host with a dot at its end', 'localhost.', 'localhost.'],
      ['Host with the port 80', 'localhost:80', '"localhost:80"'],
      ['Host by address', '127.0.0.1:8008', '"127.0.0.1:8008"'],
      ['Host by IPv6 address', '[::1]:8008', '"[::1]:8008"'],
      ['Host below localhost', 'app.localhost', 'app.localhost'],
    ] as const
  ).map(([name, host, quoted]): Difference => ({
    reason: 'RFC 7239 section 5.3: the address as the client wrote it, which Host keeps too.',
    cases: [name],
    changes: [
      ['upstream field x-forwarded-host', undefined, host],
      ['upstream field x-forwarded-port', undefined, /:(\d+)$/.exec(host)?.[1] ?? 'PORT'],
      ['upstream field forwarded', undefined, `for=127.0.0.1;host=${quoted};proto=http`],
    ],
  })),
  {
    reason:
      'A page of another site can reach this server by a name of its own (DNS rebinding); unknown names are refused.',
    cases: ['Host of another site'],
    changes: answered('421 Misdirected Request', 'E8008_HOST_NOT_ALLOWED'),
  },
  {
    reason: 'RFC 9110 section 4.2.1: the host of an http URL is not empty.',
    cases: ['an empty Host'],
    changes: answered('400 Bad Request', 'E8008_HOST_INVALID'),
  },
  {
    reason: 'A request may have as many fields as limits say (docs/reference/limits.md).',
    cases: ['150 fields'],
    changes: answered('431 Request Header Fields Too Large', 'E8008_HEADERS_TOO_LARGE'),
  },
  {
    reason: 'Node refuses it in both; the reply says what is too large.',
    cases: ['a field of 30,000 bytes'],
    changes: explained('E8008_HEADERS_TOO_LARGE'),
  },
  {
    reason: 'RFC 9112 section 6.1: HTTP/1.0 has no transfer coding, so the end of the message is in doubt.',
    cases: ['chunks of HTTP/1.0'],
    changes: answered('400 Bad Request', 'E8008_FRAMING'),
  },
  {
    reason: 'RFC 9110 section 15.6.6: a version that is not supported is 505.',
    cases: ['a version that does not exist'],
    changes: [
      ['client line', 'HTTP/1.1 400 Bad Request', 'HTTP/1.1 505 HTTP Version Not Supported'],
      ['client page', undefined, 'E8008_HTTP_VERSION'],
    ],
  },
]

/** Differences in what clients send, and upstreams get. */
export const requestDifferences: readonly Difference[] = [...everywhere, ...requests, ...requestFields, ...authorities]
