import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { UpstreamError } from '../../src/proxy/upstream/upstream-error.ts'
import { hostileResponse } from '../support/hostile-response.ts'
import { contentOf, eachRequest, ok, transportTo } from '../support/http1.ts'
import { RawUpstream, requestOf } from '../support/upstream.ts'

const seconds = Number(process.env['SERVE8008_TEST_FUZZ_SECONDS'] ?? 5)
const seed = Number(process.env['SERVE8008_TEST_FUZZ_SEED'] ?? Date.now() % 2 ** 31)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('no response, however malformed, changes the response to the next request', async (t) => {
  let played = ''
  const answer = async (socket: Socket, line: string): Promise<void> => {
    if (!line.includes('/first')) return void socket.write(ok('second'))
    // In one packet: what comes after the next request was sent answers that one, in HTTP/1.1.
    socket.write(Buffer.from(played, 'latin1'))
    // An incomplete response would never end.
    for (let turns = 0; turns < 5; turns++) await turn()
    socket.end()
  }
  await using upstream = await RawUpstream.open((socket) => eachRequest(socket, (line) => void answer(socket, line)))
  await using transport = transportTo(upstream.port, { most: 1 })
  let answered = 0
  const property = fc.asyncProperty(hostileResponse, fc.boolean(), async ({ method, text }, isQueued) => {
    played = text
    const first = transport.send(requestOf({ method, path: '/first' })).then(contentOf)
    const outcome = first.then(
      () => void answered++,
      (error: unknown) => assert.ok(error instanceof UpstreamError, String(error)),
    )
    if (!isQueued) await outcome
    assert.equal(await contentOf(await transport.send(requestOf({ path: '/second' }))), 'second')
    await outcome
    for (const socket of upstream.sockets.splice(0, upstream.sockets.length - 1)) socket.destroy()
  })
  await fc.assert(property, {
    seed,
    numRuns: 1e9,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
    includeErrorInReport: true,
  })
  t.diagnostic(`seed ${seed}: ${answered} first requests were answered`)
})
