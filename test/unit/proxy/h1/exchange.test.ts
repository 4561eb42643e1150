// own process: it mocks the clock of the whole process
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import type { Sink, Source } from '../../../../src/http/message/reply.ts'
import type { Http1Connection } from '../../../../src/proxy/h1/connection.ts'
import { UpstreamExchange } from '../../../../src/proxy/h1/exchange.ts'
import { ResponseParser } from '../../../../src/proxy/h1/response-parser.ts'
import type { UpstreamReply } from '../../../../src/proxy/types.ts'
import { createGate } from '../../../support/gate.ts'
import { contentOf, eachRequest, leavingRequest, ok, transportTo } from '../../../support/http1.ts'
import { patientTimeouts, RawUpstream, requestOf } from '../../../support/upstream.ts'

const noTimeouts = { connectMs: 0, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 0 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An exchange whose connection and client the test controls. Its response has this length. */
function played(
  method: string = 'GET',
  facts: { body?: Readable; timeouts?: Partial<typeof noTimeouts>; length?: number; type?: string } = {},
) {
  const { body = null, timeouts = {}, length = 200_000, type = 'text/plain' } = facts
  const events: string[] = []
  const { request, leave, followers } = leavingRequest({ method, body })
  const socket = {
    writableNeedDrain: false,
    destroy: () => events.push('destroy'),
    pause: () => events.push('pause'),
    resume: () => events.push('resume'),
  }
  const connection = { uses: 0, isAnswered: false, socket, send: () => events.push('send') }
  const exchange = new UpstreamExchange(
    request,
    { ...noTimeouts, ...timeouts },
    {
      assign: (user) => user.begin(connection as unknown as Http1Connection),
      withdraw: () => events.push('withdraw'),
    },
  )
  const parser = new ResponseParser(exchange, 1024)
  parser.expect({ method, isUpgrade: false })
  const answered: Promise<UpstreamReply> = exchange.run()
  events.splice(0)
  return {
    events,
    exchange,
    socket,
    answered,
    leave,
    followers,
    head: () =>
      parser.read(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`)),
    content: (bytes: number) => parser.read(Buffer.alloc(bytes)),
    interim: () => parser.read(Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n')),
  }
}

/** A sink whose chunks the test takes, one with each call. */
function slowSink(): { sink: Sink; take: () => void; waiting: () => number } {
  const waiting: (() => void)[] = []
  return {
    sink: { write: () => new Promise((resolve) => void waiting.push(resolve)) },
    take: () => waiting.shift()?.(),
    waiting: () => waiting.length,
  }
}

function pull({ body }: UpstreamReply, sink: Sink): Promise<unknown> {
  return (body as Source).pull(sink, new AbortController().signal)
}

test('a client that disconnects within the response closes the upstream connection', async () => {
  const { events, answered, head, leave } = played()
  head()
  await answered
  leave()
  assert.deepEqual(events, ['destroy'])
})

test('a client that disconnects after the end of the response keeps the upstream connection open', async () => {
  const { events, answered, head, content, leave, followers } = played()
  head()
  const reply = await answered
  const { sink, waiting } = slowSink()
  const pulled = pull(reply, sink)
  content(200_000)
  await pulled
  assert.equal(waiting(), 1)
  assert.equal(followers(), 0)
  leave()
  assert.deepEqual(events, [])
})

test('a client that is gone before the request gets no connection', async () => {
  let assigned = 0
  const request = requestOf({
    whenGone: (callback) => {
      callback()
      return () => {}
    },
  })
  const exchange = new UpstreamExchange(request, noTimeouts, { assign: () => void assigned++, withdraw: () => {} })
  await assert.rejects(exchange.run(), { fault: 'left' })
  assert.equal(assigned, 0)
})

test('cancelling a response to HEAD keeps the upstream connection open', async () => {
  const { events, exchange, answered, head } = played('HEAD')
  head()
  const { body } = await answered
  assert.equal((body as Source).length, 200_000)
  exchange.cancel()
  assert.deepEqual(events, [])
})

test('cancelling a response whose content is to come closes the connection', async () => {
  const { events, answered, head } = played()
  head()
  ;((await answered).body as Source).cancel()
  assert.deepEqual(events, ['destroy'])
})

test('pauses the upstream while the client does not read, and resumes it afterwards', async () => {
  const { events, answered, head, content } = played('GET', { length: 400_000 })
  head()
  const { sink, take } = slowSink()
  void pull(await answered, sink)
  content(100_000)
  assert.deepEqual(events, [])
  content(200_000)
  assert.deepEqual(events, ['pause'])
  take()
  await turn()
  assert.deepEqual(events, ['pause'])
  take()
  await turn()
  assert.deepEqual(events, ['pause', 'resume'])
})

test('content before the first pull pauses the upstream only until the client has read it', async () => {
  const { events, answered, head, content } = played('GET', { length: 400_000 })
  head()
  const reply = await answered
  content(300_000)
  assert.deepEqual(events, ['pause'])
  const { sink, take } = slowSink()
  void pull(reply, sink)
  assert.deepEqual(events, ['pause'])
  take()
  await turn()
  assert.deepEqual(events, ['pause', 'resume'])
})

test('resumes the upstream at once when the client reads all earlier content', async () => {
  const { events, answered, head, content } = played('GET', { length: 400_000 })
  head()
  const reply = await answered
  content(300_000)
  void pull(reply, { write: () => Promise.resolve(), pass: () => {} })
  assert.deepEqual(events, ['pause', 'resume'])
})

test('the end of a response that was paused resumes the connection, once', async () => {
  const { events, answered, head, content } = played('GET', { length: 300_000 })
  head()
  const { sink, take } = slowSink()
  const pulled = pull(await answered, sink)
  content(300_000)
  await pulled
  assert.deepEqual(events, ['pause', 'resume'])
  take()
  await turn()
  assert.deepEqual(events, ['pause', 'resume'])
})

test('a sink that throws fails the pull with its error, and closes the connection', async () => {
  const { events, answered, head, content } = played()
  head()
  const reply = await answered
  const pulled = pull(reply, {
    write: () => {
      throw new Error('gone')
    },
  })
  content(10)
  await assert.rejects(pulled, { message: 'gone' })
  assert.deepEqual(events, ['destroy'])
})

test('the timeout for the header section is precise to the millisecond', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { events, answered } = played('GET', { timeouts: { headersMs: 200 } })
  t.mock.timers.tick(199)
  assert.deepEqual(events, [])
  t.mock.timers.tick(1)
  assert.deepEqual(events, ['destroy'])
  await assert.rejects(answered, { fault: 'headers-timeout', wrote: true })
})

test('that timeout stops at the header section, even if request content is still to be sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const body = new Readable({ read() {} })
  const { events, answered, head } = played('POST', { body, timeouts: { headersMs: 200 } })
  head()
  await answered
  body.push('late')
  await turn()
  t.mock.timers.tick(1000)
  assert.deepEqual(events, [])
})

test('an interim response does not stop that timeout', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { events, answered, interim } = played('GET', { timeouts: { headersMs: 200 } })
  t.mock.timers.tick(150)
  interim()
  t.mock.timers.tick(50)
  assert.deepEqual(events, ['destroy'])
  await assert.rejects(answered, { fault: 'headers-timeout' })
})

test('that timeout waits for a client that is slow', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { events, answered, leave } = played('POST', {
    body: new Readable({ read() {} }),
    timeouts: { headersMs: 200 },
  })
  t.mock.timers.tick(1000)
  assert.deepEqual(events, [])
  leave()
  await assert.rejects(answered, { fault: 'left' })
})

test('that timeout runs while the upstream does not read the request content', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { events, socket, answered } = played('POST', {
    body: new Readable({ read() {} }),
    timeouts: { headersMs: 200 },
  })
  socket.writableNeedDrain = true
  t.mock.timers.tick(200)
  assert.deepEqual(events, ['destroy'])
  await assert.rejects(answered, { fault: 'headers-timeout' })
})

for (const [name, bytes, isLate] of [
  ['fails when nothing comes', 1000, true],
  ['waits for a slow client', 300_000, false],
] as const) {
  test(`the timeout between two pieces of content ${name}`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { events, answered, head, content, leave } = played('GET', {
      length: 900_000,
      timeouts: { bodyIdleMs: 200 },
    })
    head()
    const pulled = pull(await answered, slowSink().sink)
    content(bytes)
    t.mock.timers.tick(199)
    assert.ok(!events.includes('destroy'))
    t.mock.timers.tick(1)
    assert.equal(events.includes('destroy'), isLate)
    leave()
    await assert.rejects(pulled, { fault: isLate ? 'body-timeout' : 'left' })
  })
}

for (const [type, isBounded] of [
  ['text/html', true],
  ['text/event-stream', false],
] as const) {
  test(`${type} is ${isBounded ? '' : 'not '}bound by the timeout of the whole exchange`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { events, answered, head } = played('GET', { type, timeouts: { totalMs: 500, bodyIdleMs: 200 } })
    head()
    const reply = await answered
    void pull(reply, { write: () => {} }).catch(() => {})
    t.mock.timers.tick(600)
    assert.deepEqual(events, isBounded ? ['destroy'] : [])
  })
}

test('a request that waits for its connection for too long leaves the queue', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const withdrawn: unknown[] = []
  const exchange = new UpstreamExchange(
    requestOf(),
    { ...noTimeouts, totalMs: 300, headersMs: 100 },
    {
      assign: () => {},
      withdraw: (user) => void withdrawn.push(user),
    },
  )
  const answered = exchange.run()
  t.mock.timers.tick(300)
  await assert.rejects(answered, { fault: 'total-timeout', wrote: false })
  assert.deepEqual(withdrawn, [exchange])
})

test('no timer outlives an exchange', async (t: TestContext) => {
  const started = t.mock.method(globalThis, 'setTimeout')
  const stopped = t.mock.method(globalThis, 'clearTimeout')
  const { answered, head, content } = played('GET', { timeouts: { headersMs: 5000, bodyIdleMs: 5000, totalMs: 5000 } })
  head()
  const pulled = pull(await answered, { write: () => {} })
  content(200_000)
  await pulled
  const cleared = new Set(stopped.mock.calls.map(({ arguments: [timer] }) => timer))
  assert.equal(started.mock.callCount(), 3)
  for (const { result } of started.mock.calls) assert.ok(cleared.has(result))
})

test('content is sent with backpressure, and the response arrives before it ends', async () => {
  const body = new PassThrough()
  const asked = createGate()
  await using upstream = await RawUpstream.open((socket) => {
    // It reads the header section only.
    socket.once('data', () => {
      socket.pause()
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
      asked.open()
    })
  })
  await using transport = transportTo(upstream.port)
  const reply = await transport.send(requestOf({ method: 'POST', body }))
  await asked.opened
  const chunk = Buffer.alloc(256 * 1024)
  let written = 0
  while (
    body.write(chunk) ||
    (await Promise.race([once(body, 'drain'), still(() => body.writableNeedDrain)])) !== 'still'
  ) {
    written += chunk.length
    assert.ok(written < 64 * 1024 * 1024, 'the content is not held back')
  }
  const [socket] = upstream.sockets as [Socket]
  socket.write('ok')
  assert.equal(await contentOf(reply), 'ok')
  // The rest of the content has no reader, and so its connection is not used again.
  socket.resume()
  await once(socket, 'close')
})

/** Resolves when something has stayed true for many turns. */
async function still(isSo: () => boolean): Promise<'still'> {
  for (let turns = 0; turns < 200; turns++) {
    await turn()
    if (!isSo()) turns = 0
  }
  return 'still'
}

test('a slow client does not hold up the next request on the connection', async () => {
  const size = 300_000
  await using upstream = await RawUpstream.open((socket) =>
    eachRequest(socket, (line) => void socket.write(ok(line.includes('/large') ? 'x'.repeat(size) : 'small'))),
  )
  await using transport = transportTo(upstream.port, { most: 1 })
  let read = 0
  let isSlow = true
  let takeAll = (): void => {}
  const slow = new Promise<void>((resolve) => (takeAll = resolve))
  const reply = await transport.send(requestOf({ path: '/large' }))
  const sink: Sink = {
    write: (chunk) => {
      read += chunk.byteLength
      return isSlow ? slow : undefined
    },
  }
  const pulled = pull(reply, sink)
  // The client takes nothing while up to 256 KiB are on their way, so this ends only if the rest comes anyway.
  isSlow = false
  takeAll()
  await pulled
  assert.equal(read, size)
  assert.equal(await contentOf(await transport.send(requestOf())), 'small')
  assert.equal(upstream.sockets.length, 1)
})

for (const [name, when] of [
  ['before the response', 'head'],
  ['within the response', 'content'],
  ['within its own content', 'request'],
] as const) {
  test(`a client that leaves ${name} closes the upstream connection`, async () => {
    const arrived = createGate()
    await using upstream = await RawUpstream.open((socket) => {
      socket.once('data', () => {
        if (when === 'content') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx')
        arrived.open()
      })
    })
    await using transport = transportTo(upstream.port)
    const body = when === 'request' ? new PassThrough() : null
    body?.write('x')
    const { request, leave, followers } = leavingRequest({ method: body === null ? 'GET' : 'POST', body })
    const content = transport.send(request).then(contentOf)
    await arrived.opened
    if (when === 'content') await still(() => true)
    if (body === null) leave()
    else body.destroy(new Error('aborted'))
    await assert.rejects(content, { fault: 'left' })
    assert.equal(followers(), 0)
    await upstream.allClosed()
  })
}

test('a response that is cut fails, also in the middle of a chunk and of a header section', async () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
    'HTTP/1.1 200 OK\r\nContent-Le',
    '',
  ]) {
    await using upstream = await RawUpstream.answering((_head, socket) => void socket.end(text))
    await using transport = transportTo(upstream.port)
    await assert.rejects(transport.send(requestOf()).then(contentOf), { fault: 'reset' }, text)
  }
})

test('a reset is not the end of content without a length', async () => {
  await using upstream = await RawUpstream.answering((_head, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nsome')
  })
  await using transport = transportTo(upstream.port)
  const content = contentOf(await transport.send(requestOf()))
  upstream.sockets[0]?.resetAndDestroy()
  await assert.rejects(content, { fault: 'reset' })
})

test('an upstream that never answers fails, and its connection closes', async () => {
  await using upstream = await RawUpstream.open((socket) => void socket.resume())
  await using transport = transportTo(upstream.port, { timeouts: { ...patientTimeouts, headersMs: 50 } })
  await assert.rejects(transport.send(requestOf()), { fault: 'headers-timeout' })
  await upstream.allClosed()
})

test('passes on interim responses other than 100, without their length', async () => {
  await using upstream = await RawUpstream.answering((_head, socket) => {
    socket.write(`HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nLink: </a>\r\nContent-Length: 3\r\n\r\n${ok('x')}`)
  })
  await using transport = transportTo(upstream.port)
  const informed: unknown[] = []
  const request = requestOf({ inform: (status, fields) => void informed.push(status, fields) })
  assert.equal(await contentOf(await transport.send(request)), 'x')
  assert.deepEqual(informed, [103, ['Link', '</a>']])
})

for (const [fields, ms] of [
  [[], 4000],
  [['Keep-Alive: timeout=60'], 4000],
  [['Keep-Alive: timeout=3'], 2000],
] as const) {
  test(`an idle connection closes after ${ms} ms${fields.length === 0 ? '' : ` for ${fields.join()}`}`, async (t) => {
    await using upstream = await RawUpstream.open((socket) =>
      eachRequest(socket, () => void socket.write(ok('x', ...fields))),
    )
    await using transport = transportTo(upstream.port, { timeouts: noTimeouts })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (let i = 0; i < 2; i++) {
      await contentOf(await transport.send(requestOf()))
      t.mock.timers.tick(ms - 1)
    }
    // It was used again just before its end, which starts the time again.
    assert.equal(upstream.sockets.length, 1)
    t.mock.timers.tick(1)
    await upstream.allClosed()
  })
}
