import type { Difference } from './differences.ts'

const fields: readonly Difference[] = [
  {
    reason: 'RFC 9112 section 5.2: a proxy joins the lines of a folded field, or answers 502.',
    cases: ['a folded reply field'],
    changes: [
      ['client line', 'HTTP/1.1 500 Internal Server Error', 'HTTP/1.1 200 OK'],
      ['client page', 'Something went wrong', undefined],
    ],
  },
  {
    reason: 'RFC 9110 section 8.6: a 204 has no length.',
    cases: ['204 with a length'],
    changes: [['client field content-length', '0', undefined]],
  },
  {
    reason: 'RFC 9112 section 6.1: a reply without content has no transfer coding; to HEAD it may be left out.',
    cases: ['204 with chunks', 'HEAD with chunks'],
    changes: [['client field transfer-encoding', 'chunked', undefined]],
  },
  {
    reason: 'RFC 9110 section 15.2: interim replies are forwarded.',
    cases: ['early hints'],
    changes: [['client interim', undefined, '103 Early Hints Link: </a.css>; rel=preload']],
  },
  { reason: 'As before.', cases: ['102'], changes: [['client interim', undefined, '102 Processing']] },
  {
    reason: 'RFC 9110 section 11.7.1: the challenge of a proxy is for the next client only, which is us.',
    cases: ['407'],
    changes: [['client field proxy-authenticate', 'Basic', undefined]],
  },
  {
    reason: 'RFC 9110 section 7.6.1: what Connection names belongs to one connection.',
    cases: ['a reply field that Connection names'],
    changes: [
      ['client field connection', 'X-Hop', 'keep-alive'],
      ['client field x-hop', '1', undefined],
    ],
  },
  {
    reason: 'RFC 9110 section 7.6.1: that the upstream closes its connection does not end the one of the client.',
    cases: ['Connection: close in a reply', 'a second request behind a reply whose upstream closes'],
    changes: [['client field connection', 'close', 'keep-alive']],
  },
  {
    reason: 'RFC 9110 section 7.8: Upgrade is about one connection.',
    cases: ['Upgrade in a reply'],
    changes: [
      ['client field connection', 'Upgrade', 'keep-alive'],
      ['client field upgrade', 'h2c', undefined],
    ],
  },
  {
    reason: 'RFC 7838 section 2: the alternative would be one of this origin, and clients would go around the proxy.',
    cases: ['Alt-Svc'],
    changes: [['client field alt-svc', 'h3=":443"', undefined]],
  },
  {
    reason: 'RFC 6797 section 8.2: for localhost it would concern every port of this machine.',
    cases: ['Strict-Transport-Security'],
    changes: [['client field strict-transport-security', 'max-age=9', undefined]],
  },
]

