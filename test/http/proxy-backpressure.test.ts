import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { createGate } from '../support/gate.ts'
import { transportTo } from '../support/http1.ts'
import { requestOf } from '../support/upstream.ts'

/** One byte more than the buffer: the last read pauses the upstream. */
const size = 256 * 1024 + 1

const endings: readonly { name: string; end(socket: Socket): void; error: RegExp | undefined }[] = [
  { name: 'ends', end: (socket) => socket.end(), error: undefined },
  { name: 'is reset', end: (socket) => socket.resetAndDestroy(), error: /reset/i },
]

for (const { name, end, error } of endings) {
  test(`content without a length whose connection ${name} while the client does not read affects no other request`, async () => {
    const upstream = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const { port } = upstream.address() as AddressInfo
    const timeouts = { connectMs: 0, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 0 }
    const transport = transportTo(port, { timeouts })
    const connected = once(upstream, 'connection') as Promise<[Socket]>
    try {
      const reply = await transport.send(requestOf())
      const [socket] = await connected
      const reads = createGate()
      let bytes = 0
      const body = reply.body as Exclude<typeof reply.body, Uint8Array | null>
      const pulled = body.pull(
        {
          write(chunk) {
            bytes += chunk.byteLength
            // After the connection has read in this tick, which pauses it.
            if (bytes === size) setImmediate(() => end(socket))
            return reads.opened
          },
        },
        new AbortController().signal,
      )
      const outcome = pulled.then(
        () => undefined,
        (failure: unknown) => failure,
      )
      const over = once(socket, error === undefined ? 'finish' : 'close')
      socket.write(Buffer.alloc(size))
      await over
      await new Promise((resolve) => setImmediate(resolve))
      reads.open()
      const failure = await outcome
      if (error === undefined) assert.equal(failure, undefined)
      else assert.match(String((failure as { fault?: string }).fault), error)
      assert.equal(bytes, size)
    } finally {
      await transport.close()
      upstream.close()
    }
  })
}
