import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

test('no origin may read replies unless that is asked for', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const reply = await rawGet(started.port, '/a.txt', ['Origin: https://evil.test'])
  for (const [name] of reply.fields) assert.doesNotMatch(name, /^access-control-/)
  assert.equal(reply.field('cross-origin-resource-policy'), 'same-site')
})

test('a public page gets no leave to reach this machine', async () => {
  for (const cors of [false, true, 'https://app.test']) {
    await using started = await startServer({ 'a.txt': 'alpha' }, { cors })
    const lines = [
      'Origin: https://app.test',
      'Access-Control-Request-Method: GET',
      'Access-Control-Request-Private-Network: true',
    ]
    const message = `OPTIONS /a.txt HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`
    const reply = await rawRequest(started.port, message)
    assert.equal(reply.field('access-control-allow-private-network'), '')
    assert.equal(reply.field('access-control-allow-credentials'), '')
  }
})

test('with CORS the named origins may read, without credentials', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { cors: ['https://app.test'] })
  const allowed = await rawGet(started.port, '/a.txt', ['Origin: https://app.test'])
  assert.equal(allowed.field('access-control-allow-origin'), 'https://app.test')
  assert.equal(allowed.field('access-control-allow-credentials'), '')
  assert.match(allowed.field('vary'), /origin/i)
  for (const origin of ['https://app.test.evil.test', 'https://evil.test', 'null', 'https://APP.test.']) {
    const other = await rawGet(started.port, '/a.txt', [`Origin: ${origin}`])
    assert.equal(other.field('access-control-allow-origin'), '')
    assert.match(other.field('vary'), /origin/i)
  }
})

test('answers a malformed Origin with 200', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { cors: ['https://app.test'] })
  for (const origin of ['', '%%%', 'http://[::1', '\xff\xfe', 'a'.repeat(5000)]) {
    assert.equal((await rawGet(started.port, '/a.txt', [`Origin: ${origin}`])).status, 200)
  }
})

test('isolation sends its two fields with every page', async () => {
  await using started = await startServer({ 'index.html': 'home' }, { isolate: true })
  for (const target of ['/', '/missing']) {
    const reply = await rawGet(started.port, target)
    assert.equal(reply.field('cross-origin-opener-policy'), 'same-origin')
    assert.equal(reply.field('cross-origin-embedder-policy'), 'require-corp')
  }
})

test('a listing runs no script but its own and cannot be framed', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const reply = await rawGet(started.port, '/?<script>alert(1)</script>', ['Accept: text/html'])
  assert.match(reply.field('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/)
  assert.equal(reply.field('x-frame-options'), 'DENY')
  assert.doesNotMatch(reply.body.toString(), /<script>alert/)
})

test('an error page echoes nothing that a browser would run, and tells no path of this machine', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  for (const accept of ['text/html', 'application/json', 'text/plain']) {
    const reply = await rawGet(started.port, '/<script>alert(1)</script>', [`Accept: ${accept}`])
    assert.equal(reply.status, 404)
    assert.doesNotMatch(reply.body.toString(), /<script>alert/)
    assert.ok(!reply.body.toString().includes(started.folder.path))
    assert.doesNotMatch(reply.body.toString(), /\.ts:\d|\.js:\d/)
    assert.equal(reply.field('x-content-type-options'), 'nosniff')
  }
})

test('an unknown type is text at most, never guessed to be a page', async () => {
  await using started = await startServer({
    upload: '<script>alert(1)</script>',
    'x.unknown': '<script>alert(1)</script>',
  })
  for (const target of ['/upload', '/x.unknown']) {
    const reply = await rawGet(started.port, target)
    assert.equal(reply.field('content-type'), 'text/plain; charset=utf-8')
    assert.equal(reply.field('x-content-type-options'), 'nosniff')
  }
})

test('ignores the forwarding fields of a client', async () => {
  const lines: string[] = []
  await using started = await startServer(
    { 'a.txt': 'alpha', 'sub/index.html': 'sub' },
    { log: 'json', write: (text) => lines.push(text) },
  )
  const spoofed = [
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Prefix: /evil',
    'X_Forwarded_For: 203.0.113.9',
    'X-Real-IP: 203.0.113.9',
    'Forwarded: for=203.0.113.9;host=evil.test',
    'Via: 1.1 evil',
  ]
  const redirect = await rawGet(started.port, '/sub', spoofed)
  assert.equal(redirect.field('location'), '/sub/')
  await started.server.close()
  assert.match(lines.join(''), /"127\.0\.0\.1"/)
  assert.doesNotMatch(lines.join(''), /203\.0\.113\.9|evil/)
})

for (const log of ['pretty', 'common', 'combined', 'json'] as const) {
  test(`the ${log} log carries no control character of a client, and no credentials`, async () => {
    const lines: string[] = []
    await using started = await startServer({ 'a.txt': 'alpha' }, { log, write: (text) => lines.push(text) })
    await rawGet(started.port, '/a.txt?token=SECRET&x=1', [
      'User-Agent: \x9b31mred',
      'Referer: http://x/\x85',
      'Authorization: Basic U0VDUkVU',
      'Cookie: sid=SECRET',
    ])
    await rawRequest(started.port, 'GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await rawRequest(started.port, 'GET / HTTP/1.1\r\nHost: \x9b31mevil\r\n\r\n')
    await started.server.close()
    const printed = lines.join('')
    assert.ok(printed.length > 0)
    assert.doesNotMatch(printed, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    assert.doesNotMatch(printed, /SECRET|U0VDUkVU/)
  })
}

test('a password is asked for before anything is told', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { auth: 'ada:lovelace' })
  const credentials = (text: string): string => `Authorization: Basic ${Buffer.from(text).toString('base64')}`
  for (const lines of [
    [],
    [credentials('ada:wrong')],
    [credentials('bob:lovelace')],
    ['Authorization: Basic %%%'],
    ['Authorization: Bearer x'],
  ]) {
    for (const target of ['/a.txt', '/missing', '/']) {
      const reply = await rawGet(started.port, target, lines)
      assert.equal(reply.status, 401)
      assert.match(reply.field('www-authenticate'), /^Basic realm=/)
    }
  }
  assert.equal((await rawGet(started.port, '/a.txt', [credentials('ada:lovelace')])).status, 200)
})