const contents: readonly Difference[] = [
  {
    reason: 'RFC 9112 section 6.3: a reply whose chunks have all come gets a length.',
    cases: ['chunks of a reply'],
    changes: [['client framing', 'chunked', 'length 8']],
  },
  {
    reason: 'As before.',
    cases: ['the transfer coding of a reply in capitals'],
    changes: [['client framing', 'chunked', 'length 2']],
  },
  {
    reason: 'Old servers write blanks behind the size of a chunk. They are harmless in a reply, and accepted.',
    cases: ['chunk sizes with blanks behind them'],
    changes: [
      ['client line', 'HTTP/1.1 500 OK', 'HTTP/1.1 200 OK'],
      ['client page', 'Something went wrong', undefined],
    ],
  },
  {
    reason: 'As before.',
    cases: ['a WebSocket that is refused in chunks'],
    changes: [['client framing', 'chunked', 'length 2']],
  },
  { reason: 'As before.', cases: ['a reply of no chunk'], changes: [['client framing', 'chunked', 'length 0']] },
  { reason: 'As before.', cases: ['chunks for HTTP/1.0'], changes: [['client framing', 'close', 'length 2']] },
  {
    reason: 'RFC 9110 section 6.5: announced trailers are forwarded.',
    cases: ['trailers of a reply', 'trailers for a client that asks'],
    changes: [['client trailers', undefined, 'X-Sum: 7']],
  },
  {
    reason: 'Redirects to the upstream are adapted without an option (docs/guide/proxy.md, "Redirects and cookies").',
    cases: ['a redirect to the upstream', 'a WebSocket that the upstream redirects'],
    changes: [['client field location', 'http://BACKEND/b', 'http://PROXY/b']],
  },
  {
    reason: 'As before.',
    cases: ['a redirect to «http://BACKEND»'],
    changes: [['client field location', 'http://BACKEND', 'http://PROXY/']],
  },
  {
    reason: 'As before; schemes are compared without case (RFC 3986 section 3.1).',
    cases: ['a redirect to «HTTP://BACKEND/b»'],
    changes: [['client field location', 'HTTP://BACKEND/b', 'http://PROXY/b']],
  },
  {
    reason: 'Every redirect is adapted; http-proxy forgets 303.',
    cases: ['a redirect with 303, autoRewrite'],
    changes: [['client field location', 'http://BACKEND/b', 'http://PROXY/b']],
  },
  {
    reason: 'So are the other fields with URLs.',
    cases: ['Content-Location and Refresh'],
    changes: [
      ['client field content-location', 'http://BACKEND/b', 'http://PROXY/b'],
      ['client field refresh', '5; url=http://BACKEND/c', '5; url=http://PROXY/c'],
    ],
  },
  {
    reason: 'Where the path is replaced, redirects are moved back; with http-proxy the browser asks for /v1/v1/b.',
    cases: ['a target with a path, redirected'],
    changes: [['client field location', '/v1/b', '/b']],
  },
  {
    reason: 'RFC 6265 section 5.3: a browser would drop the cookie of another host, and Secure over plain HTTP.',
    cases: ['a cookie with a domain'],
    changes: [['client field set-cookie', 'a=1; Domain=example.test; Secure; SameSite=None', 'a=1; SameSite=Lax']],
  },
]

