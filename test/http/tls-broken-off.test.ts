import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { startSecure } from '../support/secure.ts'

const hello = Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0])

for (const [when, pause] of [
  ['at once', 0],
  ['later', 100],
] as const) {
  test(`a handshake that the client ends ${when} is over, long before it would be too slow`, async () => {
    await using started = await startSecure({ 'a.txt': 'x' }, { limits: { headerMs: 60_000, requestMs: 60_000 } })
    for (const bytes of [hello, hello.subarray(0, 1), Buffer.alloc(0)]) {
      using client = await RawClient.open(started.tlsPort)
      if (bytes.length > 0) client.socket.write(bytes)
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      const before = performance.now()
      client.socket.end()
      client.socket.resume()
      await once(client.socket, 'close')
      assert.ok(performance.now() - before < 5000)
    }
  })
}
