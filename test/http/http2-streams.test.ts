import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { Exchange, Layer } from '../../src/index.ts'
import { createGate } from '../support/gate.ts'
import { flags, frame, FrameClient, frameTypes, uint32, plainGet as get } from '../support/frames.ts'
import { ask, openSession, replyOf, startHttp2 } from '../support/http2.ts'

type Reply = Awaited<ReturnType<ReturnType<Layer>>>

/** Milliseconds that no test takes, so that closing cuts nothing. */
const never = 600_000

/** A layer that answers every request. */
function answering(answer: (x: Exchange) => Reply | Promise<Reply>): { layers: Layer[] } {
  return { layers: [() => answer] }
}

/** Answers after the content was read. */
async function readAll(x: Exchange): Promise<Reply> {
  let length = 0
  for await (const chunk of x.body.stream()) length += (chunk as Buffer).length
  return { status: 200, headers: [], body: Buffer.from(String(length)) }
}

const post = [[':method', 'POST'], ...get.slice(1)] as const

const reset = (stream: number, code: number): Buffer => frame('reset', 0, stream, uint32(code))

/** Whether a frame ends its stream without an error. */
const endsStream = (stream: number) => (each: { stream: number; type: number; flags: number }) =>
  each.stream === stream && each.type <= 1 && (each.flags & flags.endStream) !== 0

for (const [name, body] of [
  [
    'a source that fails',
    () => ({ pull: (sink: { write(c: Uint8Array): unknown }) => failing(sink), cancel: () => {} }),
  ],
  ['a stream that fails', () => Readable.from(failingParts())],
  ['a source shorter than it said', () => ({ length: 10, pull: async () => {}, cancel: () => {} })],
] as const) {
  test(`resets a reply from ${name}, so that it never looks complete`, async () => {
    await using front = await startHttp2(
      {},
      answering(() => ({ status: 200, headers: [], body: body() as never })),
    )
    using client = await FrameClient.open(front.port)
    assert.equal(await client.request(1, get).outcome(1), 2)
    assert.equal(client.frames.find(endsStream(1)), undefined)
    assert.equal(front.records[0]?.aborted, true)
  })
}

async function failing(sink: { write(chunk: Uint8Array): unknown }): Promise<void> {
  await sink.write(Buffer.from('begun'))
  throw new Error('broken')
}

async function* failingParts(): AsyncGenerator<Buffer> {
  yield Buffer.from('begun')
  await Promise.resolve()
  throw new Error('broken')
}

test('answers with 500 on the same stream if a reply cannot be written', async () => {
  await using front = await startHttp2(
    {},
    answering(() => ({ status: 200, headers: ['X-A', 'a\r\nb: c'], body: null })),
  )
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/' })).status, 500)
  assert.equal(front.faults[0]?.code, 'E8008_INTERNAL')
})

test('sends fields in lower case, with duplicates where allowed, and none of a connection', async () => {
  const headers = ['X-A', '1', 'x-a', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Connection', 'x', 'Upgrade', 'y']
  const more = [
    'Keep-Alive',
    'timeout=5',
    'ETag',
    '"1"',
    'Etag',
    '"2"',
    'Content-Encoding',
    'a',
    'Content-Encoding',
    'b',
  ]
  await using front = await startHttp2(
    {},
    answering(() => ({ status: 200, headers: [...headers, ...more, 'X-L', '\xe9'], body: null })),
  )
  using session = openSession(front.port)
  const { raw, code } = await ask(session, { ':path': '/' })
  const fields = new Map<string, string[]>()
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    fields.set(name, [...(fields.get(name) ?? []), raw[i + 1] as string])
  }
  assert.deepEqual(fields.get('x-a'), ['1', '2'])
  assert.deepEqual(fields.get('set-cookie'), ['a=1', 'b=2'])
  assert.deepEqual(fields.get('etag'), ['"1"'])
  assert.deepEqual(fields.get('content-encoding'), ['a, b'])
  assert.deepEqual(fields.get('x-l'), ['\xe9'])
  assert.deepEqual(fields.get('content-length'), ['0'])
  for (const name of ['connection', 'upgrade', 'keep-alive']) assert.equal(fields.has(name), false, name)
  assert.equal(code, 0)
})

test('sends trailers after the content, and only allowed ones', async () => {
  const trailers = ['X-Sum', '42', 'Content-Length', '5', 'x-bad', 'a\nb']
  const source = {
    pull: async (sink: { write(chunk: Uint8Array): unknown }) => {
      await sink.write(Buffer.from('hello'))
      return trailers
    },
    cancel: () => {},
  }
  await using front = await startHttp2(
    {},
    answering(() => ({ status: 200, headers: [], body: source as never })),
  )
  using session = openSession(front.port)
  const reply = await ask(session, { ':path': '/' })
  assert.equal(reply.body.toString(), 'hello')
  assert.deepEqual(Object.entries(reply.trailers), [['x-sum', '42']])
})

