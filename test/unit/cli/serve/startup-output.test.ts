import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { printStartup, type StartupFacts } from '../../../../src/cli/serve/startup-output.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/config/types.ts'
import { packageVersion } from '../../../../src/cli/process-io.ts'

/** What is printed when the server listens on the network, at a terminal of 80 columns. */
async function announced(argv: readonly string[], isTerminal: boolean, options: ServeOptions = {}): Promise<string> {
  let printed = ''
  const config = resolveConfig({ lan: true, ...options }, { cwd: '/work' })
  const start = {
    listening: {
      url: 'http://localhost:8008/',
      urls: { local: ['http://localhost:8008/'], network: ['http://192.168.1.2:8008/'] },
      host: 'localhost',
      port: 8008,
      protocol: 'http',
      addresses: ['::'],
      skipped: [],
      listeners: [],
      sites: [
        { name: 'docs.localhost', hosts: [], urls: ['https://docs.localhost:8448/', 'https://docs.localhost:8449/'] },
        { name: '*.dev.localhost', hosts: [], urls: [] },
      ],
    },
    loaded: { config, origins: { lan: 'flag --lan', port: 'default' }, file: undefined, options: {} },
    config,
    command: await readCommand(argv, () => false),
    program: { cwd: '/work', pid: 42, elapsed: () => 41.4 },
    report: { terminal: { isTerminal, color: false, columns: 80 }, print: (text: string) => (printed += text) },
    startMs: 30,
    configMs: 4,
  } as unknown as StartupFacts
  await printStartup(start)
  return printed
}

test('a terminal gets the banner and, with --lan, a QR code', async () => {
  const text = await announced(['--lan'], true)
  assert.ok(
    text.startsWith(`\n  serve8008 ${packageVersion()}   ready in 41 ms\n\n  Local     http://localhost:8008/     .\n`),
  )
  assert.match(text, /\n {2}Network {3}http:\/\/192\.168\.1\.2:8008\/\n\n {2}█[ ▀▄█]+\n/)
})

test('--verbose adds the file, the origins and the timings', async () => {
  assert.match(
    await announced(['--verbose'], true),
    /\n {2}Config {4}no file\n {2}Set by {4}lan: flag --lan\n {2}Timing {4}start 30 ms · config 4 ms · listen 7 ms\n/,
  )
})

test('a pipe gets no QR code, --quiet nothing', async () => {
  const line = `serve8008 ${packageVersion()} serving . at http://localhost:8008/\nNetwork: http://192.168.1.2:8008/\n`
  assert.equal(await announced([], false), line)
  assert.equal(await announced(['--quiet'], true), '')
})

test('names a site by its first URL, else by its name', async () => {
  const names = ['docs.localhost', '*.dev.localhost']
  const sites = names.map((host) => ({ host, root: './docs' }))
  const text = await announced([], false, { sites })
  assert.match(text, /^Site: https:\/\/docs\.localhost:8448\/ {2}\S*docs\nSite: \*\.dev\.localhost {2}\S*docs$/m)
})

test('a pipe gets every route that the banner shows', async () => {
  const options: ServeOptions = {
    mounts: { '/docs': './manual' },
    proxy: { '/api': 'https://localhost:8443,changeOrigin,insecure,timeout=30s', '/v1': 3000 },
    routes: [
      { match: { path: '/old' }, redirect: '/new' },
      { match: { path: '/health' }, reply: { status: 204 } },
      { match: { path: '/now' }, handler: function now() {} as never },
    ],
  }
  const plain = await announced([], false, options)
  const [, , ...lines] = plain.trimEnd().split('\n')
  assert.deepEqual(lines.slice(0, 6), [
    'Mount: /docs  ./manual',
    'Proxy: /api -> https://localhost:8443 (changeOrigin, insecure, timeout=30s)',
    'Proxy: /v1 -> localhost:3000',
    'Route: /old -> 307 to /new',
    'Route: /health -> reply 204',
    'Handler: /now -> (function now)',
  ])
  const banner = await announced([], true, options)
  for (const line of lines.slice(0, 6)) {
    const [, route = '', does = ''] = /^\w+: (\S+) (?:->)? *(.*)$/.exec(line) ?? []
    assert.ok(banner.replace(/\s+/g, ' ').includes(`${route} ${line.includes('->') ? '-> ' : ''}${does}`), line)
  }
  const {
    sites: [site],
  } = JSON.parse(await announced(['--json'], false, options)) as { sites: { name: string; routes: unknown }[] }
  assert.deepEqual(site?.routes, [
    {
      route: '/api',
      kind: 'proxy',
      to: 'https://localhost:8443',
      options: ['changeOrigin', 'insecure', 'timeout=30s'],
    },
    { route: '/v1', kind: 'proxy', to: 'localhost:3000', options: [] },
    { route: '/old', kind: 'redirect', to: '307 to /new', options: [] },
    { route: '/health', kind: 'reply', to: 'reply 204', options: [] },
    { route: '/now', kind: 'handler', to: '(function now)', options: [] },
    { route: '/docs', kind: 'folder', to: resolve('/work', 'manual'), options: [] },
  ])
})

