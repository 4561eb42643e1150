import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prefixMatch } from '../../../src/config/match.ts'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'
import type { MatchOptions } from '../../../src/config/route-types.ts'
import { rejections } from '../../../src/routes/explain-route.ts'
import { createTable, type Table, type TableRequest } from '../../../src/routes/table.ts'
import { processorTime } from '../../support/processor-time.ts'

/** A table of proxy routes by name, and of folders by path. */
function tableOf(
  matches: Readonly<Record<string, MatchOptions | string>>,
  folders: readonly string[] = ['/'],
): Table<string> {
  const routes = Object.entries(matches).map(([id, match]) => ({
    id,
    match: typeof match === 'string' ? { path: match } : match,
    proxy: '3000',
  }))
  return createTable([
    ...folders.map((folder) => ({
      id: folder,
      match: prefixMatch(folder),
      item: folder,
      isForwarded: false,
      isFolder: true,
    })),
    ...resolveConfig({ routes, listeners: [{ port: 1 }, { port: 2 }] }).routes.map(({ id, match }) => ({
      id,
      match,
      item: id,
      isForwarded: true,
      isFolder: false,
    })),
  ])
}

function request(target: string, fields: Readonly<Record<string, string>> = {}): TableRequest {
  const [, method = 'GET', hostname = 'localhost', path = '/', query = ''] =
    /^(?:([A-Z]+) )?([^/]*)([^?]*)(.*)$/.exec(target) ?? []
  return { method, listener: fields['listener'], hostname, path, query, header: (name) => fields[name] }
}

function refused(table: Table<string>, path: string): void {
  assert.throws(() => table.find(request(path)), { code: 'E8008_PATH_INVALID', status: 400 }, path)
}

describe('which route answers', () => {
  const answers = (table: Table<string>, expected: Readonly<Record<string, string | undefined>>): void => {
    for (const [target, name] of Object.entries(expected)) assert.equal(table.find(request(target)), name, target)
  }

  test('GET takes HEAD too, unless another route names it', () => {
    answers(tableOf({ get: { path: '/x', method: 'GET' } }), {
      'GET localhost/x': 'get',
      'HEAD localhost/x': 'get',
      'POST localhost/x': '/',
    })
    for (const order of [
      ['GET', 'HEAD'],
      ['HEAD', 'GET'],
    ]) {
      const table = tableOf(Object.fromEntries(order.map((method) => [method, { path: '/x', method }])))
      answers(table, { 'GET localhost/x': 'GET', 'HEAD localhost/x': 'HEAD' })
    }
    answers(tableOf({ head: { path: '/x', method: 'HEAD' } }), { 'GET localhost/x': '/', 'HEAD localhost/x': 'head' })
  })

  test('a prefix matches itself and whole segments below', () => {
    answers(tableOf({ api: '/api' }), {
      '/api': 'api',
      '/api/': 'api',
      '/api/x': 'api',
      '/apix': '/',
      '/API': '/',
      '/': '/',
    })
  })

  test('an exact path matches only itself', () => {
    answers(tableOf({ a: { exact: '/a' }, root: { exact: '/' } }), {
      '/a': 'a',
      '/a/': '/',
      '/a/b': '/',
      '/': 'root',
      '/x': '/',
    })
  })

  test('* matches one segment, ** any rest', () => {
    const table = tableOf({ avatar: { pattern: '/users/*/avatar' }, files: { pattern: '/files/**' } })
    answers(table, {
      '/users/7/avatar': 'avatar',
      '/users//avatar': '/',
      '/users/7/8/avatar': '/',
      '/users/7/avatar/x': '/',
      '/files': 'files',
      '/files/': 'files',
      '/files/a/b': 'files',
      '/filesx': '/',
    })
  })

  test('the more specific path answers in any order of the configuration', () => {
    const matches = {
      any: { pattern: '/users/*' },
      me: { exact: '/users/me' },
      users: '/users',
      admin: '/users/admin',
      root: '/',
    } as const
    const expected = {
      '/users/me': 'me',
      '/users/7': 'any',
      '/users/7/x': 'users',
      '/users/admin/x': 'admin',
      '/x': 'root',
    }
    answers(tableOf(matches), expected)
    answers(tableOf(Object.fromEntries(Object.entries(matches).toReversed())), expected)
  })

  test('a host beats a wildcard, which beats any host, for all paths', () => {
    const table = tableOf({
      path: '/a/b/c',
      below: { host: '*.dev.localhost' },
      deeper: { host: '*.x.dev.localhost' },
      name: { host: 'api.dev.localhost' },
    })
    answers(table, {
      'api.dev.localhost/a/b/c': 'name',
      'y.dev.localhost/a/b/c': 'below',
      'y.x.dev.localhost/': 'deeper',
      'dev.localhost/': '/',
      'evildev.localhost/': '/',
      'localhost/a/b/c': 'path',
    })
  })

  test('more conditions beat fewer; a value beats presence', () => {
    const table = tableOf({
      plain: '/v1',
      canary: { path: '/v1', header: { 'x-canary': '1' } },
      any: { path: '/v1', header: { 'x-canary': true } },
      both: { path: '/v1', header: { 'x-canary': '1' }, method: 'POST' },
      cookie: { path: '/c', cookie: { beta: 'yes' } },
      query: { path: '/q', query: { v: '2' } },
      without: { path: '/q', query: { v: false } },
    })
    const find = (target: string, fields = {}): string | undefined => table.find(request(target, fields))
    assert.equal(find('/v1'), 'plain')
    assert.equal(find('/v1', { 'x-canary': '1' }), 'canary')
    assert.equal(find('/v1', { 'x-canary': '2' }), 'any')
    assert.equal(find('POST localhost/v1', { 'x-canary': '1' }), 'both')
    assert.equal(find('/c', { cookie: 'a=b; beta=yes' }), 'cookie')
    assert.equal(find('/c', { cookie: 'xbeta=yes; beta=no' }), '/')
    assert.equal(find('/q?a=1&v=2'), 'query')
    assert.equal(find('/q?v=3'), '/')
    assert.equal(find('/q'), 'without')
  })

  test('a folder comes after a route of the same path, before one of a shorter path', () => {
    const table = tableOf({ docs: '/docs', root: '/' }, ['/', '/docs/', '/more/'])
    answers(table, { '/docs/x': 'docs', '/more': '/more/', '/more/x': '/more/', '/x': 'root' })
  })
})

