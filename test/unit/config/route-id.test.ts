import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'
import type { MatchOptions, ServeOptions } from '../../../src/index.ts'
import { problemOf } from './problems-of.ts'

const reply = { status: 204 }

function idsOf(options: ServeOptions): readonly string[] {
  return resolveConfig(options).routes.map(({ id }) => id)
}

const idOf = (match: MatchOptions, base = '/'): string => idsOf({ base, routes: [{ match, reply }] })[0] ?? ''

describe('the id of a route', () => {
  for (const [match, id] of [
    [{}, '/'],
    [{ path: '/api' }, '/api'],
    [{ path: '/api/' }, '/api'],
    [{ path: '/döcs' }, '/döcs'],
    [{ path: '/d%C3%B6cs' }, '/döcs'],
    [{ path: '/a%FFb' }, '/a%FFb'],
    [{ path: '/a%20b' }, '/a%20b'],
    [{ exact: '/old' }, '/old [exact]'],
    [{ exact: '/' }, '/ [exact]'],
    [{ pattern: '/users/*/avatar' }, '/users/*/avatar'],
    [{ host: 'Docs.localhost' }, 'docs.localhost'],
    [{ host: '*.dev.localhost', path: '/v1' }, '*.dev.localhost/v1'],
    [{ host: 'docs.localhost', exact: '/' }, 'docs.localhost/ [exact]'],
    [{ host: '[::1]', path: '/x' }, '[::1]/x'],
    [{ method: 'POST', path: '/api' }, 'POST /api'],
    [{ method: ['POST', 'GET'], host: 'a.test' }, 'GET,POST a.test'],
    [{ path: '/v1', header: { 'X-Canary': '1' } }, '/v1 [header x-canary=1]'],
    [{ header: { b: true, a: false }, query: { debug: 'a b' } }, '/ [header a absent, header b, query debug="a b"]'],
    [{ cookie: { beta: 'yes', old: false } }, '/ [cookie beta=…, cookie old absent]'],
    [
      { header: { authorization: 'Bearer hunter2' }, query: { token: 'hunter2' } },
      '/ [header authorization=…, query token=…]',
    ],
    [{ header: { a: '' } }, '/ [header a=""]'],
    [{ header: { a: 'x'.repeat(70) } }, `/ [header a="${'x'.repeat(60)}…"]`],
  ] as const) {
    test(`${JSON.stringify(match)} is ${id}`, () => assert.equal(idOf(match), id))
  }

  test('includes the base, as the path of a request does', () => {
    assert.equal(idOf({ path: '/api' }, '/app/'), '/app/api')
    assert.deepEqual(idsOf({ base: '/app/', proxy: { '/api': 1, 'a.test': 2 } }), ['/app/api', 'a.test/app'])
  })

  test('does not depend on the order of methods and conditions', () => {
    const one = { method: ['PUT', 'GET'], header: { a: '1', b: '2' } }
    const other = { header: { B: '2', A: '1' }, method: ['GET', 'PUT'] }
    assert.equal(idOf(one), idOf(other))
  })

  test('is numbered only where another route has the same', () => {
    const cookie = (session: string) => ({ match: { path: '/a', cookie: { session } }, reply })
    const routes = [cookie('one'), { match: { path: '/b' }, reply }, cookie('two'), cookie('three')]
    const ids = ['/a [cookie session=…]', '/b', '/a [cookie session=…] #2', '/a [cookie session=…] #3']
    assert.deepEqual(idsOf({ routes }), ids)
  })

  test('stays when other routes come and go', () => {
    const route = { match: { path: '/x' }, reply }
    assert.deepEqual(idsOf({ routes: [{ match: { path: '/first' }, reply }, route], proxy: { '/a': 1 } }).at(-1), '/x')
  })

  test('is that of the user where there is one', () => {
    assert.deepEqual(idsOf({ routes: [{ id: 'canary', match: { path: '/a' }, reply }] }), ['canary'])
  })

  for (const [id, message] of [
    ['', /^routes\.0\.id: the id is empty; name the route, or leave it out$/],
    ['a\nb', /^routes\.0\.id: "a\\nb" has control characters; use letters, digits, hyphens and slashes$/],
    [' a', /^routes\.0\.id: " a" begins or ends with a space; use "a"$/],
    ['a'.repeat(201), /^routes\.0\.id: the id has 201 characters; use at most 200$/],
    [5, /^routes\.0\.id: expected a string, got 5/],
  ] as const) {
    test(`${JSON.stringify(id)} is no id`, () =>
      assert.match(problemOf({ routes: [{ id: id as string, match: { path: '/a' }, reply }] }), message))
  }

  test('is given once, also where one of the two was made from a match', () => {
    const twice = [
      { id: 'a', match: { path: '/a' }, reply },
      { id: 'a', match: { path: '/b' }, reply },
    ]
    const message = /^routes\.1: another route has the id "a"; give one of them another id: \{ id: 'NAME', match: … \}$/
    assert.match(problemOf({ routes: twice }), message)
    const taken = [
      { id: '/b', match: { path: '/a' }, reply },
      { match: { path: '/b' }, reply },
    ]
    assert.match(problemOf({ routes: taken }), /^routes\.1: another route has the id "\/b"/)
    assert.match(problemOf({ proxy: { '/a': 1 }, routes: [{ id: '/a', match: {}, reply }] }), /^routes\.0: another/)
  })

  test('replaces the name, and a hint says so', () => {
    const route = { name: 'a', match: {}, reply }
    assert.match(problemOf({ routes: [route] as never }), /^routes\.0\.name: unknown key; did you mean "id"\?$/)
  })
})
