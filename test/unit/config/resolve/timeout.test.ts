import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from '../../../../src/config/load.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/config/types.ts'
import { problemOf } from '../problems-of.ts'

function timeoutsOf(options: ServeOptions): unknown {
  const [route] = resolveConfig(options).routes
  assert.ok(route?.action.kind === 'proxy')
  return route.action.proxy.timeouts
}

describe('timeout', () => {
  for (const [given, expected] of [
    [0, 0],
    ['0', 0],
    ['off', 0],
    [30, 30_000],
    [0.25, 250],
    ['30', 30_000],
    [' 30s ', 30_000],
    ['500ms', 500],
    ['0ms', 0],
    ['1500MS', 1500],
    ['5m', 300_000],
    ['1H', 3_600_000],
    ['1d', 86_400_000],
  ] as const) {
    test(`${JSON.stringify(given)} is ${expected} ms`, () => {
      assert.equal(resolveConfig({ timeout: given }).timeoutMs, expected)
    })
  }

  for (const given of [-1, Infinity, 3e9, '', '5 m', '5x', 'soon', '25d', '30sec', 'ms', '9999999999ms']) {
    test(`${JSON.stringify(given)} is no time`, () => {
      assert.match(problemOf({ timeout: given }), /^timeout: .* is not a time; use seconds from 0 \(no bound\)/)
    })
  }

  test('bounds what a route does not bound itself, and never the connection', () => {
    const to = 'http://localhost:3000'
    const usual = { connectMs: 10_000, headersMs: 2000, bodyIdleMs: 2000, totalMs: 0, upgradeMs: 2000 }
    assert.deepEqual(timeoutsOf({ timeout: 2, proxy: { '/': to } }), usual)
    assert.deepEqual(timeoutsOf({ timeout: 2, routes: [{ match: {}, proxy: to }] }), usual)
    assert.deepEqual(timeoutsOf({ timeout: 2, proxy: { '/': { to, timeouts: { headersMs: 0, connectMs: 1 } } } }), {
      ...usual,
      headersMs: 0,
      connectMs: 1,
    })
  })

  test('is read from a flag and from the environment', async () => {
    const from = async (sources: object): Promise<number> =>
      (
        await loadConfig({ cwd: '/', env: {}, flags: {}, config: false, ...sources } as Parameters<
          typeof loadConfig
        >[0])
      ).config.timeoutMs
    assert.equal(await from({ flags: { timeout: ['5m'] } }), 300_000)
    assert.equal(await from({ env: { SERVE8008_TIMEOUT: '30' } }), 30_000)
  })
})
