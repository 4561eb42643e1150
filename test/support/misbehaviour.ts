import type { BackendSocket } from './backend.ts'
import type { FrontOptions } from './proxy.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What a backend does on each connection after the request arrived. */
export type Misbehaviour = (connection: BackendSocket) => unknown

/** Faults before the reply was forwarded: the client gets an error with a code. */
export const refusals: readonly [name: string, act: Misbehaviour, code: RegExp, options?: FrontOptions][] = [
  ['closes without an answer', (c) => c.socket.end(), /502.*UPSTREAM_RESET/],
  ['resets without an answer', (c) => c.socket.resetAndDestroy(), /502.*UPSTREAM_RESET/],
  [
    'ends within the header section',
    (c) => c.send('HTTP/1.1 200 OK\r\nX-A: 1\r\n').socket.end(),
    /502.*UPSTREAM_RESET/,
  ],
  ['sends no HTTP', (c) => c.send('SSH-2.0-OpenSSH_9.6\r\n'), /502.*UPSTREAM_PROTOCOL/],
  ['sends the status 099', (c) => c.send('HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'), /502.*UPSTREAM_PROTOCOL/],
  ['sends the status 999', (c) => c.send('HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'), /502.*UPSTREAM_PROTOCOL/],
  ['sends the status 600', (c) => c.send('HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n'), /502.*UPSTREAM_PROTOCOL/],
  [
    'upgrades without a request for it',
    (c) => c.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'sends 100 Continue again and again',
    (c) => c.send(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)}${ok}`),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'sends a chunk whose size is no number',
    (c) => c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n'),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'floods with interim replies',
    (c) => c.send('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000)),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'sends a header section without end',
    (c) => c.send(`HTTP/1.1 200 OK\r\n${`X-Long: ${'x'.repeat(1000)}\r\n`.repeat(300)}`),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'sends a control character in a field',
    (c) => c.send('HTTP/1.1 200 OK\r\nX-A: a\u0001b\r\nContent-Length: 0\r\n\r\n'),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'states two lengths',
    (c) => c.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!'),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  [
    'states a length and a coding',
    (c) => c.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    /502.*UPSTREAM_PROTOCOL/,
  ],
  ['never answers', () => {}, /504.*UPSTREAM_TIMEOUT/, { timeouts: { headersMs: 100 } }],
  ['never ends its reply', () => {}, /504.*UPSTREAM_TIMEOUT/, { timeouts: { totalMs: 100 } }],
]