describe('a tie', () => {
  const tie = (matches: Readonly<Record<string, MatchOptions | string>>): void =>
    assert.throws(() => tableOf(matches), { code: 'E8008_CONFIG_INVALID', message: /"a" and "b" match the same/ })

  test('is one problem for each pair of routes', () => {
    const message = (one: string, other: string): string =>
      `The routes "${one}" and "${other}" match the same requests, and neither is more specific.`
    const problems = [message('a', 'b'), message('b', 'c'), message('y', 'z')]
    const path = '/x'
    const matches = { a: { path, method: 'POST' }, b: { path, header: { h: true } }, c: { path, cookie: { c: true } } }
    const error = { code: 'E8008_CONFIG_INVALID', problems }
    assert.throws(() => tableOf({ ...matches, y: '/y', z: '/y/', only: '/only' }), error)
    assert.throws(() => tableOf({ y: '/y', z: '/y/' }), { message: problems[2], problems: problems.slice(2) })
  })

  test('is an error if one request can match both routes', () => {
    tie({ a: '/x', b: '/x' })
    tie({ a: '/x', b: { path: '/x/' } })
    tie({ a: '/%61', b: '/a' })
    tie({ a: { path: '/x', header: { p: '1' } }, b: { path: '/x', header: { q: '1' } } })
    tie({ a: { path: '/x', method: ['GET', 'POST'] }, b: { path: '/x', method: 'POST' } })
    tie({ a: { path: '/x', method: ['HEAD', 'POST'] }, b: { path: '/x', method: ['GET', 'POST'] } })
    tie({ a: { pattern: '/x/**' }, b: '/x' })
    tie({ a: { path: '/x', listener: ['http:1', 'http:2'] }, b: { path: '/x', listener: 'http:2' } })
    tie({ a: { path: '/x', listener: 'http:1' }, b: { path: '/x', method: 'GET' } })
  })

  test('is no error if no request can match both routes', () => {
    tableOf({ a: { path: '/x', method: 'GET' }, b: { path: '/x', method: 'HEAD' } })
    tableOf({ a: { path: '/x', header: { p: '1' } }, b: { path: '/x', header: { p: '2' } } })
    tableOf({ a: { path: '/x', method: 'GET' }, b: { path: '/x', method: 'POST' } })
    tableOf({ a: { path: '/x', cookie: { p: true } }, b: { path: '/x', cookie: { p: false } } })
    tableOf({ a: { path: '/x', listener: 'http:1' }, b: { path: '/x', listener: 'http:2' } })
    tableOf({ a: { host: 'a.test' }, b: { host: 'b.test' } })
    tableOf({ a: { host: '*.a.test' }, b: { host: '*.b.test' } })
    tableOf({ a: { pattern: '/x/*' }, b: { pattern: '/y/*' } })
  })
})

