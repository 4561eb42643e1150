import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { block, flags, frame, FrameClient, frameTypes, uint32 } from '../support/frames.ts'
import { ask, openSession, startHttp2, type Http2Front } from '../support/http2.ts'

const megabyte = 1024 * 1024
const calm = 11

const get = block([
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/a.txt'],
])
const post = block([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/slow'],
])

function start(): Promise<Http2Front> {
  // Requests below /slow are never answered.
  return startHttp2(
    { 'a.txt': 'alpha', 'big.bin': Buffer.alloc(2 * megabyte) },
    { layers: [(next) => (x) => (x.target.path === '/slow' ? new Promise(() => {}) : next(x))] },
  )
}

/** Sends a flood on a new connection, and waits for its end. Returns the code of the GOAWAY. */
async function flood(front: Http2Front, pieces: Iterable<Uint8Array>, first?: Uint8Array): Promise<number | undefined> {
  using client = await FrameClient.open(front.port)
  if (first !== undefined) client.send(first)
  for (const piece of pieces) {
    if (client.ended) break
    client.send(piece)
    if (client.socket.writableNeedDrain) await drained(client)
  }
  return await client.closed()
}

function drained({ socket }: FrameClient): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve).once('close', resolve)
  })
}

async function assertServes(front: Http2Front): Promise<void> {
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
}

function* streams(count: number, make: (stream: number) => Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield make(2 * i + 1)
}

function* repeated(count: number, piece: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield piece
}

const ends = flags.endHeaders | flags.endStream

for (const [name, make] of [
  ['at once', (stream: number) => Buffer.concat([frame('headers', ends, stream, get), reset(stream)])],
  ['with content', (stream: number) => Buffer.concat([frame('headers', 4, stream, post), reset(stream)])],
  [
    // CVE-2025-8671: the client makes the server reset them.
    'by way of a window of 0',
    (stream: number) =>
      Buffer.concat([frame('headers', flags.endHeaders, stream, post), frame('window', 0, stream, uint32(0))]),
  ],
] as const) {
  test(`disconnects a client that resets 10,000 requests ${name}, and serves others`, async () => {
    await using front = await start()
    await assertServes(front)
    const before = process.memoryUsage().rss
    const handled = front.records.length
    const code = await flood(front, streams(10_000, make))
    assert.notEqual(code, 0)
    assert.ok(front.records.length - handled < 3000, `${front.records.length - handled} were worked on`)
    await assertServes(front)
    const grown = (process.memoryUsage().rss - before) / megabyte
    assert.ok(grown < 150, `${grown} MB more`)
  })
}

function reset(stream: number): Buffer {
  return frame('reset', 0, stream, uint32(8))
}

test('answers few requests that are reset within the same read', async () => {
  await using front = await start()
  await assertServes(front)
  const before = front.records.length
  using client = await FrameClient.open(front.port)
  const broken = [...streams(100, (stream) => Buffer.concat([frame('headers', ends, stream, get), reset(stream)]))]
  client.socket.write(Buffer.concat([...broken, frame('headers', ends, 201, get)]))
  assert.equal(await client.outcome(201), undefined)
  const worked = front.records.length - before
  assert.ok(worked < 30, `${worked} of 101 were worked on`)
})

test('reads the trailers of each of 40 requests in one read', async () => {
  const seen: unknown[] = []
  await using front = await startHttp2(
    {},
    {
      layers: [
        (next) => async (x) => {
          for await (const _ of x.body.stream());
          seen.push(x.body.trailers)
          return await next(x)
        },
      ],
    },
  )
  using client = await FrameClient.open(front.port)
  const requests = streams(40, (stream) =>
    Buffer.concat([
      frame('headers', flags.endHeaders, stream, post),
      frame('data', 0, stream, Buffer.from('x')),
      frame('headers', ends, stream, block([['x-end', String(stream)]])),
    ]),
  )
  client.socket.write(Buffer.concat([...requests]))
  for (let i = 0; i < 40; i++) assert.equal(await client.outcome(2 * i + 1), undefined)
  const expected = Array.from({ length: 40 }, (_, i) => ['x-end', String(2 * i + 1)])
  assert.deepEqual(new Set(seen.map(String)), new Set(expected.map(String)))
})

