import type { BackendSocket } from '../../../support/backend.ts'
import { answer, ask, ok, reply, type Case } from '../observe.ts'

const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
const webSocket = ['Connection: Upgrade', 'Upgrade: websocket', ...key]
const accepted = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
]
const head = (...lines: readonly string[]): string => [...accepted, ...lines, '', ''].join('\r\n')

/** Accepts, and sends bytes behind the header section. */
const accepts =
  (bytes: string, ...lines: readonly string[]) =>
  async (connection: BackendSocket): Promise<void> => {
    if (await connection.sees('\r\n\r\n')) connection.send(head(...lines) + bytes)
  }

/** A whole head is enough: an upgrade has no content. */
const answers =
  (bytes: string) =>
  async (connection: BackendSocket): Promise<void> => {
    if (await connection.sees('\r\n\r\n')) answer(connection, bytes)
  }

/** Upgrades and tunnels. */
export const upgradeCases: readonly Case[] = [
  {
    name: 'a WebSocket',
    request: ask('GET', '/ws?room=1', webSocket),
    reply: accepts('hello'),
    client: async (client, backend) => {
      await client.sees('hello')
      client.send('from the client')
      await (await backend.next()).sees('from the client')
    },
  },
  {
    name: 'bytes of a tunnel behind the request',
    request: ask('GET', '/ws', webSocket, 'early bytes'),
    reply: accepts('hello'),
    client: async (client, backend) => {
      await client.sees('hello')
      await (await backend.next()).sees('early bytes')
    },
  },
  {
    name: 'a subprotocol and an extension',
    request: ask('GET', '/ws', [
      ...webSocket,
      'Sec-WebSocket-Protocol: a, b',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ]),
    reply: accepts(
      'hello',
      'Sec-WebSocket-Protocol: b',
      'Sec-WebSocket-Extensions: permessage-deflate',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
    ),
    client: (client) => client.sees('hello'),
  },
  {
    name: 'Connection: keep-alive, Upgrade',
    request: ask('GET', '/ws', [
      'Connection: keep-alive, Upgrade',
      ...webSocket.slice(1),
      'Cookie: a=1',
      'Origin: http://PROXY',
    ]),
    reply: accepts('hello'),
    client: (client) => client.sees('hello'),
  },
  {
    name: 'a WebSocket whose client ends first',
    request: ask('GET', '/ws', webSocket),
    reply: accepts('hello'),
    client: async (client, backend) => {
      await client.sees('hello')
      client.socket.end()
      await (await backend.next()).closed()
    },
  },
  {
    name: 'a WebSocket whose client resets',
    request: ask('GET', '/ws', webSocket),
    reply: accepts('hello'),
    client: async (client, backend) => {
      await client.sees('hello')
      client.socket.resetAndDestroy()
      await (await backend.next()).closed()
    },
  },
  {
    name: 'a WebSocket whose upstream ends first',
    request: ask('GET', '/ws', webSocket),
    reply: async (connection) => {
      await accepts('bye')(connection)
      connection.socket.end()
    },
    client: (client) => client.closed(),
  },
  {
    name: 'a WebSocket whose upstream resets',
    request: ask('GET', '/ws', webSocket),
    reply: async (connection) => {
      await accepts('hello')(connection)
      if (await connection.sees('now')) connection.socket.resetAndDestroy()
    },
    client: async (client) => {
      await client.sees('hello')
      client.send('now')
      await client.closed()
    },
  },
  {
    name: 'an upstream that answers after its client ended its half',
    request: ask('GET', '/x', webSocket),
    reply: async (connection) => {
      await accepts('hello')(connection)
      connection.socket.once('end', () => connection.send('late'))
    },
    client: async (client) => {
      await client.sees('hello')
      client.send('question')
      client.socket.end()
      await client.closed()
    },
  },
  {
    name: 'a client that answers after its upstream ended its half',
    request: ask('GET', '/x', webSocket),
    reply: async (connection) => {
      await accepts('bye')(connection)
      connection.socket.end()
    },
    client: async (client, backend) => {
      await client.closed()
      client.send('late').socket.end()
      await (await backend.next()).closed()
    },
  },
  {
    name: 'an upgrade with content',
    request: ask('POST', '/x', ['Connection: Upgrade', 'Upgrade: echo', 'Content-Length: 3'], 'abc'),
    reply: answers('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'),
    client: (client) => client.until(() => client.received.includes('hello')),
  },
  {
    name: 'two protocols',
    request: ask('GET', '/x', ['Connection: Upgrade', 'Upgrade: websocket, echo', ...key]),
    reply: accepts('hello'),
    client: (client) => client.until(() => client.received.includes('hello')),
  },
  {
    name: 'a WebSocket of HTTP/1.0',
    request: ask('GET', '/x', webSocket).replace('HTTP/1.1', 'HTTP/1.0'),
    reply: answers(ok('a', 'Connection: close')),
  },
  {
    name: 'a WebSocket that the upstream refuses',
    request: ask('GET', '/ws', webSocket),
    reply: answers(reply(403, 'no', 'Connection: close')),
  },
  {
    name: 'a WebSocket that the upstream redirects',
    request: ask('GET', '/ws', webSocket),
    reply: answers(reply(307, '', 'Location: http://BACKEND/b', 'Connection: close')),
  },
  {
    name: 'a WebSocket that gets 200',
    request: ask('GET', '/ws', webSocket),
    reply: answers(ok('page', 'Connection: close')),
  },
  {
    name: 'a WebSocket that is refused in chunks',
    request: ask('GET', '/ws', webSocket),
    reply: answers('HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'),
  },
  {
    name: 'a WebSocket with a wrong answer to its key',
    request: ask('GET', '/ws', webSocket),
    reply: answers(head().replace('s3pP', 'AAAA')),
    client: (client) => client.until(() => client.received.length > 0),
  },
  {
    name: 'a WebSocket to an upstream that refuses connections',
    request: ask('GET', '/ws', webSocket),
    target: 'http://127.0.0.1:1',
    options: [{}, { hold: 0 }],
  },
  {
    name: 'a WebSocket to an upstream that ends',
    request: ask('GET', '/ws', webSocket),
    reply: (connection) => connection.sees('\r\n\r\n').then(() => connection.socket.end()),
    options: [{}, { hold: 0 }],
  },
  {
    name: 'a WebSocket by POST',
    request: ask('POST', '/ws', [...webSocket, 'Content-Length: 0']),
    reply: answers(ok('a')),
  },
  {
    name: 'a WebSocket without a key',
    request: ask('GET', '/ws', ['Connection: Upgrade', 'Upgrade: websocket']),
    reply: answers(reply(400, 'key?', 'Connection: close')),
  },
  {
    name: 'another protocol',
    request: ask('GET', '/x', ['Connection: Upgrade', 'Upgrade: echo']),
    reply: answers('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'),
    client: (client) => client.until(() => client.received.includes('hello')),
  },
  {
    name: 'h2c',
    request: ask('GET', '/', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']),
    reply: answers(ok('a')),
  },
  {
    name: 'Upgrade that Connection does not name',
    request: ask('GET', '/', ['Upgrade: websocket', ...key]),
    reply: answers(ok('a')),
  },
]