const faults: readonly Difference[] = [
  {
    reason:
      'RFC 9110 section 9.2.2: a request that may be repeated is, once; an upstream that restarts resets connections.',
    cases: ['an end without a reply', 'a reset without a reply', 'an end within the header section'],
    changes: [['upstream requests', '1', '2']],
  },
  {
    reason: 'As before; the tunnel has not begun. http-proxy closes the connection of the client without a reply.',
    cases: ['a WebSocket to an upstream that ends'],
    changes: [
      ['upstream requests', '1', '2'],
      ['client line', 'none', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_RESET'],
    ],
  },
  {
    reason: 'RFC 9112 section 8: a reply that is cut ends the connection; with http-proxy the client waits for ever.',
    cases: ['an end within a length', 'an end within chunks', 'no further content in time'],
    changes: [['proxy', 'stalls', undefined]],
  },
  {
    reason: 'A client that leaves ends its request (docs/guide/proxy.md); http-proxy lets the upstream work on.',
    cases: [
      ...['a client that leaves before the reply', 'a client that leaves within the reply'],
      'a client that ends its half while it waits',
    ],
    changes: [['proxy', 'stalls', undefined]],
  },
  {
    reason: 'RFC 9110 section 15.6.3; http-proxy keeps the reason phrase of the broken reply.',
    cases: ['a chunk of a reply whose size is no number'],
    changes: [['client line', 'HTTP/1.1 500 OK', 'HTTP/1.1 502 Bad Gateway']],
  },
  {
    reason: 'RFC 9112 section 6.1: we cannot frame such a reply; http-proxy calls it chunked and sends no chunk.',
    cases: ['another transfer coding in a reply'],
    changes: [
      ['proxy', 'stalls', undefined],
      ['client line', 'HTTP/1.1 200 OK', 'HTTP/1.1 502 Bad Gateway'],
      ['client end', 'cut', 'complete'],
      ['client page', undefined, 'E8008_UPSTREAM_PROTOCOL'],
    ],
  },
  {
    reason: 'RFC 9110 section 15: there is no such class of status.',
    cases: ['status 999'],
    changes: [
      ['client line', 'HTTP/1.1 999 X', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_PROTOCOL'],
    ],
  },
  {
    reason: 'As before; http-proxy hands it to Node, which throws, and the process ends.',
    cases: ['status 099'],
    changes: [
      ['proxy', 'crashed', undefined],
      ['client line', 'none', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_PROTOCOL'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.8: no client asked for the switch; with http-proxy the client waits for ever.',
    cases: ['101 that the client did not ask for'],
    changes: [
      ['proxy', 'stalls', undefined],
      ['client line', 'none', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_PROTOCOL'],
    ],
  },
  {
    reason: 'Header sections of upstreams may be larger than the 16 KiB of Node (docs/reference/limits.md).',
    cases: ['a header section of 40,000 bytes'],
    changes: [
      ['client line', 'HTTP/1.1 500 Internal Server Error', 'HTTP/1.1 200 OK'],
      ['client page', 'Something went wrong', undefined],
    ],
  },
  {
    reason: 'RFC 9110 section 15.6.5.',
    cases: ['no reply in time'],
    changes: [['client line', 'HTTP/1.1 500 Internal Server Error', 'HTTP/1.1 504 Gateway Timeout']],
  },
]

const upgrades: readonly Difference[] = [
  {
    reason: 'RFC 9110 section 7.6.1: Connection is written again for each hop.',
    cases: ['Connection: keep-alive, Upgrade'],
    changes: [['upstream field connection', 'keep-alive, Upgrade', 'Upgrade']],
  },
  {
    reason: 'RFC 9112 section 7.1: http-proxy announces chunks, and sends their content without the framing.',
    cases: ['a WebSocket that is refused in chunks'],
    changes: [
      ['client end', 'cut', 'complete'],
      ['client content', undefined, 'no'],
      ['client field connection', undefined, 'close'],
    ],
  },
  {
    reason: 'RFC 6455 section 4.1: the answer proves that the upstream has understood the upgrade.',
    cases: ['a WebSocket with a wrong answer to its key'],
    changes: [
      ['client line', 'HTTP/1.1 101 Switching Protocols', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_PROTOCOL'],
    ],
  },
  {
    reason: 'RFC 9110 section 15.6.3; http-proxy closes the connection without a reply.',
    cases: ['a WebSocket to an upstream that refuses connections'],
    changes: [
      ['client line', 'none', 'HTTP/1.1 502 Bad Gateway'],
      ['client page', undefined, 'E8008_UPSTREAM_REFUSED'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.8: the upstream decides about an upgrade; http-proxy closes all but GET.',
    cases: ['a WebSocket by POST'],
    changes: [
      ['upstream requests', '0', '1'],
      ['client line', 'none', 'HTTP/1.1 200 Fine'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.8: other protocols pass through every route; http-proxy closes all but WebSockets.',
    cases: ['another protocol', 'an upgrade with content', 'two protocols'],
    changes: [
      ['upstream requests', '0', '1'],
      ['client line', 'none', 'HTTP/1.1 101 Switching Protocols'],
    ],
  },
  {
    reason: 'RFC 9293 section 3.6: each direction of a tunnel ends by itself; http-proxy ends both.',
    cases: ['a client that answers after its upstream ended its half'],
    changes: [['upstream content', undefined, 'late']],
  },
  {
    reason: 'RFC 9110 section 7.8: a server ignores Upgrade in HTTP/1.0.',
    cases: ['a WebSocket of HTTP/1.0'],
    changes: [
      ['upstream field connection', 'Upgrade', undefined],
      ['upstream framing', 'tunnel', 'none'],
      ['upstream field upgrade', 'websocket', undefined],
    ],
  },
  {
    reason: 'RFC 9113 section 3.1: h2c by Upgrade is obsolete, and the request is answered as if it had not asked.',
    cases: ['h2c'],
    changes: [
      ['upstream requests', '0', '1'],
      ['client line', 'none', 'HTTP/1.1 200 Fine'],
    ],
  },
  {
    reason: 'RFC 9110 section 7.8: without its name in Connection the field has no effect, and is dropped.',
    cases: ['Upgrade that Connection does not name'],
    changes: [
      ['upstream framing', 'tunnel', 'none'],
      ['upstream field upgrade', 'websocket', undefined],
    ],
  },
]

/** Differences in what upstreams send, and clients get. */
export const replyDifferences: readonly Difference[] = [...fields, ...contents, ...faults, ...upgrades]