test('gives a handler the content with its trailers', async () => {
  const content: string[] = []
  await using front = await startHttp2(
    {},
    answering(async (x) => {
      for await (const chunk of x.body.stream()) content.push(String(chunk))
      // They may arrive one turn after the end.
      await new Promise(setImmediate)
      return { status: 200, headers: [], body: Buffer.from(x.body.trailers.join()) }
    }),
  )
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }))
  stream.end('some content')
  assert.equal((await replyOf(stream)).body.toString(), 'x-sum,42')
  assert.equal(content.join(''), 'some content')
})

test('sends interim replies before the final one', async () => {
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    { layers: [(next) => (x) => (x.inform(103, ['Link', '</a.css>; rel=preload']), next(x))] },
  )
  using session = openSession(front.port)
  const reply = await ask(session, { ':path': '/a.txt' })
  assert.equal(reply.interim[0]?.status, 103)
  assert.equal(reply.interim[0].headers['link'], '</a.css>; rel=preload')
  assert.equal(reply.status, 200)
})

test('invites content that the client holds back only when a handler reads it', async () => {
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    {
      layers: [(next) => (x) => (x.target.path === '/read' ? readAll(x) : next(x))],
    },
  )
  using session = openSession(front.port)
  const wanted = session.request({ ':path': '/read', ':method': 'POST', expect: '100-continue' })
  wanted.once('continue', () => wanted.end('content'))
  assert.equal((await replyOf(wanted)).body.toString(), '7')
  const unwanted = session.request({ ':path': '/a.txt', ':method': 'POST', expect: '100-continue' })
  unwanted.once('continue', () => assert.fail('it was asked for'))
  const reply = await replyOf(unwanted)
  assert.equal(reply.status, 405)
  assert.equal(reply.code, 0)
})

test('refuses content above the limit, announced or not, without the rest of it', async () => {
  const layers: Layer[] = [(next) => (x) => (x.headers.has('content-length') ? next(x) : readAll(x))]
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { limits: { bodyBytes: 1000 }, layers })
  using client = await FrameClient.open(front.port)
  client.request(1, [...post, ['content-length', '1001']], false)
  assert.equal(await client.outcome(1), undefined)
  assert.equal(front.records[0]?.status, 413)
  const after = await client.frame(({ stream, type }) => stream === 1 && type === frameTypes.reset)
  assert.equal(after.payload.readUInt32BE(0), 0)
  client.request(3, post, false).send(frame('data', 0, 3, Buffer.alloc(1001)))
  assert.equal(await client.outcome(3), undefined)
  assert.equal(front.records[1]?.status, 413)
})

test('sends an error at once, and ends its stream after the content', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { limits: { drainMs: 2 ** 30 } })
  using client = await FrameClient.open(front.port)
  client.request(1, [...post, ['content-length', '10000']], false).send(frame('data', 0, 1, Buffer.alloc(1)))
  const data = await client.frame(({ stream, type }) => stream === 1 && type === frameTypes.data)
  assert.match(data.payload.toString(), /E8008_METHOD/)
  assert.equal(front.records[0]?.status, 405)
  // The server has read all earlier frames.
  client.send(frame('ping', 0, 0, Buffer.alloc(8)))
  await client.frame(({ type }) => type === frameTypes.ping)
  assert.equal(client.frames.find(endsStream(1)), undefined)
  client.send(frame('data', flags.endStream, 1, Buffer.alloc(9999)))
  assert.equal(await client.outcome(1), undefined)
})

test('ends the stream of an error after drainBytes of content', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { limits: { drainMs: 2 ** 30, drainBytes: 1000 } })
  using client = await FrameClient.open(front.port)
  client.request(1, [...post, ['content-length', '100000']], false).send(frame('data', 0, 1, Buffer.alloc(1001)))
  assert.equal(await client.outcome(1), undefined)
})

test('sends a reply without content after the content of its request', async () => {
  const routes = [{ match: { path: '/none' }, reply: { status: 204 } }] as const
  await using front = await startHttp2({}, { limits: { drainMs: 2 ** 30 }, routes: [...routes] })
  using client = await FrameClient.open(front.port)
  const fields = post.map(([name, value]) => [name, name === ':path' ? '/none' : value] as const)
  client.request(1, [...fields, ['content-length', '9']], false).send(frame('data', 0, 1, Buffer.alloc(1)))
  client.send(frame('ping', 0, 0, Buffer.alloc(8)))
  await client.frame(({ type }) => type === frameTypes.ping)
  assert.equal(
    client.frames.find(({ stream }) => stream === 1),
    undefined,
  )
  client.send(frame('data', flags.endStream, 1, Buffer.alloc(8)))
  assert.equal(await client.outcome(1), undefined)
  assert.equal(front.records[0]?.status, 204)
})

test('reads content that no handler wants before the reply, within the limit', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/a.txt' }, 'unexpected')).status, 200)
  assert.equal((await ask(session, { ':path': '/a.txt', ':method': 'POST' }, Buffer.alloc(2_000_000))).status, 405)
})

test('refuses a request that does not arrive in time, but none that makes progress', async () => {
  await using front = await startHttp2({}, { limits: { requestMs: 100 }, ...answering(readAll) })
  using client = await FrameClient.open(front.port)
  client.request(1, [...post, ['content-length', '10']], false)
  assert.equal(await client.outcome(1), undefined)
  assert.equal(front.records[0]?.status, 408)
  assert.equal(front.records[0]?.refusal, 'E8008_TIMEOUT')
})

