import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderServers } from '../../../../src/cli/commands/status.ts'
import { textWidth } from '../../../../src/core/util/text-width.ts'
import type { RunningServer } from '../../../../src/control/server-registry.ts'

const now = new Date(2026, 4, 6, 14, 2).getTime()
const terminal = { isTerminal: true, color: false, columns: 80 }
const server: RunningServer = {
  pid: 4242,
  url: 'http://localhost:8008/',
  port: 8008,
  tlsPort: 0,
  root: '/home/ann/shop/site',
  cwd: '/home/ann/shop',
  reload: '',
  token: '',
  settings: '',
  script: '',
  startedAt: now - 125 * 60_000,
  urls: ['http://localhost:8008/'],
  routes: [],
}
const view = { cwd: '/home/ann/shop', now, terminal }

test('shows address, folder, process and age in one line', () => {
  assert.equal(
    renderServers([server], view),
    'http://localhost:8008/   ./site   pid 4242   up 2 h 5 min, since 11:57\n',
  )
})

test('shows further addresses, sites and routes below, and fits 80 columns', () => {
  const long = '/home/ann/a/very/long/path/to/some/folder/that/does/not/fit/anywhere/at/all/shop'
  const full: RunningServer = {
    ...server,
    root: long,
    startedAt: now - 4 * 24 * 3_600_000,
    urls: [
      'http://localhost:8008/',
      'https://localhost:8443/',
      'http://192.168.1.5:8008/',
      'https://192.168.1.5:8443/',
    ],
    sites: [
      { name: 'default', folder: '/home/ann/shop/site', urls: ['http://localhost:8008/'] },
      { name: 'docs.localhost', folder: '/home/ann/shop/docs', urls: ['http://docs.localhost:8008/'] },
    ],
    routes: Array.from({ length: 9 }, (_, i) => ({ route: `/api/v${i}`, to: `localhost:${3000 + i}` })),
  }
  const text = renderServers([full, { ...server, port: 591, url: 'http://localhost:591/', urls: [] }], view)
  const lines = text.trimEnd().split('\n')
  assert.deepEqual(lines, [
    'http://localhost:8008/   /home/an…ll/shop   pid 4242   up 4 d, since 2026-05-02',
    '  also    https://localhost:8443/, http://192.168.1.5:8008/,',
    '          https://192.168.1.5:8443/',
    '  sites   http://localhost:8008/ (./site), http://docs.localhost:8008/ (./docs)',
    '  routes  /api/v0 -> localhost:3000, /api/v1 -> localhost:3001,',
    '          /api/v2 -> localhost:3002, /api/v3 -> localhost:3003,',
    '          /api/v4 -> localhost:3004, /api/v5 -> localhost:3005, and 3 more',
    'http://localhost:591/    ./site             pid 4242   up 2 h 5 min, since 11:57',
  ])
  for (const line of lines) assert.ok(textWidth(line) <= 80, line)
})

test('shows a server that an older version started', () => {
  const { startedAt: _age, urls: _urls, routes: _routes, ...old } = server
  assert.equal(renderServers([old], view), 'http://localhost:8008/   ./site   pid 4242\n')
})

test('escapes what names and folders hold', () => {
  const text = renderServers([{ ...server, routes: [{ route: '/a\u001b[2J', to: 'x' }], root: '/tmp/\u202e' }], view)
  assert.doesNotMatch(text, /[\u001b\u202e]/)
})
