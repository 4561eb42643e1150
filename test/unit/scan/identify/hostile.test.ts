import assert from 'node:assert/strict'
import { setInterval as every } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { identify } from '../../../../src/scan/scan.ts'
import { startBackend, type BackendSocket } from '../../../support/backend.ts'
import { processorTime } from '../../../support/processor-time.ts'

const deadlineMs = 400

/** Milliseconds that a result may come later than the deadline, on a busy machine. */
const slackMs = 1500

/** Processor time for one identification, milliseconds. Reading is bounded, so the server decides little. */
const mostProcessorMs = 1500

/** Sends the same bytes again and again, as fast as they are taken. */
async function flood({ socket }: BackendSocket, bytes: string): Promise<void> {
  // Blocks as large as the buffer of a socket: small ones would keep this process busy before the first is read.
  const block = Buffer.from(bytes.repeat(Math.ceil(65_536 / bytes.length)), 'latin1')
  while (!socket.destroyed) {
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
  }
}

async function drip({ socket }: BackendSocket, bytes: string): Promise<void> {
  for await (const _ of every(1)) {
    if (socket.destroyed) return
    socket.write(bytes)
  }
}

const chunk = `${(4096).toString(16)}\r\n${'x'.repeat(4096)}\r\n`

const servers: readonly [name: string, act: (c: BackendSocket) => unknown][] = [
  ['never answers', () => {}],
  ['closes at once', (c) => c.socket.end()],
  ['resets at once', (c) => c.socket.resetAndDestroy()],
  ['closes within the status line', (c) => c.send('HTTP/1.1 2').socket.end()],
  ['sends a head without end', (c) => flood(c, `X-Long: ${'x'.repeat(1000)}\r\n`)],
  [
    'sends an HTTP head without end',
    (c) => (c.send('HTTP/1.1 200 OK\r\n'), flood(c, `X-Long: ${'x'.repeat(1000)}\r\n`)),
  ],
  ['sends one byte at a time', (c) => drip(c, 'H')],
  ['sends one byte of a head at a time', (c) => (c.send('HTTP/1.1 200 OK\r\nServer: '), drip(c, 'x'))],
  ['sends garbage', (c) => flood(c, '\0\xff\x15\x16garbage\x1b[2J')],
  ['floods with interim replies', (c) => flood(c, 'HTTP/1.1 102 Processing\r\n\r\n')],
  [
    'sends chunks without end',
    (c) => (c.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), flood(c, chunk)),
  ],
  [
    'states an endless length',
    (c) => (c.send('HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n'), flood(c, chunk)),
  ],
  [
    'sends events without end',
    (c) => (c.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'), drip(c, 'data: x\n\n')),
  ],
  ['sends SETTINGS without end', (c) => flood(c, '\0\0\0\x04\0\0\0\0\0')],
  ['sends TLS records without end', (c) => flood(c, '\x16\x03\x03\0\x05hello')],
  [
    'names itself with escape sequences',
    (c) => c.send('HTTP/1.1 200 OK\r\nServer: nginx/1.2\x1b[2J\x9b31m\r\nContent-Length: 0\r\n\r\n'),
  ],
  ['greets with escape sequences', (c) => c.send('SSH-2.0-OpenSSH_9\x1b[2J\x9b31m\r\n')],
  ['redirects to itself', (c) => c.send('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n')],
]

describe('identify() is bounded', () => {
  for (const [name, act] of servers) {
    test(`by a server that ${name}`, async () => {
      let most = 0
      let received = 0
      await using server = await startBackend((connection) => {
        most = Math.max(most, server.open)
        connection.socket.on('data', ({ length }: Buffer) => (received += length))
        return act(connection)
      })
      const started = performance.now()
      const before = process.memoryUsage().arrayBuffers
      const used = processorTime()
      const result = await identify({ address: '127.0.0.1', port: server.port }, { deadlineMs })
      const milliseconds = processorTime() - used
      assert.ok(performance.now() - started < deadlineMs + slackMs, 'takes too long')
      assert.ok(milliseconds < mostProcessorMs, `takes ${milliseconds} ms of processor time`)
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024, 'takes too much memory')
      assert.ok(server.sockets.length <= 8, `${server.sockets.length} connections`)
      assert.ok(most <= 3, `${most} connections at a time`)
      assert.ok(received < 8192, 'sends too much')
      for (const line of result.evidence) {
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
        assert.ok(line.length <= 200)
      }
      await server.quiet()
    })
  }
})
