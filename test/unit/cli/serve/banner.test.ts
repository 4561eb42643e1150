import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderBanner, renderPlainBanner, type BannerFacts } from '../../../../src/cli/serve/banner.ts'
import type { SkippedPort } from '../../../../src/net/types.ts'
import type { Listening } from '../../../../src/server/types.ts'

const terminal = { isTerminal: true, color: false, columns: 80 }

const skipped: readonly SkippedPort[] = [
  { port: 8008, code: 'EADDRINUSE', holder: undefined, reason: '8008 is in use by node (pid 4242: vite)' },
  { port: 591, code: 'EACCES', holder: undefined, reason: '591 needs administrator rights' },
]

function facts(changes: Partial<BannerFacts> = {}, listening: Partial<Listening> = {}): BannerFacts {
  const { port = 8080, skipped: none = [], tls } = listening
  const plain = { name: 'http', protocol: 'http', port, addresses: [], skipped: none } as const
  const secure = tls === undefined ? [] : [{ ...tls, name: 'https', protocol: 'https' } as const]
  return {
    version: '0.1.0',
    readyMs: 41,
    folder: './site',
    routes: [],
    sites: [],
    redirected: undefined,
    canShare: true,
    announced: [],
    details: [],
    keys: [],
    ...changes,
    listening: {
      url: 'http://localhost:8080/',
      urls: { local: ['http://localhost:8080/'], network: [] },
      host: 'localhost',
      port: 8080,
      protocol: 'http',
      addresses: ['127.0.0.1', '::1'],
      skipped: [],
      tls: undefined,
      sites: [],
      listeners: [plain, ...secure].map((each) => ({ ...each, urls: { local: [], network: [] } })),
      ...listening,
    },
  }
}

test('tells version, time, folder, URLs and skipped ports', () => {
  assert.equal(
    renderBanner(facts({}, { skipped }), { ...terminal, columns: 100 }),
    `
  serve8008 0.1.0   ready in 41 ms

  Local     http://localhost:8080/     ./site
  Network   off (--lan to share)
  Ports     8008 is in use by node (pid 4242: vite) · 591 needs administrator rights · using 8080

`,
  )
})

test('breaks rows where the terminal is narrow', () => {
  const text = renderBanner(facts({ folder: './a/long/way/to/the/site' }, { skipped }), { ...terminal, columns: 50 })
  assert.equal(
    text,
    `
  serve8008 0.1.0   ready in 41 ms

  Local     http://localhost:8080/
            ./a/long/way/to/the/site
  Network   off (--lan to share)
  Ports     8008 is in use by node (pid 4242:
            vite)
            591 needs administrator rights
            using 8080

`,
  )
  assert.ok(text.split('\n').every((line) => line.length <= 50))
})

test('lists network URLs, mounts and details', () => {
  const network = ['http://192.168.1.2:8080/', 'http://10.0.0.2:8080/']
  const mount = { label: ['Mounts', 'Mount'] as const, isFolder: true, route: '/docs/', text: './manual' }
  const more = { routes: [mount], details: [['Config', ['no file']] as const] }
  const text = renderBanner(facts(more, { urls: { local: ['http://localhost:8080/'], network } }), terminal)
  assert.match(text, /\n {2}Network {3}http:\/\/192\.168\.1\.2:8080\/\n {12}http:\/\/10\.0\.0\.2:8080\/\n/)
  assert.match(text, /\n {2}Mounts {4}\/docs\/ {3}\.\/manual\n {2}Config {4}no file\n/)
  assert.doesNotMatch(text, /--lan/)
})

test('says what the network is told, and under which name', () => {
  const announced = ['"My name"', '_http._tcp', 'DIAL']
  assert.match(renderBanner(facts({ announced }), terminal), /\n {2}Announce {2}"My name" · _http\._tcp · DIAL\n/)
  assert.match(renderPlainBanner(facts({ announced })), /\nAnnounced "My name": _http\._tcp, DIAL\n/)
  assert.doesNotMatch(renderBanner(facts(), terminal), /Announce/)
})

