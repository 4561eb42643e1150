import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { parsePathPrefix } from '../../../../src/config/values/paths.ts'
import { prefixMatch } from '../../../../src/config/match.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemOf } from '../problems-of.ts'

describe('parsePathPrefix', () => {
  test('gives a slash at both ends and one spelling', () => {
    for (const [given, expected] of [
      ['', '/'],
      ['/', '/'],
      ['docs', '/docs/'],
      ['/a/b', '/a/b/'],
      ['/my docs/', '/my%20docs/'],
      ['/é', '/%C3%A9/'],
      ['/%c3%a9', '/%C3%A9/'],
      ['/...', '/.../'],
    ] as const) {
      assert.equal(parsePathPrefix(given), expected)
    }
  })

  test('refuses what could be read as another path', () => {
    for (const wrong of [
      '//',
      '/a//b',
      '/.',
      '/a/../b',
      '/%2e%2E/b',
      '/.%2e',
      '/a?b',
      '/a#b',
      '/a\\b',
      '/a%2fb',
      '/a%5Cb',
      '/a%00b',
      '/a\0b',
      '/a\r\nb',
      '/100%',
      'http://x/y',
    ]) {
      assert.equal(parsePathPrefix(wrong), undefined, wrong)
    }
  })
})

describe('base', () => {
  test('is normalised', () => assert.equal(resolveConfig({ base: 'app' }).base, '/app/'))
  test('refuses a URL, and says what was meant', () => {
    assert.match(problemOf({ base: 'https://x.test/app' }), /^base: .* did you mean "\/app\/"\?$/)
    assert.match(problemOf({ base: '/a/../b' }), /^base: .* is not a path prefix; use a plain URL path/)
  })
})

describe('mounts', () => {
  test('have paths relative to the base, and absolute folders', () => {
    const { routes } = resolveConfig({ base: '/app', mounts: { '/docs': './manual', api: '/x' } }, { cwd: '/w' })
    assert.deepEqual(routes, [
      { id: '/app/docs', match: prefixMatch('/app/docs/'), action: { kind: 'folder', root: resolve('/w/manual') } },
      { id: '/app/api', match: prefixMatch('/app/api/'), action: { kind: 'folder', root: resolve('/x') } },
    ])
  })

  test('have a path of their own', () => {
    assert.match(problemOf({ mounts: { '/a': 'x', '/a/': 'y' } }), /^mounts\.\/a\/: "\/a\/" is mounted twice/)
    assert.match(problemOf({ mounts: { '/': 'x' } }), /^mounts\.\/: the root cannot be mounted/)
    assert.match(problemOf({ mounts: { '/../x': 'x' } }), /is not a path/)
    assert.match(problemOf({ mounts: { '/a': '' } }), /^mounts\.\/a: "" is not a folder/)
    assert.match(problemOf({ mounts: { '/a': 1 } }), /^mounts\.\/a: expected a string, got 1/)
  })
})

describe('a mount of a host name', () => {
  test('is refused with the two commands that serve it', () => {
    const hint =
      'start a second server for that folder (serve8008 ./docs --port 8081) and forward to it ' +
      '(--proxy docs.localhost=http://localhost:8081)'
    assert.equal(
      problemOf({ mounts: { 'docs.localhost': './docs' } }),
      `mounts.docs.localhost: "docs.localhost" is a host name, and a mount is a path; ${hint}`,
    )
    for (const key of ['*.dev.localhost', '.dev.localhost', 'localhost', 'Docs.Example.test/v1', 'docs.localhost.']) {
      assert.match(problemOf({ mounts: { [key]: './docs' } }), /is a host name/, key)
    }
  })
  test('is not a path that begins with a slash, a plain word, or a version', () => {
    const keys = ['/docs.localhost', 'docs', 'docs/a.b', 'v1.0', 'my docs.old']
    const { routes } = resolveConfig({ mounts: Object.fromEntries(keys.map((key) => [key, './docs'])) })
    assert.equal(routes.length, keys.length)
  })
})

describe('single', () => {
  test('is a page inside the folder', () => {
    assert.equal(resolveConfig({ single: true }).single, 'index.html')
    assert.equal(resolveConfig({ single: false }).single, undefined)
    for (const given of ['app/index.html', '/app/index.html', './app/index.html']) {
      assert.equal(resolveConfig({ single: given }).single, 'app/index.html')
    }
  })
  test('cannot leave it', () => {
    for (const wrong of [
      '',
      '/',
      '../x',
      'a/../../x',
      'a\\..\\x',
      'C:x',
      'x.html:stream',
      'a/',
      'a//b',
      '//etc/passwd',
      'a\0',
    ]) {
      assert.match(problemOf({ single: wrong }), /^single: .* is not a page inside the folder/)
    }
  })
})

describe('open', () => {
  test('is a path of this server', () => {
    assert.equal(resolveConfig({ open: true, base: '/app' }).open, '/app/')
    assert.equal(resolveConfig({ open: 'x y?q#f', base: '/app' }).open, '/app/x%20y?q#f')
    assert.equal(resolveConfig({ open: '/docs/' }).open, '/docs/')
    assert.equal(resolveConfig({ open: false }).open, undefined)
  })
  test('leads nowhere else', () => {
    for (const wrong of [
      'http://evil.test/',
      '//evil.test',
      '/\\evil.test',
      'javascript:alert(1)',
      'http:\n//x',
      '//[',
    ]) {
      assert.match(problemOf({ open: wrong }), /^open: .* is not a path on this server/)
    }
  })
})