test('answers all of 100 requests in one read', async () => {
  await using front = await start()
  using client = await FrameClient.open(front.port)
  client.socket.write(Buffer.concat([...streams(100, (stream) => frame('headers', ends, stream, get))]))
  for (let i = 0; i < 100; i++) assert.equal(await client.outcome(2 * i + 1), undefined)
})

test('does not count resets by the server against the client', async () => {
  const broken = { pull: () => Promise.reject(new Error('broken')), cancel: () => {} }
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    { layers: [(next) => (x) => (x.target.path === '/broken' ? { status: 200, headers: [], body: broken } : next(x))] },
  )
  using session = openSession(front.port)
  for (let round = 0; round < 8; round++) {
    const replies = Array.from({ length: 80 }, () => ask(session, { ':path': '/broken' }))
    // Some versions of Node drop a header section that the reset overtook.
    for (const { status } of await Promise.allSettled(replies)) assert.ok(status)
  }
  assert.equal((await ask(session, { ':path': '/a.txt' })).status, 200)
})

test('does not take repeated reloads of a page for a flood', async () => {
  await using front = await start()
  using client = await FrameClient.open(front.port)
  let stream = 1
  for (let load = 0; load < 4; load++) {
    for (let i = 0; i < 100; i++, stream += 2)
      client.send(frame('headers', flags.endHeaders, stream, post), reset(stream))
    client.send(frame('headers', ends, stream, get))
    assert.equal(await client.outcome(stream), undefined)
    stream += 2
  }
})

for (const [name, piece, code] of [
  ['PING', frame('ping', 0, 0, Buffer.alloc(8)), calm],
  ['SETTINGS', frame('settings', 0, 0), calm],
  ['SETTINGS that change the window', frame('settings', 0, 0, Buffer.of(0, 4, 0, 1, 0, 0)), calm],
  ['empty DATA', frame('data', 0, 1), undefined],
  ['CONTINUATION without end', frame('continuation', 0, 1, block([['x-a', 'x'.repeat(1000)]])), undefined],
  ['empty CONTINUATION', frame('continuation', 0, 1), undefined],
] as const) {
  test(`closes the connection after a flood of ${name}`, async () => {
    await using front = await start()
    await assertServes(front)
    const before = process.memoryUsage().rss
    const isOnStream = piece[3] === frameTypes.data || piece[3] === frameTypes.continuation
    const opening = frame('headers', piece[3] === frameTypes.data ? flags.endHeaders : 0, 1, post)
    const given = await flood(front, repeated(20_000, piece), isOnStream ? opening : undefined)
    if (code !== undefined) assert.equal(given, code)
    await assertServes(front)
    const grown = (process.memoryUsage().rss - before) / megabyte
    assert.ok(grown < 150, `${grown} MB more`)
  })
}

test('refuses streams above the limit, which the client may retry', async () => {
  await using front = await start()
  using client = await FrameClient.open(front.port)
  for (let i = 0; i < 101; i++) client.send(frame('headers', flags.endHeaders, 2 * i + 1, post))
  assert.equal(await client.outcome(201), 7)
})

test('uses little memory for 100 replies with closed windows', async () => {
  await using front = await start()
  await assertServes(front)
  const before = process.memoryUsage().rss
  // SETTINGS_INITIAL_WINDOW_SIZE 0.
  using client = await FrameClient.open(front.port, [[4, 0]])
  const big = block([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', '/big.bin'],
  ])
  for (let i = 0; i < 100; i++) client.send(frame('headers', ends, 2 * i + 1, big))
  await client.frame(({ type, stream }) => type === frameTypes.headers && stream === 199)
  await assertServes(front)
  const grown = (process.memoryUsage().rss - before) / megabyte
  assert.ok(grown < 150, `${grown} MB more`)
})

test('closes a connection without the HTTP/2 preface', async () => {
  await using front = await start()
  const socket = connect(front.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
  await front.quiet()
  await assertServes(front)
})
