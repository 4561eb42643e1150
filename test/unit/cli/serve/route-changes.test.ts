import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routeChanges } from '../../../../src/cli/serve/route-changes.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/index.ts'

type Routes = Pick<ServeOptions, 'proxy' | 'routes'>

function changes(before: Routes, after: Routes): string[] {
  return routeChanges(resolveConfig(before).routes, resolveConfig(after).routes).map(({ text }) => text)
}

describe('lists the changes of an edit to the routes', () => {
  for (const [before, after, expected] of [
    [39_303, 39_399, '/a now goes to localhost:39399 (was 39303)'],
    ['http://localhost:1/v1', 'http://localhost:2/v1', '/a now goes to localhost:2/v1 (was localhost:1/v1)'],
    ['unix:/a.sock', 'unix:/a.sock:/v1', '/a now goes to unix:/a.sock:/v1 (was unix:/a.sock)'],
    ['http://a.test', 'https://b.test', '/a now goes to https://b.test (was a.test)'],
    [1, [1, 2], '/a now goes to localhost:1, localhost:2 (was localhost:1)'],
    [1, { to: 1, retries: 3 }, '/a has changed: retries'],
    [1, { to: 1, headers: { 'x-token': 'hunter2' }, timeouts: { totalMs: 5 } }, '/a has changed: headers, timeouts'],
    [1, { to: 1, replyHeaders: { 'x-a': 'b' } }, '/a has changed: replyHeaders'],
  ] as const) {
    test(expected, () => assert.deepEqual(changes({ proxy: { '/a': before } }, { proxy: { '/a': after } }), [expected]))
  }

  test('names routes that are new and those that are gone', () => {
    const routes = [
      { match: { path: '/old' }, redirect: '/new' },
      { match: { host: 'a.localhost', path: '/health' }, reply: { status: 204 } },
    ] as const
    assert.deepEqual(changes({}, { proxy: { '/b': 2 }, routes }), [
      '/b is new and goes to localhost:2',
      '/old is new and redirects to /new',
      'a.localhost/health is new and answers 204',
    ])
    assert.deepEqual(changes({ proxy: { '/b': 2 }, routes }, {}), [
      '/b is gone (went to localhost:2)',
      '/old is gone (redirected to /new)',
      'a.localhost/health is gone (answered 204)',
    ])
  })

  test('knows a route without an id of its own by its match, whatever its place', () => {
    const route = { match: { path: '/x' }, reply: { body: 'x' } }
    const first = { match: { path: '/first' }, redirect: '/x' }
    assert.deepEqual(changes({ routes: [route] }, { routes: [first, route] }), ['/first is new and redirects to /x'])
    assert.deepEqual(changes({ routes: [first, route] }, { routes: [route, first] }), [])
    const other = { ...route, reply: { status: 404, body: 'x' } }
    assert.deepEqual(changes({ routes: [route] }, { routes: [other] }), ['/x now answers 404 (was 200)'])
    const kinds = changes({ routes: [route] }, { routes: [{ match: route.match, proxy: 3000 }] })
    assert.deepEqual(kinds, ['/x now goes to localhost:3000 (was 200)'])
  })

  test('knows a route by its id, whatever its match', () => {
    const route = { id: 'api', match: { path: '/v1' }, proxy: 1 }
    assert.deepEqual(changes({ routes: [route] }, { routes: [{ ...route, match: { path: '/v2' } }] }), [
      'api has changed: match',
    ])
  })
})
