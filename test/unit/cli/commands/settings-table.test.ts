import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { renderSettings } from '../../../../src/cli/commands/settings-table.ts'
import { limitNames } from '../../../../src/config/options/limits.ts'
import { settingsOf } from '../../../../src/cli/commands/settings.ts'
import { loadConfig, type LoadOptions } from '../../../../src/config/load.ts'

const cwd = resolve('/work')

/** The table for a terminal of so many columns, or for a pipe. */
async function table(load: Partial<LoadOptions>, columns?: number, verbose = false): Promise<string> {
  const loaded = await loadConfig({ cwd, config: false, ...load })
  const terminal = { isTerminal: columns !== undefined, color: false, columns: columns ?? 80 }
  return renderSettings(settingsOf(loaded), loaded, cwd, terminal, verbose)
}

const flags = {
  port: '3000',
  headers: ['X-A: 1', 'content-security-policy: default-src self https://one.example.test https://two.example.test'],
  mounts: ['/docs=manual', '/far=/srv/far'],
  limits: 'ranges=4',
}

test('shows what was set before the defaults', async () => {
  const [made = '', standing = ''] = (await table({ flags, env: { SERVE8008_LISTING: 'off' } })).split('\n\n')
  const origins = made.split('\n').map((line) => line.replace(/^.* {2}/, ''))
  assert.equal(origins.includes('default'), false)
  assert.deepEqual(
    new Set(origins),
    new Set(['flag --mount', 'flag --port', 'env SERVE8008_LISTING', 'flag --header', 'flag --limit']),
  )
  for (const line of standing.trimEnd().split('\n')) assert.match(line, / {2}default$/)
})

test('names the route that turns h2c on', async () => {
  const proxy = ['/api=3000', '/grpc=h2c://localhost:5000']
  assert.match(await table({ flags: { proxy } }), /^h2c +on +route \/grpc$/m)
  assert.match(await table({ flags: { proxy, h2c: 'on' } }), /^h2c +on +flag --h2c$/m)
  assert.match(await table({ flags: { proxy: ['/api=3000'] } }), /^h2c +off +default$/m)
})

test('has a line for each header field and mount, as they are typed', async () => {
  const headers = { '/p': { b: '2', c: '3' } }
  const importModule = (): Promise<unknown> => Promise.resolve({ default: { headers } })
  const text = await table({ flags })
  assert.match(text, /^mounts +\/docs=\.[/\\]manual +flag --mount$/m)
  assert.match(text, /^mounts +\/far=\S+far +flag --mount$/m)
  assert.match(text, /^headers +x-a: 1 +flag --header$/m)
  assert.doesNotMatch(text, /[{[]/)
  const byPath = await table({ flags, cwd: import.meta.dirname, config: 'settings-table.test.ts', importModule })
  assert.match(byPath, /^headers +\/p {2}b: 2 +file settings-table\.test\.ts$/m)
  assert.match(byPath, /^headers +\/p {2}c: 3 +file settings-table\.test\.ts$/m)
  assert.match(byPath, /^headers +x-a: 1 +flag --header$/m)
})

test('shows the folder of a route, apart from the mounts', async () => {
  const routes = [{ match: { host: 'docs.localhost' }, root: 'docs' }]
  const text = await table({ flags, env: { SERVE8008_ROUTES: JSON.stringify(routes) } })
  assert.match(text, /^routes +docs\.localhost -> \.[/\\]docs +env SERVE8008_ROUTES$/m)
  assert.equal(text.match(/^(?:routes|mounts|proxy) /gm)?.length, 4)
})

test('shows limits that were set, and with verbose all of them', async () => {
  const text = await table({ flags })
  assert.match(text, /^limits\.ranges +4 +flag --limit$/m)
  assert.match(text, new RegExp(`^limits +${limitNames.length - 1} more, see --verbose +default$`, 'm'))
  assert.doesNotMatch(text, /idleMs/)
  assert.match(await table({ flags }, undefined, true), /^limits\.idleMs +10000 +default$/m)
})

test('shows beside a preset what it and the user set, and with verbose the rest', async () => {
  const preset = { preset: 'matrix', port: '0' }
  const text = await table({ flags: preset })
  assert.match(text, /^proxy +\/_matrix -> .*preset matrix$/m)
  assert.match(text, /^port +0 +flag --port$/m)
  assert.match(text, /^others +\d+ more, see --verbose +default$/m)
  assert.equal(text.match(/ default$/gm)?.length, 1)
  assert.match(await table({ flags: preset }, undefined, true), /^cors +off +default$/m)
})

test('names the limit that changed the time of the header section', async () => {
  const text = await table({ flags: { limits: 'requestMs=1000' } })
  assert.match(text, /^limits\.headerMs +1000 +flag --limit$/m)
})

test('shows the strict port as it was set: a single port alone sets nothing', async () => {
  assert.match(await table({ flags }), /^strictPort +off +default$/m)
  assert.match(await table({ flags: { port: '1', strictPort: true } }), /^strictPort +on +flag --strict-port$/m)
})

test('fits a terminal: breaks at words, and gives the origin a line of its own where there is no room', async () => {
  for (const columns of [40, 60, 80, 120]) {
    const text = await table({ flags, env: { SERVE8008_LISTING: 'off' } }, columns)
    for (const line of text.split('\n')) assert.ok(line.length <= Math.max(columns, 50), `${columns}: ${line}`)
    assert.match(text, /https:\/\/two\.example\.test\b/)
  }
  const whole = (await table({ flags })).split('\n').find((line) => line.includes('two.example.test'))
  assert.match(whole ?? '', /^headers .*one\.example.* {2}flag --header$/)
})

test('has a line for each route, with where it leads and no secrets', async () => {
  const headers = { authorization: 'Bearer s3cret' }
  const routes = JSON.stringify([
    { match: { path: '/old' }, redirect: '/new' },
    { match: { path: '/b' }, proxy: { to: '1', headers } },
  ])
  const text = await table({ flags: { proxy: ['/api=3000/v1'] }, env: { SERVE8008_ROUTES: routes } })
  assert.match(text, /^proxy +\/api -> localhost:3000\/v1 +flag --proxy$/m)
  assert.match(text, /^routes +\/old -> 307 to \/new +env SERVE8008_ROUTES$/m)
  assert.doesNotMatch(text, /s3cret/)
})

test('says who may use a route, with the folder as a person writes it', async () => {
  const routes = [
    { match: { path: '/docs' }, root: 'docs', auth: 'ann:secret' },
    { match: { path: '/admin' }, proxy: 3000, allow: 'loopback', origin: 'same' },
  ]
  const text = await table({ env: { SERVE8008_ROUTES: JSON.stringify(routes) } })
  assert.match(text, /^routes +\/docs -> \.[/\\]docs \(password\) +env SERVE8008_ROUTES$/m)
  assert.match(text, /^routes +\/admin -> localhost:3000 \(allow loopback, origin same\) +env SERVE8008_ROUTES$/m)
  assert.doesNotMatch(text, /secret/)
})
