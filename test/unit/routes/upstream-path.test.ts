import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../../src/config/resolve.ts'
import type { MatchOptions } from '../../../src/config/route-types.ts'
import { upstreamPath } from '../../../src/routes/upstream-path.ts'

function forwarded(match: MatchOptions, target: string, path: string): string {
  const [route] = resolveConfig({ routes: [{ match, proxy: target }] }).routes
  assert.ok(route?.action.kind === 'proxy')
  return upstreamPath(route.match, route.action.proxy.upstreams[0]?.prefix, path)
}

test('a target without a path keeps the path, byte for byte', () => {
  assert.equal(forwarded({ path: '/api' }, '3000', '/%61pi//a%2Fb;c'), '/%61pi//a%2Fb;c')
})

test('a target with a path puts it in the place of the matched prefix', () => {
  const v1 = (path: string): string => forwarded({ path: '/api' }, '3000/v1', path)
  assert.equal(v1('/api'), '/v1')
  assert.equal(v1('/api/'), '/v1/')
  assert.equal(v1('/api/x/y'), '/v1/x/y')
  assert.equal(v1('/%61pi/a%2fb'), '/v1/a%2fb')
  assert.equal(v1('/api//x'), '/v1//x')
})

test('a target with a slash takes the prefix away', () => {
  assert.equal(forwarded({ path: '/a/b' }, '3000/', '/a/b/c'), '/c')
  assert.equal(forwarded({ path: '/a/b' }, '3000/', '/a/b'), '/')
  assert.equal(forwarded({ path: '/' }, '3000/', '/x'), '/x')
  assert.equal(forwarded({ path: '/' }, '3000/v1', '/x'), '/v1/x')
})

test('of a pattern the literal beginning is replaced, of an exact path the whole', () => {
  assert.equal(forwarded({ pattern: '/files/**' }, '3000/f', '/files/a/b'), '/f/a/b')
  assert.equal(forwarded({ exact: '/a/b' }, '3000/v1', '/a/b'), '/v1')
  assert.equal(forwarded({ exact: '/a/b' }, '3000/', '/a/b'), '/')
})
