import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startFront } from '../support/proxy.ts'
import { RawClient } from '../support/raw.ts'

for (const [when, headers] of [
  ['waits', undefined],
  ['reads', { ':status': 200 }],
] as const) {
  test(`an HTTP/1.1 client that disconnects while it ${when} ends the stream of an HTTP/2 upstream at once`, async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using front = await startFront(port, { upstream: { protocol: 'h2c:' } })
    try {
      using client = await RawClient.open(front.port)
      const asked = once(server, 'stream')
      client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      const [stream] = (await asked) as [ServerHttp2Stream]
      if (headers !== undefined) {
        stream.respond(headers)
        stream.write('some')
        await client.sees('some')
      }
      const before = performance.now()
      const closed = once(stream, 'close')
      // The client ends an idle connection without a reset.
      client.end()
      await closed
      // A client that only half-closes its connection gets ten seconds.
      assert.ok(performance.now() - before < 5000)
    } finally {
      server.close()
    }
  })
}
