import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { acceptWebSocket } from '../../../src/live/handshake.ts'
import { request } from '../middleware/fixtures.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const opening = [
  'Upgrade',
  'websocket',
  'Connection',
  'Upgrade',
  'Sec-WebSocket-Version',
  '13',
  'Sec-WebSocket-Key',
  key,
]

/** Two ends of a connection; both are destroyed at the end. */
interface Ends extends AsyncDisposable {
  readonly client: Socket
  readonly server: Socket
}

async function openConnection(): Promise<Ends> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  const [server] = (await once(listener, 'connection')) as [Socket]
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.destroy()
      server.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** Hands the connection to ws, with bytes that the client sent right after its handshake. */
async function openSocket(connection: Socket, head: Buffer): Promise<WebSocket> {
  let opened: WebSocket | undefined
  const reply = await acceptWebSocket(request(opening, 'GET', '/'), (socket) => (opened = socket))
  assert.equal(reply.status, 101)
  reply.takeover?.(connection, head)
  assert.ok(opened)
  return opened
}

/** A final masked frame whose mask is zero, so that it does not change the bytes (RFC 6455 section 5.2). */
function frame(opcode: number, length: readonly number[], content = ''): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), Buffer.from(content)])
}

test('ws still has the private method that src/live/handshake.ts hands connections to', () => {
  const { setSocket } = WebSocket.prototype as { setSocket?: unknown }
  assert.ok(
    typeof setSocket === 'function' && setSocket.length === 3,
    'ws no longer has WebSocket.prototype.setSocket(socket, head, options). acceptWebSocket in src/live/handshake.ts ' +
      'needs it: adapt that file to how WebSocketServer of this version of ws makes its sockets (completeUpgrade).',
  )
})

test('ws reads what the client sent with its handshake, and leaves pings to the caller', async () => {
  await using ends = await openConnection()
  const socket = await openSocket(ends.server, frame(1, [0x82], 'hi'))
  assert.equal(socket.readyState, WebSocket.OPEN)
  const [data] = (await once(socket, 'message')) as [Buffer]
  assert.equal(data.toString(), 'hi')
  ends.client.write(frame(9, [0x80]))
  await once(socket, 'ping')
  socket.send('after the ping')
  const [first] = (await once(ends.client, 'data')) as [Buffer]
  assert.equal(first[0], 0x81, 'the first frame is the text, not a pong')
})

test('ws closes with 1009 when a message has more than 256 KiB', async () => {
  await using ends = await openConnection()
  const socket = await openSocket(ends.server, Buffer.alloc(0))
  socket.on('error', () => {})
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(262_145n)
  ends.client.write(frame(1, [0xff, ...length]))
  const [answer] = (await once(ends.client, 'data')) as [Buffer]
  assert.deepEqual([...answer], [0x88, 2, 1009 >> 8, 1009 & 255])
})
