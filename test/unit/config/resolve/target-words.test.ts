import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeRoute } from '../../../../src/config/kinds/describe.ts'
import type { ProxySetting, ResolvedProxy } from '../../../../src/config/kinds/proxy-types.ts'
import { loadConfig } from '../../../../src/config/load.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ResolvedConfig } from '../../../../src/config/types.ts'
import { problemOf, problemsOf } from '../problems-of.ts'

function proxyIn({ routes }: ResolvedConfig): ResolvedProxy {
  const [route] = routes
  assert.ok(route?.action.kind === 'proxy')
  return route.action.proxy
}

function proxyOf(setting: ProxySetting): ResolvedProxy {
  return proxyIn(resolveConfig({ proxy: { '/api': setting } }))
}

function textOf(setting: ProxySetting): string {
  return describeRoute({ action: { kind: 'proxy', proxy: proxyOf(setting) } })
}

const all = 'https://localhost:8443/v1,changeOrigin,insecure,timeout=30s'

describe('words behind a target', () => {
  test('are options of the route', () => {
    const short = proxyOf(all)
    const timeouts = { headersMs: 30_000, bodyIdleMs: 30_000, upgradeMs: 30_000 }
    const long = proxyOf({ to: 'https://localhost:8443/v1', changeOrigin: true, tls: { verify: false }, timeouts })
    assert.deepEqual(short, long)
    assert.deepEqual(proxyOf('localhost:3000'), proxyOf({ to: 'localhost:3000' }))
    assert.equal(proxyOf(' localhost:3000 , changeOrigin ').upstreams[0]?.label, 'localhost:3000')
  })

  for (const [time, ms] of [
    ['5', 5000],
    ['500ms', 500],
    ['2m', 120_000],
    ['0', 0],
    ['off', 0],
  ] as const) {
    test(`timeout=${time} overrides the option timeout`, () => {
      const { timeouts } = proxyIn(resolveConfig({ timeout: 7, proxy: { '/api': `:3000,timeout=${time}` } }))
      assert.deepEqual(timeouts, { connectMs: 10_000, headersMs: ms, bodyIdleMs: ms, totalMs: 0, upgradeMs: ms })
    })
  }

  test('may stand behind any of several targets, and hold for all', () => {
    const { upstreams, changeOrigin, tls } = proxyOf([3000, 'https://localhost:8443,insecure', ':3001,changeOrigin'])
    assert.deepEqual(
      [upstreams.map(({ label }) => label), changeOrigin, tls.verify],
      [['localhost:3000', 'https://localhost:8443', 'localhost:3001'], true, false],
    )
  })

  test('are read from flags, variables and routes', async () => {
    const flags = { proxy: [`/api=${all}`] }
    const fromFlag = await loadConfig({ cwd: '/work', flags, config: false })
    const fromEnv = await loadConfig({ cwd: '/work', env: { SERVE8008_PROXY: `/api=${all}` }, config: false })
    const fromRoute = resolveConfig({ routes: [{ match: { path: '/api' }, proxy: all }] })
    for (const config of [fromFlag.config, fromEnv.config, fromRoute]) assert.deepEqual(proxyIn(config), proxyOf(all))
  })

  test('are shown with the target', () => {
    assert.equal(textOf(all), 'https://localhost:8443/v1 (changeOrigin, insecure, timeout=30s)')
    assert.equal(textOf(':3000,timeout=500ms'), 'localhost:3000 (timeout=0.5s)')
    assert.equal(textOf([':3000', ':3001,changeOrigin']), 'localhost:3000, localhost:3001 (changeOrigin)')
    assert.equal(textOf(3000), 'localhost:3000')
  })

  test('are no part of `to`, where a comma belongs to the path', () => {
    assert.equal(proxyOf({ to: 'http://localhost:3000/a,changeOrigin' }).upstreams[0]?.prefix, '/a,changeOrigin')
  })

  const allowed = /use changeOrigin, insecure or timeout=30s; everything else has a name in a config file: \{ to: … \}$/
  for (const [setting, message] of [
    ['http://localhost:3000/a,b', /^proxy\.\/api: "b" is not an option of a target; use changeOrigin, insecure or/],
    [':3000,retry', allowed],
    [':3000,', /"" is not an option of a target/],
    [':3000,changeorigin', /"changeorigin" is not an option of a target; did you mean "changeOrigin"\?$/],
    [':3000,change-origin', /did you mean "changeOrigin"\?$/],
    [':3000,changeOrigin=true', /changeOrigin takes no value; write changeOrigin alone$/],
    [':3000,timeout', /timeout has no time; write timeout=30s$/],
    [':3000,timeout=soon', /"soon" is not a time; use seconds from 0/],
    [':3000,timeout=1s,timeout=2s', /timeout is given twice; keep one of them$/],
    [':3000,:3001', /":3001" follows a comma, and only options do; for several targets repeat the match: -x/],
    [':3000,3001', /"3001" follows a comma, and only options do/],
    [':3000,http://localhost:3001', /follows a comma, and only options do/],
    [':3000,insecure', /insecure needs a target with TLS; remove it, or write https:\/\/$/],
  ] as const) {
    test(`${setting} is wrong`, () => assert.match(problemOf({ proxy: { '/api': setting } }), message))
  }

  test('of a target with credentials are not repeated', () => {
    const problems = problemsOf({ proxy: { '/api': 'http://ann:sec,ret@localhost:3000' } })
    assert.equal(problems.length, 1)
    assert.doesNotMatch(problems.join(), /sec|ret@/)
  })
})