test('aborts the work on a stream that its client resets', async () => {
  const aborted = createGate()
  const begun = createGate()
  await using front = await startHttp2(
    {},
    answering(async (x) => {
      x.signal.addEventListener('abort', aborted.open)
      begun.open()
      await aborted.opened
      return { status: 200, headers: [], body: Buffer.from('late') }
    }),
  )
  using client = await FrameClient.open(front.port)
  client.request(1, get)
  await begun.opened
  const recorded = front.recorded()
  client.send(reset(1, 8))
  await aborted.opened
  assert.equal((await recorded).aborted, true)
})

test('fails the stream of content that is incomplete', async () => {
  const begun = createGate()
  let failure: unknown
  const failed = createGate()
  await using front = await startHttp2(
    {},
    answering(async (x) => {
      try {
        for await (const _ of x.body.stream()) begun.open()
      } catch (error) {
        failure = error
        failed.open()
      }
      return { status: 200, headers: [], body: null }
    }),
  )
  using client = await FrameClient.open(front.port)
  client.request(1, post, false).send(frame('data', 0, 1, Buffer.from('half')))
  await begun.opened
  client.send(reset(1, 8))
  await failed.opened
  assert.match(String(failure), /left/)
})

test('resets the stream of a client that opens no window, and closes its file', async () => {
  await using front = await startHttp2({ 'big.bin': Buffer.alloc(500_000) }, { limits: { writeMs: 100 } })
  using client = await FrameClient.open(front.port, [[4, 0]])
  const recorded = front.recorded()
  client.request(1, [...get.slice(0, 3), [':path', '/big.bin']])
  assert.equal(await client.outcome(1), 8)
  assert.equal((await recorded).aborted, true)
})

test('serves a client that opens its window slowly, however long it takes', async () => {
  await using front = await startHttp2({ 'a.bin': Buffer.alloc(600_000, 'x') }, { limits: { writeMs: 1500 } })
  using client = await FrameClient.open(front.port, [[4, 1000]])
  const begun = performance.now()
  client.request(1, [...get.slice(0, 3), [':path', '/a.bin']])
  const more = uint32(9000)
  const timer = setInterval(() => client.send(frame('window', 0, 0, more), frame('window', 0, 1, more)), 30)
  assert.equal(await client.outcome(1), undefined)
  clearInterval(timer)
  assert.ok(performance.now() - begun > 1500)
  let length = 0
  for (const { type, stream, payload } of client.frames) if (type === 0 && stream === 1) length += payload.length
  assert.equal(length, 600_000)
})

test('closes an idle session with GOAWAY, but none that waits for a reply', async () => {
  const gate = createGate()
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    {
      limits: { idleMs: 50 },
      layers: [(next) => async (x) => (x.target.query === '' ? undefined : await gate.opened, next(x))],
    },
  )
  using waiting = await FrameClient.open(front.port)
  waiting.request(1, [...get.slice(0, 3), [':path', '/a.txt?wait']])
  using client = await FrameClient.open(front.port)
  client.request(1, get)
  await client.outcome(1)
  assert.equal(await client.closed(), 0)
  assert.equal(waiting.ended, false)
  gate.open()
  assert.equal(await waiting.outcome(1), undefined)
})

test('closes a connection without a request', async () => {
  await using front = await startHttp2({}, { limits: { headerMs: 100 } })
  using client = await FrameClient.open(front.port)
  // The start of a header section that never ends.
  client.send(frame('headers', 0, 1, Buffer.of(0)))
  await client.closed()
  await front.quiet()
})

test('finishes replies under way when it stops, and takes no new requests', async () => {
  const gate = createGate()
  const begun = createGate()
  await using front = await startHttp2(
    { 'a.txt': 'alpha' },
    {
      layers: [(next) => async (x) => (begun.open(), await gate.opened, next(x))],
      limits: { closeMs: never },
    },
  )
  using client = await FrameClient.open(front.port)
  client.request(1, get)
  await begun.opened
  const closed = front.server.close()
  await client.frame(({ type }) => type === frameTypes.goaway)
  client.request(3, get)
  gate.open()
  await client.closed()
  assert.ok(client.frames.some(endsStream(1)))
  assert.equal(
    client.frames.some(({ type, stream }) => type <= 1 && stream === 3),
    false,
  )
  await closed
  await assert.rejects(FrameClient.open(front.port), { code: 'ECONNREFUSED' })
})

test('closing reports how many replies it cut', async () => {
  const begun = createGate()
  await using front = await startHttp2(
    {},
    { ...answering(() => (begun.open(), new Promise(() => {}))), limits: { closeMs: 0 } },
  )
  using client = await FrameClient.open(front.port)
  client.request(1, get)
  await begun.opened
  const warnings: string[] = []
  front.server.on('warning', ({ message }) => void warnings.push(message))
  await front.server.close()
  assert.deepEqual(warnings, ['Cut 1 reply after 0 s.'])
  await client.closed()
})
