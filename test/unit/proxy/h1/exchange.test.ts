// own process: it mocks the clock of the whole process
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { UpstreamExchange } from '../../../../src/proxy/h1/exchange.ts'
import { Http1Connection } from '../../../../src/proxy/h1/connection.ts'
import type { Sink, Source } from '../../../../src/http/message/reply.ts'
import type { UpstreamReply } from '../../../../src/proxy/types.ts'

const timeouts = { connectMs: 0, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 0 }

/** An exchange whose upstream and client the test controls. */
function played(method: string = 'GET', facts: { body?: Readable; headersMs?: number; answers?: boolean } = {}) {
  const { body = null, headersMs = 0, answers = true } = facts
  const events: string[] = []
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: ['Content-Length', '200000'].map((text) => Buffer.from(text)),
    rawTrailers: [],
    abort: () => events.push('abort'),
    pause: () => events.push('pause'),
    resume: () => events.push('resume'),
  }
  let leave = (): void => {}
  const exchange = new UpstreamExchange(
    {
      method,
      path: '/',
      headers: [],
      body,
      length: undefined,
      whenGone: (left) => {
        leave = left
        return () => {}
      },
      inform: () => {},
    },
    { ...timeouts, headersMs },
  )
  exchange.connection = new Http1Connection()
  const socket = { writableLength: 0, writableNeedDrain: false, destroy: () => events.push('destroy') }
  exchange.connection.socket = socket
  const answered: Promise<UpstreamReply> = exchange.run(() => {
    exchange.onRequestStart(controller)
    if (answers) exchange.onResponseStart(controller, 200)
  })
  return { events, controller, exchange, socket, answered, leave: () => leave() }
}

test('a client that disconnects within the response closes the upstream connection', async () => {
  const { events, answered, leave } = played()
  await answered
  leave()
  assert.deepEqual(events, ['destroy', 'abort'])
})

test('a client that disconnects after the end of the response keeps the upstream connection open', async () => {
  const { events, controller, exchange, answered, leave } = played()
  const { body } = await answered
  let waits = 0
  const sink: Sink = { write: () => new Promise(() => waits++) }
  const pulled = (body as Source).pull(sink, new AbortController().signal)
  exchange.onResponseData(controller, Buffer.alloc(200_000))
  exchange.onResponseEnd(controller)
  await pulled
  assert.equal(waits, 1)
  leave()
  assert.deepEqual(events, [])
})

test('cancelling a response to HEAD keeps the upstream connection open', async () => {
  const { events, controller, exchange, answered } = played('HEAD')
  exchange.onResponseEnd(controller)
  const { body } = await answered
  assert.equal((body as Source).length, 200_000)
  exchange.cancel()
  assert.deepEqual(events, [])
})

test('pauses the upstream while the client does not read, and resumes it afterwards', async () => {
  const { events, controller, exchange, answered } = played()
  const { body } = await answered
  let take = (): void => {}
  const sink: Sink = { write: () => new Promise((resolve) => (take = resolve)) }
  void (body as Source).pull(sink, new AbortController().signal)
  exchange.onResponseData(controller, Buffer.alloc(100_000))
  assert.deepEqual(events, [])
  const first = take
  exchange.onResponseData(controller, Buffer.alloc(200_000))
  assert.deepEqual(events, ['pause'])
  first()
  await Promise.resolve()
  assert.deepEqual(events, ['pause'])
  take()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(events, ['pause', 'resume'])
})

test('content before the first pull pauses the upstream only until the client has read it', async () => {
  const { events, controller, exchange, answered } = played()
  const { body } = await answered
  exchange.onResponseData(controller, Buffer.alloc(300_000))
  assert.deepEqual(events, ['pause'])
  let take = (): void => {}
  const sink: Sink = { write: () => new Promise((resolve) => (take = resolve)) }
  void (body as Source).pull(sink, new AbortController().signal)
  assert.deepEqual(events, ['pause'])
  take()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(events, ['pause', 'resume'])
})

test('resumes the upstream at once when the client reads all earlier content', async () => {
  const { events, controller, exchange, answered } = played()
  const { body } = await answered
  exchange.onResponseData(controller, Buffer.alloc(300_000))
  const sink: Sink = { write: () => Promise.resolve(), pass: () => {} }
  void (body as Source).pull(sink, new AbortController().signal)
  assert.deepEqual(events, ['pause', 'resume'])
})

/** The fault of an exchange after so many milliseconds. */
function clock(t: TestContext, { events, answered }: ReturnType<typeof played>): (ms: number) => string[] {
  answered.catch(() => {})
  return (ms) => {
    t.mock.timers.tick(ms)
    return events
  }
}

test('the timeout for the header section is precise to the millisecond', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('GET', { headersMs: 200, answers: false })
  const after = clock(t, exchange)
  assert.deepEqual(after(199), [])
  assert.deepEqual(after(1), ['destroy', 'abort'])
  await assert.rejects(exchange.answered, { fault: 'headers-timeout' })
})

test('that timeout stops at the header section, even if request content is still to be sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const body = new Readable({ read() {} })
  const exchange = played('POST', { body, headersMs: 200 })
  await exchange.answered
  body.push('late')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(clock(t, exchange)(1000), [])
})

test('an interim response does not stop that timeout', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('GET', { headersMs: 200, answers: false })
  const after = clock(t, exchange)
  after(150)
  exchange.exchange.onResponseStart(exchange.controller, 103)
  assert.deepEqual(after(50), ['destroy', 'abort'])
})

test('that timeout runs while the upstream does not read the request content', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('POST', { body: new Readable({ read() {} }), headersMs: 200, answers: false })
  exchange.socket.writableNeedDrain = true
  assert.deepEqual(clock(t, exchange)(200), ['destroy', 'abort'])
})

test('starts no timer after a client disconnected in the queue, and one timer only for each request', async (t) => {
  const exchange = played('GET', { headersMs: 200, answers: false })
  exchange.answered.catch(() => {})
  const started = t.mock.method(globalThis, 'setTimeout')
  const stopped = t.mock.method(globalThis, 'clearTimeout')
  exchange.exchange.onRequestStart(exchange.controller)
  assert.equal(started.mock.callCount(), 1)
  assert.equal(stopped.mock.callCount(), 1)
  exchange.leave()
  exchange.exchange.onRequestStart(exchange.controller)
  assert.equal(started.mock.callCount(), 1)
  await assert.rejects(exchange.answered, { fault: 'left' })
})