describe('an ambiguous path', () => {
  const table = tableOf({ api: '/api' })

  for (const path of [
    '/api/../private',
    '/api/%2e%2e/private',
    '/api/..%2fprivate',
    '/api/..%5cprivate',
    '/api/..\\private',
    '/api/..;/private',
    '/api/../api/x',
    '/api/..',
    '/api/x%2fy/../../private',
    '/api/x%5Cy/../../private',
    '/api/;a=b%5Cx/..',
    '/api/x/..%2f..%2fapi/y',
    '/api//../private',
    '/api/\\;a%5Cb/..',
    '/api/;a=b\\x%2f..',
  ]) {
    test(`is rejected if it leaves a proxy route: ${path}`, () => refused(table, path))
  }

  for (const path of [
    '/x/../api/y',
    '/x/..%2fapi/y',
    '//api/y',
    '/./api/y',
    '/%2fapi/y',
    '/\\api',
    '/api;v=1/x',
    '/api%2fx',
  ]) {
    test(`is rejected if it enters a proxy route: ${path}`, () => refused(table, path))
  }

  test('is rejected with a NUL', () => refused(table, '/api/x%00'))

  test('is forwarded if both readings stay in the route', () => {
    for (const path of [
      '/%61pi/x',
      '/api/a%2fb',
      '/api/a%2f..%2fb',
      '/api//x',
      '/api/a/../b',
      '/api/x;y=1',
      '/api/%252e%252e/x',
      '/api/%E9',
      '/api/100%',
    ]) {
      assert.equal(table.find(request(path)), 'api', path)
    }
  })

  test('is left to the folder without proxy routes', () => {
    for (const path of ['/a/../b', '/a/..%2fb', '//x', '/x%00']) assert.equal(table.find(request(path)), '/', path)
  })

  test('is rejected above the root, even for a route that matches every path', () =>
    refused(tableOf({ all: '/' }), '/../x'))
})

describe('rejections', () => {
  test('name the reason for each route', () => {
    const table = tableOf({
      api: '/api',
      canary: { path: '/api', header: { 'x-canary': '1' } },
      post: { path: '/api/x', method: 'POST' },
      host: { host: '*.dev.localhost' },
    })
    assert.deepEqual(rejections(table, request('/api/x')), [
      { route: 'host', why: 'host is not *.dev.localhost' },
      { route: 'post', why: 'method is not POST' },
      { route: 'canary', why: 'header x-canary is absent' },
      { route: '/', why: 'api is more specific' },
    ])
  })
})

test('thousands of routes and folders are checked for ties in little time', () => {
  const parsed = Array.from({ length: 40_000 }, (_, i) => {
    return { id: `/k${i}`, match: prefixMatch(`/k${i}/`), item: i, isForwarded: false, isFolder: true }
  })
  const start = processorTime()
  const table = createTable(parsed)
  const taken = processorTime() - start
  assert.ok(taken < 5000, `${taken} ms`)
  assert.equal(table.find(request('/k39999/x')), 39_999)
})
