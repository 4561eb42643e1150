import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../../src/config/options/limits.ts'
import { startBackend, type Backend } from '../support/backend.ts'
import { startFront, type Front } from '../support/proxy.ts'
import { RawClient, type RawReply } from '../support/raw.ts'
import { upstreamAt } from '../support/upstream.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An upstream that answers requests for `/fast` and lets the others hang. */
function startHanging(): Promise<Backend> {
  return startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      if ((await connection.head()).includes(' /fast ')) connection.send(ok)
    }
  })
}

const start = (backend: Backend, limits: Partial<Limits>): Promise<Front> =>
  startFront(backend.port, { trust: ['127.0.0.1'], limits: { upstreamShare: 75, ...limits } })

/** A request and the reply that it gets. */
interface Asked extends Disposable {
  readonly reply: Promise<RawReply>
  end(): void
}

/** Sends a request for the client with this address. */
async function ask({ port, hostLine }: Front, path: string, client: string): Promise<Asked> {
  const raw = await RawClient.open(port)
  raw.send(`GET ${path} HTTP/1.1\r\n${hostLine}\r\nX-Forwarded-For: ${client}\r\n\r\n`)
  const reply = raw.reply()
  // Some are never answered.
  reply.catch(() => {})
  const end = (): void => raw.end()
  return { reply, end, [Symbol.dispose]: end }
}

/** Sends hanging requests for one client, until its connections to the upstream have this number. */
async function hog(front: Front, backend: Backend, requests: number, connections: number): Promise<Asked[]> {
  const clients = await Promise.all(Array.from({ length: requests }, () => ask(front, '/hang', '192.0.2.1')))
  for (let seen = 0; seen < connections; seen++) await (await backend.next()).sees('\r\n\r\n')
  return clients
}

test('serves another client while the requests of one hang and wait', async () => {
  await using backend = await startHanging()
  await using front = await start(backend, { upstreamConnections: 8 })
  const clients = await hog(front, backend, 20, 6)
  const since = performance.now()
  for (const address of ['192.0.2.2', '2001:db8::2', '198.51.100.7']) {
    using other = await ask(front, '/fast', address)
    assert.equal((await other.reply).status, 200)
  }
  assert.ok(performance.now() - since < 1000)
  assert.ok(backend.sockets.length <= 8)
  for (const client of clients) client.end()
  await backend.quiet()
})

test('takes the addresses of one network of IPv6 as one client', async () => {
  await using backend = await startHanging()
  await using front = await start(backend, { upstreamConnections: 8, queuedRequests: 0 })
  const asked = Array.from({ length: 8 }, (_, i) => ask(front, '/hang', `2001:db8:1:2::${i + 1}`))
  const clients = await Promise.all(asked)
  assert.equal((await firstAnswered(clients)).reply.status, 503)
  for (let seen = 0; seen < 6; seen++) await backend.next()
  using other = await ask(front, '/fast', '2001:db8:1:3::1')
  assert.equal((await other.reply).status, 200)
  for (const client of clients) client.end()
})

/** The first of these requests that is answered, with its reply, and the others, which wait. */
async function firstAnswered(asked: readonly Asked[]): Promise<{ reply: RawReply; waiting: Asked[] }> {
  const [reply, first] = await Promise.race(asked.map(async (each) => [await each.reply, each] as const))
  return { reply, waiting: asked.filter((each) => each !== first) }
}

test('answers 503 above queuedRequests, to the client with the most that wait', async () => {
  await using backend = await startHanging()
  await using front = await start(backend, { upstreamConnections: 1, queuedRequests: 2 })
  const [holder] = await hog(front, backend, 1, 1)
  const record = front.ended()
  const asked = await Promise.all(Array.from({ length: 3 }, () => ask(front, '/hang', '192.0.2.1')))
  const { reply, waiting } = await firstAnswered(asked)
  assert.deepEqual([reply.status, reply.field('retry-after')], [503, '1'])
  assert.match(reply.body.toString(), /E8008_UPSTREAM_BUSY/)
  const { refusal, reason, upstream } = await record
  assert.deepEqual([refusal, reason, upstream], ['E8008_UPSTREAM_BUSY', 'queue full', `127.0.0.1:${backend.port}`])
  // Another client takes the place of one of the two.
  using other = await ask(front, '/fast', '192.0.2.2')
  const dropped = await firstAnswered(waiting)
  assert.equal(dropped.reply.status, 503)
  for (const client of [holder, ...dropped.waiting]) client?.end()
  assert.equal((await other.reply).status, 200)
})

test('answers 503 to a request that waits longer than queueMs', async () => {
  await using backend = await startHanging()
  await using front = await start(backend, { upstreamConnections: 1, queueMs: 100 })
  const [holder] = await hog(front, backend, 1, 1)
  const record = front.ended()
  using late = await ask(front, '/fast', '192.0.2.2')
  const { status, body, field } = await late.reply
  assert.deepEqual([status, field('retry-after')], [503, '1'])
  assert.match(body.toString(), /No connection to .* became free in time/)
  assert.equal((await record).reason, 'waited too long')
  assert.equal(backend.sockets.length, 1)
  holder?.end()
})

test('a client that leaves while it waits leaves the queue', async () => {
  await using backend = await startHanging()
  await using front = await start(backend, { upstreamConnections: 1, queuedRequests: 1 })
  const [holder] = await hog(front, backend, 1, 1)
  for (let round = 0; round < 3; round++) {
    // The one that is refused shows that the other waits.
    const asked = await Promise.all([ask(front, '/hang', '192.0.2.2'), ask(front, '/hang', '192.0.2.2')])
    const { reply, waiting } = await firstAnswered(asked)
    assert.equal(reply.status, 503)
    const record = front.ended()
    waiting[0]?.end()
    assert.equal((await record).status, 499)
  }
  using last = await ask(front, '/fast', '192.0.2.8')
  holder?.end()
  assert.equal((await last.reply).status, 200)
  assert.equal(backend.sockets.length, 2)
})

test('a full upstream does not count as failing, and another one takes the request', async () => {
  await using full = await startHanging()
  await using free = await startHanging()
  const upstreams = [full, free].map(({ port }) => upstreamAt(port))
  await using front = await startFront(full.port, {
    upstreams,
    limits: { upstreamConnections: 1, queuedRequests: 0 },
  })
  const holder = await ask(front, '/hang', '192.0.2.1')
  await Promise.race([full.next(), free.next()])
  for (let i = 0; i < 4; i++) {
    using other = await ask(front, '/fast', '192.0.2.2')
    assert.equal((await other.reply).status, 200)
  }
  holder.end()
})
