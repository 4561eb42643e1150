import { ask, messagesIn, ok, reply, request, type Case } from '../observe.ts'

const get = ask('GET', '/')
const post = ask('POST', '/', ['Content-Length: 3'], 'abc')

/** What an upstream sends before it ends or resets the connection, or leaves it open. */
function sends(bytes: string, then: 'ends' | 'resets' | 'waits'): NonNullable<Case['reply']> {
  return async (connection) => {
    if (!(await request(connection))) return
    const { socket } = connection
    const finish = (): unknown =>
      then === 'ends' ? socket.end() : then === 'resets' ? socket.resetAndDestroy() : undefined
    if (bytes === '') finish()
    else socket.write(bytes, 'latin1', finish)
  }
}

const start = 'HTTP/1.1 200 OK\r\n'
const timeout: Case['options'] = [{ proxyTimeout: 100 }, { timeouts: { headersMs: 100, bodyIdleMs: 100 } }]

const upstreamFaults: readonly Case[] = [
  { name: 'an upstream that refuses', request: get, target: 'http://127.0.0.1:1' },
  { name: 'an upstream whose name is unknown', request: get, target: 'http://nowhere.invalid:80' },
  { name: 'an end without a reply', request: get, reply: sends('', 'ends') },
  { name: 'an end without a reply, POST', request: post, reply: sends('', 'ends') },
  { name: 'a reset without a reply', request: get, reply: sends('', 'resets') },
  { name: 'an end within the header section', request: get, reply: sends(`${start}X-A: 1\r\n`, 'ends') },
  {
    name: 'an end within a length',
    stalls: true,
    request: get,
    reply: sends(`${start}Content-Length: 9\r\n\r\nabc`, 'ends'),
  },
  {
    name: 'a reset within a length',
    request: get,
    reply: sends(`${start}Content-Length: 9\r\n\r\nabc`, 'waits'),
    // A reset can overtake what was sent before it.
    client: async (client, backend) => {
      await client.sees('abc')
      const connection = await backend.next()
      connection.socket.resetAndDestroy()
      await client.closed()
    },
  },
  {
    name: 'an end within chunks',
    stalls: true,
    request: get,
    reply: sends(`${start}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, 'ends'),
  },
  {
    name: 'a chunk of a reply whose size is no number',
    request: get,
    reply: sends(`${start}Transfer-Encoding: chunked\r\n\r\nx\r\n`, 'waits'),
  },
  {
    name: 'two lengths in a reply',
    request: get,
    reply: sends(`${start}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`, 'ends'),
  },
  {
    name: 'a length and chunks in a reply',
    request: get,
    reply: sends(`${start}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`, 'ends'),
  },
  {
    name: 'another transfer coding in a reply',
    stalls: true,
    request: get,
    reply: sends(`${start}Transfer-Encoding: gzip\r\n\r\nabc`, 'ends'),
  },
  { name: 'no HTTP', request: get, reply: sends('SSH-2.0-OpenSSH_9.6\r\n', 'waits') },
  { name: 'status 999', request: get, reply: sends('HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n', 'waits') },
  { name: 'status 099', request: get, reply: sends('HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n', 'waits') },
  {
    name: 'a control character in a reply field',
    request: get,
    reply: sends(`${start}X-A: a\u0001b\r\nContent-Length: 0\r\n\r\n`, 'waits'),
  },
  {
    name: 'a bare line feed in a reply field',
    request: get,
    reply: sends(`${start}X-A: a\nX-B: b\r\nContent-Length: 0\r\n\r\n`, 'waits'),
  },
  {
    name: 'a header section of 40,000 bytes',
    request: get,
    reply: sends(`${start}X-A: ${'a'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`, 'waits'),
  },
  {
    name: '101 that the client did not ask for',
    stalls: true,
    request: get,
    reply: sends('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', 'waits'),
  },
  {
    name: 'bytes behind a reply',
    request: get,
    reply: sends(`${start}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond`, 'waits'),
  },
  { name: 'no reply in time', request: get, reply: sends('', 'waits'), options: timeout },
  {
    name: 'no further content in time',
    stalls: true,
    request: get,
    reply: sends(`${start}Content-Length: 9\r\n\r\nabc`, 'waits'),
    options: timeout,
  },
]

const clientFaults: readonly Case[] = [
  {
    name: 'a client that leaves before the reply',
    stalls: true,
    request: get,
    reply: () => {},
    client: async (client, backend) => {
      const connection = await backend.next()
      await connection.sees('\r\n\r\n')
      client.end()
      await connection.closed()
    },
  },
  {
    name: 'a client that leaves within the reply',
    stalls: true,
    request: get,
    reply: sends(`${start}Content-Length: 9\r\n\r\nabc`, 'waits'),
    client: async (client, backend) => {
      await client.sees('abc')
      client.end()
      await (await backend.next()).closed()
    },
  },
  {
    name: 'a client that leaves within a length',
    request: ask('POST', '/', ['Content-Length: 9'], 'abc'),
    reply: () => {},
    client: async (client, backend) => {
      const connection = await backend.next()
      await connection.sees('abc')
      client.end()
      await connection.closed()
    },
  },
  {
    name: 'a client that leaves within chunks',
    request: ask('POST', '/', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'),
    reply: () => {},
    client: async (client, backend) => {
      const connection = await backend.next()
      await connection.sees('abc')
      client.end()
      await connection.closed()
    },
  },
  {
    name: 'a client that ends its half while it waits',
    stalls: true,
    request: get,
    reply: () => {},
    client: async (client, backend) => {
      const connection = await backend.next()
      await connection.sees('\r\n\r\n')
      client.socket.end()
      await connection.closed()
    },
  },
  {
    name: 'an early 413 whose connection closes',
    request: ask('POST', '/', ['Content-Length: 1000000'], 'abc'),
    reply: async (connection) => {
      await connection.sees('abc')
      connection.send(reply(413, 'too large', 'Connection: close')).socket.end()
    },
  },
  {
    name: 'a client that waits for 100 Continue',
    request: ask('POST', '/', ['Expect: 100-continue', 'Content-Length: 3']),
    client: async (client) => {
      await client.sees('100 Continue\r\n\r\n')
      client.send('abc')
      await client.sees('ok')
    },
  },
  {
    name: 'an upstream that refuses content with Expect',
    request: ask('POST', '/', ['Expect: 100-continue', 'Content-Length: 3']),
    reply: (connection) => connection.sees('\r\n\r\n').then(() => connection.send(reply(401, 'no'))),
    client: async (client) => {
      await client.sees('HTTP/1.1 ')
      client.send('abc')
      await client.sees('no')
    },
  },
  {
    name: 'content that is echoed while it arrives',
    request: ask('POST', '/', ['Transfer-Encoding: chunked'], '3\r\none\r\n'),
    reply: async (connection) => {
      await connection.sees('one')
      connection.send(`${start}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n`)
      await connection.sees('two')
      connection.send('3\r\ntwo\r\n0\r\n\r\n')
    },
    client: async (client) => {
      await client.sees('one')
      client.send('3\r\ntwo\r\n0\r\n\r\n')
      await client.sees('0\r\n\r\n')
    },
  },
  {
    name: 'a second request behind a reply whose upstream closes',
    request: ask('GET', '/1'),
    reply: async (connection) => {
      if (await request(connection)) connection.send(reply(200, 'first', 'Connection: close')).socket.end()
    },
    client: async (client) => {
      await client.sees('first')
      if (!client.hasEnded) client.send(ask('GET', '/2', ['Connection: close']))
      await client.closed()
    },
  },
  {
    name: 'two requests at once',
    request: ask('GET', '/1') + ask('GET', '/2', ['Connection: close']),
    reply: async (connection) => {
      const whole = (): number => messagesIn(connection.text, false).filter(({ isComplete }) => isComplete).length
      for (let answered = 0; await connection.until(() => whole() > answered); answered++) connection.send(ok('ok'))
    },
    client: (client) => client.closed(),
  },
]

/** What goes wrong. */
export const faultCases: readonly Case[] = [...upstreamFaults, ...clientFaults]
