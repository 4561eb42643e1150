import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redirectTo } from '../../../src/static/redirect.ts'

function location(segments: string[], slash: boolean, query = ''): string | undefined {
  return redirectTo(segments, slash, query).headers[1]
}

test('is temporary, so that no browser keeps it for the next project on this port', () => {
  assert.deepEqual(redirectTo(['a'], true, ''), { status: 307, headers: ['Location', '/a/'], body: null })
})

test('encodes each segment and keeps the query', () => {
  assert.equal(location(['snow ☃', 'a?b#c%d'], true, '?x=1&y=%20'), '/snow%20%E2%98%83/a%3Fb%23c%25d/?x=1&y=%20')
  assert.equal(location(['a', 'b'], false, '?'), '/a/b?')
})

test('stays on this origin whatever a folder is called', () => {
  assert.equal(location(['evil.test'], true), '/evil.test/')
  assert.equal(location(['http:'], true), '/http%3A/')
  assert.equal(location([], true), '/')
})

test('nothing in the query can end the header field', () => {
  const value = location(['a'], true, '?x=\r\nSet-Cookie: a=b\t\u00e9\ud800') ?? ''
  assert.match(value, /^[\x21-\x7e]+$/)
  assert.equal(value, '/a/?x=%0D%0ASet-Cookie:%20a=b%09%C3%A9%EF%BF%BD')
})
