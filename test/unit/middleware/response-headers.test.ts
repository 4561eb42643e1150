import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResponseHeaders } from '../../../src/middleware/response-headers.ts'
import { textReply, type Reply } from '../../../src/http/message/reply.ts'
import { fieldsOf, request } from './fixtures.ts'

const shared = Object.freeze(textReply(200, 'content', ['Cache-Control', 'no-cache']))

const filter = createResponseHeaders([
  { path: '/', headers: ['X-All', '1', 'X-Depth', '0'] },
  { path: '/assets/deep', headers: ['x-depth', '2'] },
  { path: '/assets', headers: ['cache-control', 'max-age=60', 'X-Depth', '1'] },
  { path: '/assets/', headers: ['X-Again', 'yes'] },
])

function fields(path: string, reply: Reply = shared): Record<string, string> {
  return fieldsOf(filter(reply, request([], 'GET', path)) as Reply)
}

test('a rule for the root applies to every path', () => {
  assert.equal(fields('/')['x-all'], '1')
  assert.equal(fields('/any/where')['x-all'], '1')
})

test('configured fields replace others of the same name, in any case', () => {
  assert.equal(fields('/assets/a.css')['cache-control'], 'max-age=60')
  assert.equal(fields('/other')['cache-control'], 'no-cache')
})

test('the longer path wins, in any order of the rules', () => {
  assert.deepEqual(
    ['/', '/assets', '/assets/a', '/assets/deep', '/assets/deep/a'].map((path) => fields(path)['x-depth']),
    ['0', '1', '1', '2', '2'],
  )
  assert.equal(fields('/assets/deep/a')['x-all'], '1')
  assert.equal(fields('/assets/deep/a')['x-again'], 'yes')
})

test('a prefix ends at a slash', () => {
  for (const path of ['/assets2', '/assets.css', '/xassets', '/x/assets']) assert.equal(fields(path)['x-depth'], '0')
})

test('another spelling of a path does not escape its rule', () => {
  for (const path of ['/%61ssets/a', '//assets/a', '/./assets/a', '/x/../assets/a', '/x/%2e%2e/assets']) {
    assert.equal(fields(path)['x-depth'], '1', path)
  }
  assert.equal(fields('/assets/%')['x-depth'], '1', 'a path that cannot be decoded is taken as it is')
})

test('rules and requests may have non-ASCII characters raw or encoded', () => {
  const accents = createResponseHeaders([{ path: '/caf%C3%A9', headers: ['X-A', '1'] }])
  assert.equal(fieldsOf(accents(shared, request([], 'GET', '/caf%c3%a9/x')) as Reply)['x-a'], '1')
})

test('a field may be sent several times', () => {
  const links = createResponseHeaders([{ path: '/', headers: ['Link', '<a>', 'Link', '<b>'] }])
  const { headers } = links(textReply(200, '', ['link', '<ours>']), request()) as Reply
  assert.deepEqual(headers.slice(-4), ['Link', '<a>', 'Link', '<b>'])
  assert.ok(!headers.includes('<ours>'))
})

test('an error is not cached by a rule that is meant for files', () => {
  const error = fields('/assets/gone', textReply(404, 'not found', ['Cache-Control', 'no-store']))
  assert.equal(error['cache-control'], 'no-store')
  assert.equal(error['x-all'], '1')
})

test('without a rule a reply is unchanged', () => {
  const none = createResponseHeaders([{ path: '/x', headers: ['X-A', '1'] }])
  assert.equal(none(shared, request()), shared)
  assert.equal(createResponseHeaders([])(shared, request()), shared)
})

test('a shared reply is changed once and stays shared', () => {
  const changed = filter(shared, request()) as Reply
  assert.equal(filter(shared, request()), changed)
  assert.ok(Object.isFrozen(changed))
  const own = { ...shared }
  assert.ok(!Object.isFrozen(filter(own, request())))
})