test('--json prints one line with stable keys', async () => {
  const line = await announced(['--json'], true, { root: './site' })
  assert.ok(line.endsWith('}\n'))
  const value = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual(Object.keys(value), [
    'version',
    'url',
    'urls',
    'port',
    'host',
    'protocol',
    'root',
    'pid',
    'readyMs',
    'skipped',
    'listeners',
    'sites',
  ])
  assert.deepEqual([value['root'], value['pid'], value['port']], [resolve('/work', 'site'), 42, 8008])
})

test('says who may use a route, and what is not as usual, without secrets', async () => {
  const options: ServeOptions = {
    routes: [
      { match: { path: '/admin' }, proxy: 3000, auth: 'ann:secret', allow: 'loopback', origin: 'same' },
      {
        match: { path: '/docs' },
        root: './manual',
        authFile: './users',
        allow: ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'private'],
      },
      { match: { path: '/open' }, reply: { status: 204 }, auth: false, origin: 'none' },
      { match: { path: '/now' }, handler: function now() {} as never, passAuthorization: true },
      { match: { path: '/old' }, proxy: { to: 3001, aliases: ['old.test'], rewriteBody: ['href='] } },
    ],
  }
  const lines = [
    'Mount: /docs  ./manual (password file, allow 10.0.0.1 10.0.0.2 10.0.0.3 and 1 more)',
    'Proxy: /admin -> localhost:3000 (password, allow loopback, origin same)',
    'Proxy: /old -> localhost:3001 (aliases, rewriteBody)',
    'Route: /open -> reply 204 (no password, origin none)',
    'Handler: /now -> (function now) (passAuthorization)',
  ]
  const plain = await announced([], false, options)
  for (const line of lines) assert.ok(plain.split('\n').includes(line), `${line} in ${plain}`)
  assert.doesNotMatch(plain + (await announced([], true, options)), /ann|secret|users/)
})

const to = 'localhost:3000'
for (const [options, isReached] of [
  [{ proxy: { '/': to } }, false],
  [{ routes: [{ match: { path: '/' }, redirect: 'https://a.test/' }] }, false],
  [{ routes: [{ match: { path: '/' }, reply: { status: 503 } }] }, false],
  [{ proxy: { '/api': to } }, true],
  [{ proxy: { 'app.localhost': to } }, true],
  [{ routes: [{ match: { exact: '/' }, proxy: to }] }, true],
  [{ routes: [{ match: { path: '/', method: 'POST' }, proxy: to }] }, true],
  [{ routes: [{ match: { path: '/', header: { 'x-canary': '1' } }, proxy: to }] }, true],
  [{}, true],
] as readonly (readonly [ServeOptions, boolean])[]) {
  test(`names ${isReached ? 'the folder' : 'no folder'} with ${JSON.stringify(options)}`, async () => {
    const banner = await announced([], true, options)
    assert.match(banner, isReached ? /Local {5}\S+ {5}\.\n/ : /Local {5}\S+\n/)
    const plain = await announced([], false, options)
    assert.match(plain, isReached ? / serving \. at http/ : / forwarding at http/)
  })
}
