import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waysOn } from '../../../src/pages/ways-on.ts'

function hrefs(path: string, base = '/'): string[] {
  return waysOn(path, base).map(({ href }) => new URL(href, `http://host${path}`).pathname)
}

test('a missing file leads to the folder above and to the start', () => {
  assert.deepEqual(hrefs('/docs/none'), ['/docs/', '/'])
  assert.deepEqual(hrefs('/docs/none/'), ['/docs/', '/'])
  assert.deepEqual(hrefs('/a/b/c'), ['/a/b/', '/'])
  assert.deepEqual(hrefs('/none'), ['/'])
  assert.deepEqual(hrefs('/none/'), ['/'])
})

test('below a base the start is the base, from outside of it too', () => {
  assert.deepEqual(hrefs('/app/none', '/app/'), ['/app/'])
  assert.deepEqual(hrefs('/app/docs/none', '/app/'), ['/app/docs/', '/app/'])
  assert.deepEqual(hrefs('/other/none', '/app/'), ['/app/'])
})

test('no path leads to another host or into a scheme', () => {
  for (const path of ['//evil.test/x', '/javascript:alert(1)/x', '/%2f%2fevil.test/x', '///x']) {
    for (const { href } of waysOn(path, '/')) assert.match(href, /^(?:\.\/|(?:\.\.\/)+)$/, path)
    for (const { href } of waysOn(path, '/')) assert.equal(new URL(href, `http://host${path}`).host, 'host')
  }
})