test('does not offer --lan where it makes no sense', () => {
  const text = renderBanner(
    facts({ canShare: false }, { url: 'unix:/tmp/s', urls: { local: [], network: [] } }),
    terminal,
  )
  assert.match(text, /Local {5}unix:\/tmp\/s/)
  assert.doesNotMatch(text, /Network/)
})

test('colours the important parts, and passes no escapes of others on', () => {
  const text = renderBanner(facts({ folder: './a\u001B[2Jb' }, { skipped }), { ...terminal, color: true })
  assert.match(text, /\u001B\[36mhttp:\/\/localhost:8080\/\u001B\[39m/)
  assert.match(text, /\.\/a\\x1b\[2Jb/)
  assert.equal(text.replace(/\u001B\[\d+m/g, '').includes('\u001B'), false)
})

test('is one plain line for a pipe', () => {
  assert.equal(renderPlainBanner(facts()), 'serve8008 0.1.0 serving ./site at http://localhost:8080/\n')
  assert.equal(
    renderPlainBanner(facts({}, { skipped, urls: { local: [], network: ['http://10.0.0.2:8080/'] } })),
    'serve8008 0.1.0, 8008 is in use by node (pid 4242: vite), 591 needs administrator rights, ' +
      'serving ./site at http://localhost:8080/\nNetwork: http://10.0.0.2:8080/\n',
  )
  assert.equal(renderPlainBanner(facts({ folder: 'a\nb' })).split('\n').length, 2)
})

test('says how to end the program that has a port', () => {
  const holder = { pid: 4242, name: 'node', address: '127.0.0.1' } as SkippedPort['holder']
  const reason = '8008 is in use by node (pid 4242)'
  const text = renderBanner(facts({}, { skipped: [{ port: 8008, code: 'EADDRINUSE', holder, reason }] }), terminal)
  assert.match(
    text,
    /^ {2}Ports {5}8008 is in use by node \(pid 4242\)\n {12}using 8080\n {12}to free 8008: serve8008 free 8008$/m,
  )
})

const proxied = { label: ['Proxy', 'Proxy'] as const, isFolder: false }

test('tells what is forwarded', () => {
  const routes = [
    { ...proxied, route: '/api', text: 'localhost:3000' },
    { ...proxied, route: 'chat.localhost', text: 'localhost:4000, localhost:4001' },
    { ...proxied, label: ['Routes', 'Route'] as const, route: '/old', text: '307 to /new' },
  ]
  assert.match(
    renderBanner(facts({ routes }), terminal),
    /^ {2}Proxy {5}\/api -> localhost:3000\n {12}chat\.localhost -> localhost:4000, localhost:4001\n {2}Routes {4}\/old -> 307 to \/new$/m,
  )
  assert.match(renderPlainBanner(facts({ routes })), /^Proxy: \/api -> localhost:3000$/m)
})

test('shows the URL of each site', () => {
  const sites = [
    { address: 'http://docs.localhost:8080/', folder: './docs' },
    { address: '*.dev.localhost', folder: './dev' },
  ]
  assert.match(
    renderBanner(facts({ sites }), { ...terminal, color: true }),
    /Sites\S* {5}\S*36mhttp:\/\/docs\.localhost:8080\/\S*39m\S* {3}\S*\.\/docs\n {12}\*\.dev\.localhost/,
  )
  assert.match(renderPlainBanner(facts({ sites })), /^Site: http:\/\/docs\.localhost:8080\/ {2}\.\/docs$/m)
})

test('names no folder where everything is forwarded', () => {
  const all = facts({ folder: undefined, routes: [{ ...proxied, route: '/', text: 'localhost:5173' }] })
  assert.match(renderBanner(all, terminal), /Local {5}http:\/\/localhost:8080\/\n/)
  assert.match(renderPlainBanner(all), /^serve8008 0\.1\.0 forwarding at http:\/\/localhost:8080\/\nProxy: \/ -> /)
})
