import assert from 'node:assert/strict'
import { test } from 'node:test'
import { block, flags, frame, FrameClient, frameTypes, plainGet as get, preface } from '../support/frames.ts'
import { ask, openSecureSession, startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { startSecure } from '../support/secure.ts'

test('a connection under TLS is handed over after ALPN, and its requests say https', async () => {
  let isEncrypted: boolean | undefined
  let scheme: string | undefined
  await using started = await startSecure({ 'a.txt': 'alpha' })
  started.server.use((next) => (x) => ((isEncrypted = x.peer.encrypted), (scheme = x.target.scheme), next(x)))
  using session = openSecureSession(started)
  assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
  assert.deepEqual([isEncrypted, scheme], [true, 'https'])
  assert.equal((await ask(session, { ':path': '/a.txt', ':scheme': 'http' })).status, 400)
  const many = await Promise.all(Array.from({ length: 50 }, () => ask(session, { ':path': '/a.txt' })))
  assert.ok(many.every(({ status }) => status === 200))
})

test('a client that closes its sending side gets its reply, and then the connection ends', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { limits: { idleMs: 50 } })
  using client = await FrameClient.open(front.port)
  client.request(1, get)
  client.socket.end()
  await client.closed()
  const { data, headers } = frameTypes
  const isLast = (type: number, bits: number): boolean =>
    (type === data || type === headers) && (bits & flags.endStream) !== 0
  assert.ok(client.frames.some(({ type, flags: bits, stream }) => stream === 1 && isLast(type, bits)))
  await front.quiet()
})

test('a request that arrives together with the preface is not lost', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  using client = await RawClient.open(front.port)
  const request = frame('headers', flags.endHeaders | flags.endStream, 1, block(get))
  client.send(Buffer.concat([Buffer.from(preface), frame('settings', flags.none, 0), request]))
  await client.sees('alpha')
})
