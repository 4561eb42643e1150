// own process: the clock of the whole process stands still
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { Http1Exchange } from '../../../../src/proxy/h1/exchange.ts'
import { Http1Connection } from '../../../../src/proxy/h1/connection.ts'
import type { Sink, Source } from '../../../../src/http/message/reply.ts'
import type { UpstreamReply } from '../../../../src/proxy/types.ts'

const timeouts = { connectMs: 0, headersMs: 0, bodyIdleMs: 0, totalMs: 0, upgradeMs: 0 }

/** An exchange whose upstream and client are played by the test. */
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
  const exchange = new Http1Exchange(
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

test('a client that leaves while the reply comes ends the connection to the upstream', async () => {
  const { events, answered, leave } = played()
  await answered
  leave()
  assert.deepEqual(events, ['destroy', 'abort'])
})

test('a client that leaves after the upstream is done leaves its connection to others', async () => {
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

test('the answer to HEAD that is not needed leaves the connection to others', async () => {
  const { events, controller, exchange, answered } = played('HEAD')
  exchange.onResponseEnd(controller)
  const { body } = await answered
  assert.equal((body as Source).length, 200_000)
  exchange.cancel()
  assert.deepEqual(events, [])
})

test('an upstream is paused while the client takes no more, and goes on when it does', async () => {
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

test('what came before the client could take it holds the upstream up only until it was taken', async () => {
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

test('an upstream goes on at once when the client takes all that came before', async () => {
  const { events, controller, exchange, answered } = played()
  const { body } = await answered
  exchange.onResponseData(controller, Buffer.alloc(300_000))
  const sink: Sink = { write: () => Promise.resolve(), pass: () => {} }
  void (body as Source).pull(sink, new AbortController().signal)
  assert.deepEqual(events, ['pause', 'resume'])
})

/** What the upstream's time has come to after so many milliseconds. */
function clock(t: TestContext, { events, answered }: ReturnType<typeof played>): (ms: number) => string[] {
  answered.catch(() => {})
  return (ms) => {
    t.mock.timers.tick(ms)
    return events
  }
}

test('the time to the head of a reply is kept to the millisecond', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('GET', { headersMs: 200, answers: false })
  const after = clock(t, exchange)
  assert.deepEqual(after(199), [])
  assert.deepEqual(after(1), ['destroy', 'abort'])
  await assert.rejects(exchange.answered, { fault: 'headers-timeout' })
})

test('it ends with the head, whatever of the content is still to be sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const body = new Readable({ read() {} })
  const exchange = played('POST', { body, headersMs: 200 })
  await exchange.answered
  body.push('late')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(clock(t, exchange)(1000), [])
})

test('it goes on through an interim reply', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('GET', { headersMs: 200, answers: false })
  const after = clock(t, exchange)
  after(150)
  exchange.exchange.onResponseStart(exchange.controller, 103)
  assert.deepEqual(after(50), ['destroy', 'abort'])
})

test('it runs while the upstream takes no more of the content', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = played('POST', { body: new Readable({ read() {} }), headersMs: 200, answers: false })
  exchange.socket.writableNeedDrain = true
  assert.deepEqual(clock(t, exchange)(200), ['destroy', 'abort'])
})

test('no clock runs for a client that left while its request was queued, nor two for one request', async (t) => {
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
