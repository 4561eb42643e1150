import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemOf } from '../problems-of.ts'

describe('headers', () => {
  test('apply everywhere, or below a path', () => {
    const { headers } = resolveConfig({
      headers: { '/assets/': { 'cache-control': 'max-age=60', 'X-B': '2' }, 'X-A': ' 1\t', '/': { 'X-C': '' } },
    })
    assert.deepEqual(headers, [
      { path: '/', headers: ['X-A', '1'] },
      { path: '/assets', headers: ['cache-control', 'max-age=60', 'X-B', '2'] },
      { path: '/', headers: ['X-C', ''] },
    ])
  })

  test('have paths below the base', () => {
    const { headers } = resolveConfig({ base: '/app', headers: { '/a b': { x: '1' }, '/': { y: '2' } } })
    assert.deepEqual(
      headers.map((rule) => rule.path),
      ['/app/a%20b', '/app'],
    )
  })

  test('cannot split a reply: no CR, LF, NUL or other control in a value', () => {
    for (const wrong of [
      'a\r\nSet-Cookie: b',
      'a\nb',
      'a\rb',
      'a\0b',
      'a\x1bb',
      'a\x7fb',
      'a\x85b',
      'ключ',
      '\u2028',
    ]) {
      assert.match(problemOf({ headers: { 'x-a': wrong } }), /^headers\.x-a: the value .* cannot carry/)
      assert.match(problemOf({ headers: { '/p': { 'x-a': wrong } } }), /^headers\.\/p: the value .* cannot carry/)
    }
    assert.deepEqual(resolveConfig({ headers: { 'x-a': 'caf\xe9\t!' } }).headers[0]?.headers, ['x-a', 'caf\xe9\t!'])
  })

  test('have names that are tokens', () => {
    for (const wrong of ['', 'a b', 'a:', 'a\r\nb', 'é', 'a(b)']) {
      assert.match(problemOf({ headers: { [wrong]: 'x' } }), / is not a field name/)
    }
  })

  test('leave framing and the connection to the server', () => {
    for (const name of [
      'Content-Length',
      'transfer-encoding',
      'Connection',
      'Upgrade',
      'HTTP2-Settings',
      'Keep-Alive',
      'Trailer',
      'TE',
      'proxy-connection',
      // CGI and WSGI make one name of these spellings.
      'Content_Length',
      'transfer.encoding',
    ]) {
      assert.match(problemOf({ headers: { [name]: '1' } }), /is the server's own/)
    }
    assert.equal(resolveConfig({ headers: { Date: 'x', Server: 'y' } }).headers.length, 1)
  })

  test('say each field once', () => {
    assert.match(problemOf({ headers: { 'X-A': '1', 'x-a': '2' } }), /^headers\.x-a: "x-a" is given twice/)
  })

  test('tell paths from fields', () => {
    assert.match(problemOf({ headers: { '/p': 'x' } }), /^headers\.\/p: "\/p" is a path; give it an object/)
    for (const wrong of ['assets', '/../x', '/a?b', '/a//b', '/a%2fb']) {
      assert.match(problemOf({ headers: { [wrong]: { x: '1' } } }), / is not a path; use a URL path/)
    }
    assert.match(problemOf({ headers: { '/p': { x: 1 } } }), /^headers\.\/p: expected a string, got 1/)
  })
})
