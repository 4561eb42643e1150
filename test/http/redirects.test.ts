import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const started = await startServer({
  'index.html': 'home',
  'about.html': 'about',
  'sub/index.html': 'sub',
  'sub/page.html': 'page',
  'evil.test/index.html': 'a folder with a dangerous name',
  'snow ☃/index.html': 'snow',
  'a#b?c%/index.html': 'odd',
})
after(() => started[Symbol.asyncDispose]())

for (const [target, location] of [
  ['/sub', '/sub/'],
  ['/sub?foo=bar&x', '/sub/?foo=bar&x'],
  ['/snow%20%E2%98%83', '/snow%20%E2%98%83/'],
  ['/a%23b%3Fc%25', '/a%23b%3Fc%25/'],
  ['/evil.test', '/evil.test/'],
] as const) {
  test(`the folder ${target} redirects to its slash`, async () => {
    const reply = await rawGet(started.port, target)
    assert.ok([301, 302, 307, 308].includes(reply.status), String(reply.status))
    assert.equal(reply.field('location'), location)
  })
}

for (const target of [
  '//evil.test',
  '///evil.test',
  '//evil.test/..',
  '//evil.test/%2e%2e',
  '//evil.test/%2f..',
  '/%2fevil.test',
  '/%5cevil.test',
  '/.//evil.test',
  '//sub',
  '/sub//..//evil.test',
  '//sub?//evil.test',
  '/sub?\tX',
  '//localhost@evil.test/%2e%2e',
]) {
  test(`no redirect leaves the origin from ${JSON.stringify(target)}`, async () => {
    const reply = await rawGet(started.port, target)
    const location = reply.field('location')
    if (location === '') return
    assert.match(location, /^\/(?![/\\])/)
    assert.equal(new URL(location, 'http://localhost/').host, 'localhost')
  })
}

test('a redirect has no markup of the request', async () => {
  const reply = await rawGet(started.port, '/sub?<script>alert(1)</script>')
  assert.doesNotMatch(reply.body.toString(), /<script>/)
})

test('no request makes a redirect split the header section', async () => {
  for (const target of ['/sub%0d%0aX-Injected:1', '/sub?a%0d%0aX-Injected:1', '/sub%0cx', '/sub%09x']) {
    const reply = await rawGet(started.port, target)
    assert.equal(reply.field('x-injected'), '')
  }
})

test('a base is kept in redirects, and its path without a slash redirects to it', async () => {
  await using based = await startServer({ 'index.html': 'home', 'sub/index.html': 'sub' }, { base: '/docs/' })
  assert.equal((await rawGet(based.port, '/docs/sub?x')).field('location'), '/docs/sub/?x')
  assert.equal((await rawGet(based.port, '/docs?x')).field('location'), '/docs/?x')
  assert.equal((await rawGet(based.port, '/?x')).field('location'), '/docs/?x')
  assert.equal((await rawGet(based.port, '/docs/sub/')).body.toString(), 'sub')
  assert.equal((await rawGet(based.port, '/sub/')).status, 404)
  assert.ok((await rawGet(based.port, '/docs/../sub/')).status >= 400)
})

test('trailing slashes follow the policy and keep the query', async () => {
  const files = { 'about.html': 'about', 'sub/index.html': 'sub', 'a.css': 'a{}' }
  await using always = await startServer(files, { trailingSlash: 'always' })
  assert.equal((await rawGet(always.port, '/about?x')).field('location'), '/about/?x')
  assert.equal((await rawGet(always.port, '/about/')).body.toString(), 'about')
  assert.equal((await rawGet(always.port, '/a.css')).status, 200)
  await using never = await startServer(files, { trailingSlash: 'never' })
  assert.equal((await rawGet(never.port, '/about/?x')).field('location'), '/about?x')
  assert.equal((await rawGet(never.port, '/about')).body.toString(), 'about')
})

test('mounts serve other folders below their path', async () => {
  await using other = await startServer({
    'manual/index.html': 'manual',
    'manual/a.txt': 'm',
    'site/index.html': 'site',
  })
  const { folder } = other
  await using mounted = await startServer({}, { root: folder.join('site'), mounts: { '/docs': folder.join('manual') } })
  assert.equal((await rawGet(mounted.port, '/docs/')).body.toString(), 'manual')
  assert.equal((await rawGet(mounted.port, '/docs/a.txt')).body.toString(), 'm')
  assert.equal((await rawGet(mounted.port, '/docs?x')).field('location'), '/docs/?x')
  assert.equal((await rawGet(mounted.port, '/docs/../index.html')).body.toString().includes('manual'), false)
  for (const spelling of ['/%64ocs/a.txt', '//docs/a.txt', '/docs//a.txt']) {
    assert.equal((await rawGet(mounted.port, spelling)).body.toString(), 'm')
  }
  assert.equal((await rawGet(mounted.port, '/')).body.toString(), 'site')
  assert.equal((await rawGet(mounted.port, '/docsx')).status, 404)
})

test('a well-known URI is at the root beside a base, and redirects any method', async () => {
  const redirect = { match: { exact: '/.well-known/caldav' }, redirect: '/', status: 301 } as const
  await using based = await startServer({}, { base: '/cal/', routes: [redirect] })
  for (const method of ['GET', 'OPTIONS', 'PROPFIND', 'REPORT', 'PUT', 'MKCALENDAR']) {
    const message = `${method} /.well-known/caldav HTTP/1.1\r\n${based.hostLine}\r\nDepth: 0\r\nContent-Length: 2\r\n\r\n{}`
    const { status, field } = await rawRequest(based.port, message, method)
    assert.deepEqual([status, field('location')], [301, '/cal/'], method)
  }
  assert.equal((await rawGet(based.port, '/cal/.well-known/caldav')).status, 404)
})
