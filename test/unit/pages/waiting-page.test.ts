import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ServeError } from '../../../src/core/serve-error.ts'
import { getField } from '../../../src/http/message/headers.ts'
import { isOwnPolicy } from '../../../src/pages/template.ts'
import { waitingReply } from '../../../src/pages/waiting-page.ts'

const error = new ServeError('E8008_BUSY', 'Nothing listens at localhost:3000.', {
  hint: 'start it with `npm run api`.',
  headers: ['X-Kept', '1'],
})

test('the page says which route waits for which upstream, why, and what to do', () => {
  const reply = waitingReply(error, { route: '/api', upstream: 'localhost:3000' })
  const page = Buffer.from(reply.body as Uint8Array).toString()
  assert.equal(reply.status, 503)
  for (const part of [
    '<title>Waiting for localhost:3000</title>',
    'Nothing listens at localhost:3000.',
    'Start it with <code>npm run api</code>.',
    '<code>/api</code>',
    '503 Service Unavailable',
    'E8008_BUSY',
  ]) {
    assert.ok(page.includes(part), part)
  }
  assert.equal(getField(reply.headers, 'cache-control'), 'no-store')
  assert.equal(getField(reply.headers, 'retry-after'), '2')
  assert.equal(getField(reply.headers, 'x-kept'), '1')
})

test('it reloads without scripts too', () => {
  const page = Buffer.from(waitingReply(error, { route: '/', upstream: 'x' }).body as Uint8Array).toString()
  assert.match(page, /<noscript><meta http-equiv="refresh" content="3"><\/noscript>/)
})

test('its policy allows its own style, script and request, and nothing else', () => {
  const { headers, body } = waitingReply(error, { route: '/', upstream: 'x' })
  const page = Buffer.from(body as Uint8Array).toString()
  const policy = getField(headers, 'content-security-policy') ?? ''
  assert.ok(isOwnPolicy(policy))
  for (const [tag, directive] of [
    ['style', 'style-src'],
    ['script', 'script-src'],
  ] as const) {
    const content = new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(page)?.[1] ?? ''
    const hash = createHash('sha256').update(content).digest('base64')
    assert.ok(policy.includes(`${directive} 'sha256-${hash}';`), directive)
  }
  assert.match(policy, /^default-src 'none';.* connect-src 'self';/)
})

test('nothing of the request or the configuration becomes markup', () => {
  const evil = '<script>alert(1)</script>\u202e'
  const hostile = new ServeError('E8008_BUSY', evil, { hint: `\`${evil}\`` })
  const reply = waitingReply(hostile, { route: evil, upstream: evil })
  const page = Buffer.from(reply.body as Uint8Array).toString()
  assert.ok(!page.includes('<script>alert'))
  assert.ok(!page.includes('\u202e'))
})
