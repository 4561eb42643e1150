import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHealthChecks } from '../../../../src/proxy/upstream/health.ts'
import type { UpstreamRequest, UpstreamReply } from '../../../../src/proxy/types.ts'
import { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'
import { createGate } from '../../../support/gate.ts'
import { upstreamAt } from '../../../support/upstream.ts'

const upstream = upstreamAt(3001)

test('checks each upstream at once and repeatedly; a status below 400 is healthy, and content is not read', async () => {
  const answers = [200, 399, 400, 503, undefined, 204]
  const found: boolean[] = []
  const paths = new Set<string>()
  const done = createGate()
  const changes: (string | undefined)[] = []
  let cancelled = 0
  let turn = 0
  const send = (request: UpstreamRequest): Promise<UpstreamReply> => {
    paths.add(`${request.method} ${request.path} ${request.headers[1]}`)
    const status = answers[turn++]
    if (status === undefined) return Promise.reject(new UpstreamError('refused', 'refused', { wrote: false }))
    return Promise.resolve({ status, headers: [], body: { pull: () => assert.fail(), cancel: () => cancelled++ } })
  }
  const checks = createHealthChecks({
    upstreams: [upstream],
    health: { path: '/healthz', intervalMs: 1, timeoutMs: 1000 },
    transportOf: () => ({ send }),
    onCheck: (checked, isHealthy) => {
      assert.equal(checked, upstream)
      found.push(isHealthy)
    },
    onChange: (of, fault) => {
      assert.equal(of, upstream)
      // onChange is called after onCheck.
      if (changes.push(fault) === 2) done.open()
    },
  })
  // The timers of health checks do not keep the process alive.
  const awake = setInterval(() => {}, 1000)
  await done.opened
  clearInterval(awake)
  checks.close()
  assert.deepEqual(found, [true, true, false, false, false, true])
  assert.deepEqual(changes, ['400', undefined])
  assert.deepEqual([...paths], ['GET /healthz 127.0.0.1:3001'])
  assert.equal(cancelled, 5)
})

test('a check sends the fields that the route sets, once', async () => {
  const asked = await new Promise<UpstreamRequest>((resolve) => {
    const checks = createHealthChecks({
      upstreams: [upstream],
      health: { path: '/', intervalMs: 60_000, timeoutMs: 1000 },
      fields: ['host', 'foobar.dev', 'Authorization', 'Bearer x', 'user-agent', 'ours'],
      transportOf: () => ({
        send(request) {
          resolve(request)
          return Promise.resolve({ status: 200, headers: [], body: null })
        },
      }),
      onCheck: () => checks.close(),
      onChange: () => {},
    })
  })
  assert.deepEqual(asked.headers, [
    ...['Accept', '*/*', 'host', 'foobar.dev', 'Authorization', 'Bearer x', 'user-agent', 'ours'],
  ])
})

/** Never answers, and notices when a request is cancelled. */
function silent(aborted: () => void): (request: UpstreamRequest) => Promise<UpstreamReply> {
  return ({ whenGone }) =>
    new Promise((_, reject) => {
      whenGone(() => {
        aborted()
        reject(new UpstreamError('reset', 'left', { wrote: true }))
      })
    })
}

test('a check that times out fails', async () => {
  const found = createGate()
  const results: unknown[] = []
  const checks = createHealthChecks({
    upstreams: [upstream],
    health: { path: '/', intervalMs: 60_000, timeoutMs: 5 },
    transportOf: () => ({ send: silent(() => {}) }),
    onCheck: (_, isHealthy) => results.push(isHealthy),
    onChange: (_, fault) => {
      results.push(fault)
      found.open()
    },
  })
  const awake = setInterval(() => {}, 1000)
  await found.opened
  clearInterval(awake)
  checks.close()
  assert.deepEqual(results, [false, 'no response within 5 ms'])
})

test('close() cancels a running check, and calls no callback afterwards', async () => {
  const aborted = createGate()
  const checks = createHealthChecks({
    upstreams: [upstream],
    health: { path: '/', intervalMs: 1, timeoutMs: 60_000 },
    transportOf: () => ({ send: silent(aborted.open) }),
    onCheck: () => assert.fail(),
    onChange: () => assert.fail(),
  })
  checks.close()
  await aborted.opened
  await new Promise(setImmediate)
})
