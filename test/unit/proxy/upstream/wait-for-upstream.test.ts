import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../../../../src/http/message/exchange.ts'
import { RequestHeaders } from '../../../../src/http/message/headers.ts'
import { createConnector } from '../../../../src/proxy/upstream/connect.ts'
import { LongLived } from '../../../../src/proxy/long-lived.ts'
import { waitTimeFor, waitForUpstream, isPageNavigation } from '../../../../src/proxy/upstream/wait-for-upstream.ts'
import { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'
import { createGate } from '../../../support/gate.ts'
import { TempFolder } from '../../../support/server.ts'
import { RawUpstream, upstreamAt } from '../../../support/upstream.ts'

const patient = { waitMs: 20_000, whenGone: () => () => {}, longLived: new LongLived() }

function refusal(): UpstreamError {
  return new UpstreamError('refused', 'refused', { wrote: false })
}

function asked(method: string, ...headers: string[]): Exchange {
  return {
    method,
    version: '1.1',
    body: { expected: false, allowsUpgrade: true },
    headers: new RequestHeaders(headers),
  } as unknown as Exchange
}

test('a page navigation does not wait: the waiting page does', () => {
  const html = 'text/html,application/xhtml+xml,*/*;q=0.8'
  for (const [x, expected] of [
    [asked('GET', 'Sec-Fetch-Mode', 'navigate', 'Accept', html), true],
    [asked('GET', 'Accept', html), true],
    [asked('GET', 'Sec-Fetch-Mode', 'cors', 'Accept', html), false],
    // A service worker that forwards the navigation.
    [asked('GET', 'Sec-Fetch-Dest', 'empty', 'Sec-Fetch-Mode', 'navigate', 'Accept', html), true],
    [asked('GET', 'Sec-Fetch-Mode', 'same-origin', 'Upgrade-Insecure-Requests', '1', 'Accept', html), true],
    [asked('GET', 'Accept', '*/*'), false],
    [asked('GET'), false],
    [asked('POST', 'Sec-Fetch-Mode', 'navigate', 'Accept', html), false],
  ] as const) {
    assert.equal(isPageNavigation(x), expected)
    assert.equal(waitTimeFor(x, undefined), 0)
    assert.equal(waitTimeFor(x, 70), expected ? 0 : 70)
  }
})

test('an event stream waits longest, then an upgrade and the waiting page', () => {
  for (const [headers, expected] of [
    [['Accept', 'text/event-stream'], 30_000],
    [['Connection', 'Upgrade', 'Upgrade', 'websocket'], 5000],
    [['X-Serve8008', 'waiting', 'Accept', 'application/problem+json'], 5000],
  ] as const) {
    assert.equal(waitTimeFor(asked('GET', ...headers), undefined), expected)
    assert.equal(waitTimeFor(asked('GET', ...headers), 0), 0)
    assert.equal(waitTimeFor(asked('POST', ...headers), undefined), 0)
  }
})

test('retries while connections are refused', async () => {
  let attempts = 0
  let told = 0
  const attempt = async (): Promise<string> => {
    if (++attempts < 4) throw refusal()
    return 'back'
  }
  assert.equal(await waitForUpstream(attempt, { ...patient, onWait: () => told++ }), 'back')
  assert.deepEqual([attempts, told], [4, 1])
})

test('does not retry after another fault, or a refusal after bytes were sent', async () => {
  for (const error of [
    new UpstreamError('reset', 'reset', { wrote: false }),
    new UpstreamError('refused', 'refused', { wrote: true }),
    new Error('ours'),
  ]) {
    let attempts = 0
    const attempt = async (): Promise<never> => {
      attempts++
      throw error
    }
    await assert.rejects(waitForUpstream(attempt, patient), error)
    assert.equal(attempts, 1)
  }
})

test('retries a connection that is accepted and closed at once, if the request is repeatable', async () => {
  let attempts = 0
  const attempt = async (_start?: number): Promise<string> => {
    if (++attempts < 3) throw new UpstreamError('reset', 'reset', { wrote: true })
    return 'back'
  }
  assert.equal(await waitForUpstream(attempt, { ...patient, isRepeatable: () => true }), 'back')
  await assert.rejects(waitForUpstream(async () => attempt((attempts = 0)), { ...patient, isRepeatable: () => false }))
  assert.equal(attempts, 1)
})

test('does not retry a connection that lasted before its reset', async (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  let attempts = 0
  const attempt = async (): Promise<never> => {
    attempts++
    now += 1000
    throw new UpstreamError('reset', 'reset', { wrote: true })
  }
  await assert.rejects(waitForUpstream(attempt, { ...patient, isRepeatable: () => true }), UpstreamError)
  assert.equal(attempts, 1)
})

test('makes one attempt without a wait, else the last one at its end', async () => {
  for (const [waitMs, least] of [
    [0, 1],
    [30, 2],
  ] as const) {
    let attempts = 0
    const attempt = async (): Promise<never> => {
      attempts++
      throw refusal()
    }
    await assert.rejects(waitForUpstream(attempt, { ...patient, waitMs }), UpstreamError)
    assert.ok(attempts >= least && attempts <= 2, String(attempts))
  }
})

test('a client that disconnects ends the wait at once', async () => {
  let leave = (): void => assert.fail('the wait has not begun')
  const waiting = createGate()
  let attempts = 0
  const attempt = async (): Promise<never> => {
    attempts++
    throw refusal()
  }
  const held = waitForUpstream(attempt, {
    ...patient,
    waitMs: 600_000,
    whenGone: (callback) => {
      leave = callback
      return () => {}
    },
    onWait: waiting.open,
  })
  await waiting.opened
  leave()
  await assert.rejects(held, { fault: 'left' })
  assert.equal(attempts, 1)
})

test('reaches a backend that restarts, also on a unix socket', { skip: process.platform === 'win32' }, async () => {
  using folder = new TempFolder()
  const path = folder.join('app.sock')
  const dial = createConnector({
    upstream: upstreamAt(0, { socketPath: path, hostname: 'localhost' }),
    connectMs: 20_000,
    tls: { verify: true },
    alpn: ['http/1.1'],
  })
  const waiting = createGate()
  const held = waitForUpstream(() => dial(), { ...patient, onWait: waiting.open })
  await waiting.opened
  await using _upstream = await RawUpstream.open(() => {}, path)
  const socket = await held
  socket.destroy()
})
