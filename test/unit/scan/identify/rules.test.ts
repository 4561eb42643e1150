import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from '../../../../src/scan/identify/commands.ts'
import { matchCommand, matchReplies, strongest, type Rule } from '../../../../src/scan/identify/rules.ts'

const reply = (
  head: string,
  body = '',
): ReadonlyMap<string, { http: string; status: number; head: string; body: string }> =>
  new Map([['GET /', { http: '1.1', status: 200, head: `HTTP/1.1 200 OK\n${head}`, body }]])

const rules: readonly Rule[] = [
  { product: 'Built', ask: '*', level: 'platform', head: /^Server: built/im },
  { product: 'Page', ask: '*', level: 'page', body: /<title>page/ },
  { product: 'Other page', ask: '*', level: 'page', body: /<title>page/ },
  { product: 'Field', ask: '*', level: 'field', head: /^Server: field\/(?<version>\d)/im },
]

test('a field is stronger than a page, and a page than a platform', () => {
  const name = (head: string, body?: string): string | undefined =>
    strongest(matchReplies(rules, reply(head, body)))?.product
  assert.equal(name('Server: field/1\nServer: built', '<title>page'), 'Field')
  assert.equal(name('Server: built', '<title>page'), 'Page')
  assert.equal(name('Server: built'), 'Built')
  assert.equal(name('Server: none'), undefined)
})

test('a page that names a field of a reply does not count as that field', () => {
  assert.equal(strongest(matchReplies(rules, reply('X: y', 'Server: field/1'))), undefined)
})

test('the command decides between equals and is stronger than a platform only', () => {
  const command = { product: 'Other page', level: 'command', version: undefined, evidence: 'process: other' } as const
  const name = (head: string, body?: string): string | undefined =>
    strongest([...matchReplies(rules, reply(head, body)), command])?.product
  assert.equal(name('X: y', '<title>page'), 'Other page')
  assert.equal(name('Server: field/1', '<title>page'), 'Field')
  assert.equal(name('Server: built'), 'Other page')
})

const named: readonly [command: string, product: string | undefined, version?: string][] = [
  ['vite', 'Vite'],
  ['/srv/shop/node_modules/.bin/vite --port 5173', 'Vite'],
  ['vitest watch', undefined],
  ['next-server (v15.1.0)', 'Next.js', '15.1.0'],
  ['next dev', 'Next.js'],
  ['astro dev', 'Astro'],
  ['ng serve', 'Angular'],
  ['webpack serve', 'webpack-dev-server'],
  ['storybook dev', 'Storybook'],
  ['react-scripts start', 'React Scripts'],
  ['http-server', 'http-server'],
  ['live-server', 'live-server'],
  ['serve', 'serve'],
  ['server.js', undefined],
  ['python -m http.server', 'Python http.server'],
  ['manage.py runserver', 'Django'],
  ['php -S localhost:8000', 'PHP built-in server'],
  ['puma 5.6.5 (tcp://127.0.0.1:9292) [shop]', 'Rails'],
  ['flask run', 'Flask'],
  ['redis-server', 'Redis'],
  ['nginx: master process nginx', 'nginx'],
  ['node', undefined],
]

for (const [command, product, version] of named) {
  test(`the command ${command} is ${product ?? 'unknown'}`, () => {
    const [first] = matchCommand(commands, command)
    assert.equal(first?.product, product)
    assert.equal(first?.version, version)
  })
}
