import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { AccessRecord, ServeOptions } from '../../src/index.ts'
import { startBackend, type Backend } from '../support/backend.ts'
import { frame, FrameClient, frameTypes, uint32 } from '../support/frames.ts'
import { startHttp2, type Http2Front } from '../support/http2.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const megabyte = 2 ** 20
/** More than fits into the buffers of the system. */
const large = 32 * megabyte

/** A backend that sends content without end, at the pace of its reader. */
function endless(): Promise<Backend> {
  return startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')])
    const { socket } = connection
    while (!socket.destroyed) await new Promise((resolve) => socket.write(chunk, () => setImmediate(resolve)))
  })
}

/** A server whose large replies come from a file, from memory and from a backend. */
async function startLarge(options: ServeOptions): Promise<AsyncDisposable & { started: Started; backend: Backend }> {
  const backend = await endless()
  const proxy = { '/api': `http://127.0.0.1:${backend.port}` }
  const started = await startServer(
    { 'large.bin': Buffer.alloc(large), 'middle.bin': Buffer.alloc(2 * megabyte) },
    { proxy, ...options },
  )
  started.server.use((next) => (x) => {
    if (x.target.path !== '/memory') return next(x)
    return { status: 200, headers: [], body: Buffer.alloc(large) }
  })
  return {
    started,
    backend,
    [Symbol.asyncDispose]: async () => {
      await started[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    },
  }
}

/** Sends a request, and reads nothing of the reply. */
async function askUnread(port: number, path: string): Promise<RawClient> {
  const client = await RawClient.open(port)
  client.socket.pause()
  return client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
}

/** Waits for the close of a connection, with an error or without. */
function closed({ socket }: RawClient): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

for (const path of ['/large.bin', '/memory', '/api']) {
  test(`closes the connection of a client that reads nothing of ${path} after writeMs, whatever it sends`, async () => {
    const writeMs = 800
    await using run = await startLarge({ limits: { writeMs } })
    const { started, backend } = run
    const since = performance.now()
    using client = await askUnread(started.port, path)
    // Bytes of another request are no progress of this reply.
    const trickle = setInterval(() => client.socket.write('X'), 50)
    await closed(client)
    clearInterval(trickle)
    const ms = performance.now() - since
    assert.ok(ms >= writeMs && ms < 2.5 * writeMs, `cut after ${ms} ms`)
    if (path === '/api') await backend.quiet()
  })
}

test('ends a source that always has content with its client, and serves others', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { limits: { writeMs: 200 } })
  const chunk = Buffer.alloc(megabyte)
  // A gigabyte would have been written to a connection that is gone.
  let left = 1024
  started.server.use((next) => (x) => {
    if (x.target.path !== '/endless') return next(x)
    return {
      status: 200,
      headers: [],
      body: {
        async pull(sink, signal) {
          while (!signal.aborted && left-- > 0) await sink.write(chunk)
        },
        cancel() {},
      },
    }
  })
  const ended = new Promise<AccessRecord>((resolve) => started.server.on('reply', resolve))
  const client = await RawClient.open(started.port)
  client.socket.pause()
  client.send(`GET /endless HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  assert.equal((await ended).aborted, true)
  client.socket.destroy()
  assert.ok(left > 0)
  assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
})

test('keeps the connection of a client that reads slowly', async () => {
  await using run = await startLarge({ limits: { writeMs: 1000 } })
  using client = await askUnread(run.started.port, '/large.bin')
  const { socket } = client
  let bytes = 0
  socket.removeAllListeners('data')
  for (const since = performance.now(); performance.now() - since < 3000;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    bytes += (socket.read(128 * 1024) as Buffer | null)?.length ?? 0
    assert.equal(socket.destroyed, false)
  }
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length
    if (bytes > large) break
  }
  assert.ok(bytes > large)
})

test('keeps an event stream that is quiet for longer than writeMs', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
  })
  const limits = { writeMs: 100 }
  const proxy = { '/events': `http://127.0.0.1:${backend.port}` }
  await using started = await startServer({}, { limits, proxy })
  using client = await RawClient.open(started.port)
  client.send('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await client.sees('data: 1')
  await using front = await startHttp2({}, { limits, proxy })
  using http2 = await FrameClient.open(front.port)
  http2.request(1, request('/events'))
  await http2.frame(({ type }) => type === frameTypes.data)
  await new Promise((resolve) => setTimeout(resolve, 500))
  for (const each of backend.sockets) each.send('data: 2\n\n')
  await client.sees('data: 2')
  await http2.frame(({ type, payload }) => type === frameTypes.data && payload.includes('data: 2'))
})

for (const [name, limits] of [
  ['waitingReplies', { waitingReplies: 2 }],
  ['waitingBytes', { waitingBytes: 600_000 }],
] as const) {
  test(`closes the connection without progress for longest above ${name}, and serves a client that reads`, async () => {
    await using run = await startLarge({ limits })
    const { started } = run
    const cut = new Promise<AccessRecord>((resolve) => started.server.on('reply', resolve))
    using first = await askUnread(started.port, '/large.bin')
    using second = await askUnread(started.port, '/api')
    using third = await askUnread(started.port, '/large.bin')
    // The system decides which of them stops first.
    assert.equal((await cut).aborted, true)
    using reader = await RawClient.open(started.port)
    reader.send('GET /middle.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await reader.reply()).body.length, 2 * megabyte)
    for (const client of [first, second, third]) client.end()
    await run.backend.quiet()
  })
}

const request = (path: string) =>
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', path],
  ] as const

/** Opens a session with windows of 0, and sends a number of requests. */
async function askWithoutWindow(front: Http2Front, path: string, count: number): Promise<FrameClient> {
  const client = await FrameClient.open(front.port, [[4, 0]])
  for (let i = 0; i < count; i++) client.request(2 * i + 1, request(path))
  return client
}

test('closes files of streams without a window meanwhile, and sends them complete once there is one', async () => {
  const content = randomBytes(700_000)
  await using front = await startHttp2({ 'a.bin': content }, { limits: { openFiles: 32 } })
  await utimes(front.folder.join('a.bin'), 1, 1)
  const count = 60
  using client = await askWithoutWindow(front, '/a.bin', count)
  for (let i = 0; i < count; i++)
    await client.frame(({ type, stream }) => type === frameTypes.headers && stream === 2 * i + 1)
  client.send(frame('window', 0, 0, uint32(2 ** 30)), frame('settings', 0, 0, Buffer.of(0, 4, ...uint32(2 ** 24))))
  for (let i = 0; i < count; i++) assert.equal(await client.outcome(2 * i + 1), undefined)
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  for (let i = 0; i < count; i++) {
    const pieces = client.frames.filter(({ type, stream }) => type === frameTypes.data && stream === 2 * i + 1)
    assert.equal(hash(Buffer.concat(pieces.map(({ payload }) => payload))), hash(content))
  }
})

test('fails the reply of a file that was replaced while it was closed, and never mixes two versions', async () => {
  await using front = await startHttp2({ 'a.bin': Buffer.alloc(700_000, 'a') }, { limits: { openFiles: 32 } })
  await utimes(front.folder.join('a.bin'), 1, 1)
  using client = await askWithoutWindow(front, '/a.bin', 60)
  await client.frame(({ type, stream }) => type === frameTypes.headers && stream === 119)
  await writeFile(front.folder.join('a.bin'), Buffer.alloc(700_000, 'b'))
  client.send(frame('window', 0, 0, uint32(2 ** 30)), frame('settings', 0, 0, Buffer.of(0, 4, ...uint32(2 ** 24))))
  const outcomes = new Set<number | undefined>()
  for (let i = 0; i < 60; i++) outcomes.add(await client.outcome(2 * i + 1))
  assert.ok(outcomes.has(2), 'none was closed meanwhile')
})

for (const [name, limits, lost] of [
  ['waitingReplies', { waitingReplies: 10 }, 10],
  ['waitingBytes', { waitingBytes: 10 * 65_536 }, 10],
] as const) {
  test(`resets the streams without progress for longest above ${name}`, async () => {
    await using front = await startHttp2({ 'a.bin': Buffer.alloc(700_000) }, { limits })
    using client = await askWithoutWindow(front, '/a.bin', 20)
    const resets = (): number => client.frames.filter(({ type }) => type === frameTypes.reset).length
    // CANCEL: the client may retry.
    await client.frame(({ type }) => type === frameTypes.reset && resets() === 20 - lost)
    assert.ok(client.frames.every(({ type, payload }) => type !== frameTypes.reset || payload.readUInt32BE(0) === 8))
    using reader = await FrameClient.open(front.port, [[4, 2 ** 24]])
    reader.send(frame('window', 0, 0, uint32(2 ** 24))).request(1, request('/a.bin'))
    assert.equal(await reader.outcome(1), undefined)
  })
}

test('counts proxied streams without a window, and releases their upstream', async () => {
  await using backend = await endless()
  const limits = { waitingReplies: 5 }
  await using front = await startHttp2({}, { limits, proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using client = await askWithoutWindow(front, '/api', 20)
  const resets = (): number => client.frames.filter(({ type }) => type === frameTypes.reset).length
  await client.frame(({ type }) => type === frameTypes.reset && resets() === 15)
  client[Symbol.dispose]()
  await backend.quiet()
})

test('resets a stream without progress after writeMs, but none with progress', async () => {
  const writeMs = 1000
  await using front = await startHttp2({ 'a.bin': Buffer.alloc(700_000) }, { limits: { writeMs } })
  const since = performance.now()
  using client = await askWithoutWindow(front, '/a.bin', 2)
  client.send(frame('window', 0, 0, uint32(2 ** 24)))
  const feed = setInterval(() => client.send(frame('window', 0, 3, uint32(65_536))), 200)
  assert.equal(await client.outcome(1), 8)
  const ms = performance.now() - since
  assert.ok(ms >= writeMs && ms < 2.5 * writeMs, `reset after ${ms} ms`)
  assert.equal(await client.outcome(3), undefined)
  clearInterval(feed)
})

for (const [name, path] of [
  ['content in memory', '/memory'],
  ['small content', '/small'],
] as const) {
  test(`${name} whose last bytes wait for a window is aborted by a reset, and harms nothing else`, async () => {
    const bytes = path === '/small' ? 1000 : 700_000
    await using front = await startHttp2({}, { limits: { writeMs: 500 } })
    front.server.use(() => () => ({ status: 200, headers: [], body: Buffer.alloc(bytes) }))
    const records: AccessRecord[] = []
    front.server.on('reply', (record) => void records.push(record))
    using client = await FrameClient.open(front.port, [[4, bytes - 10]])
    client.send(frame('window', 0, 0, uint32(2 ** 24)))
    const received = (stream: number): number =>
      client.frames.reduce(
        (sum, each) => sum + (each.type === 0 && each.stream === stream ? each.payload.length : 0),
        0,
      )
    for (const stream of [1, 3, 5]) client.request(stream, request(path))
    for (const stream of [1, 3, 5]) await client.frame(() => received(stream) === bytes - 10)
    client.send(frame('reset', 0, 1, uint32(8)), frame('window', 0, 5, uint32(10)))
    assert.equal(await client.outcome(5), undefined)
    assert.equal(received(5), bytes)
    // The server gives this one up.
    assert.equal(await client.outcome(3), 8)
    client.request(7, request('/none/'))
    await client.outcome(7)
    // What goes out at once counts as sent.
    const aborted = records.slice(0, 3).filter((record) => record.aborted).length
    assert.equal(aborted, path === '/small' ? 0 : 2)
  })
}

test('queues requests above upstreamConnections until a connection is free', async () => {
  await using backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      await connection.head()
      // Every reply waits until all connections are open.
      while (backend.sockets.length < 2) await new Promise(setImmediate)
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    }
  })
  const limits = { upstreamConnections: 2 }
  await using front = await startHttp2({}, { limits, proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using client = await FrameClient.open(front.port)
  for (let i = 0; i < 20; i++) client.request(2 * i + 1, request('/api'))
  for (let i = 0; i < 20; i++) assert.equal(await client.outcome(2 * i + 1), undefined)
  assert.equal(backend.sockets.length, 2)
})
