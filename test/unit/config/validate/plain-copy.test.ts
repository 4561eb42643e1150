import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plainCopy } from '../../../../src/config/validate/plain-copy.ts'
import type { Problem } from '../../../../src/config/diagnostic.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemsOf } from '../problems-of.ts'

function copied(value: unknown): { readonly copy: unknown; readonly problems: readonly string[] } {
  const problems: Problem[] = []
  const copy = plainCopy(value, problems)
  return { copy, problems: problems.map(({ path, message }) => `${path.join('.')}: ${message}`) }
}

describe('options as data', () => {
  test('leave out what is undefined, at any depth, and keep lists as long as they are', () => {
    const value = { a: undefined, b: { c: undefined, d: null }, list: [undefined, 1] }
    assert.deepEqual(copied(value), { copy: { b: { d: null }, list: [undefined, 1] }, problems: [] })
  })

  test('keep what is no plain data, for the one who checks it', () => {
    const value = { url: new URL('http://a.test'), call: () => 1, date: new Date(0), map: new Map() }
    const { copy } = copied(value)
    for (const [key, each] of Object.entries(value)) assert.equal((copy as Record<string, unknown>)[key], each)
  })

  test('keep a key that is named like the prototype a key', () => {
    const { copy } = copied(JSON.parse('{"__proto__":{"root":"x"}}'))
    assert.deepEqual(Object.keys(copy as object), ['__proto__'])
    assert.equal((copy as { root?: string }).root, undefined)
  })

  test('an undefined condition is a problem: without it the route would match more', () => {
    const match = { path: undefined, header: { 'x-key': undefined }, query: { a: undefined, b: true } }
    for (const [at, options] of [
      ['routes.0.', { routes: [{ match, reply: {} }] }],
      ['', { match, reply: {} }],
    ] as const) {
      assert.deepEqual(copied(options).problems, [
        `${at}match.header.x-key: it is undefined, so the route would match without it`,
        `${at}match.query.a: it is undefined, so the route would match without it`,
      ])
    }
  })

  test('an object in two places is no cycle', () => {
    const shared = { to: 3000 }
    assert.deepEqual(copied({ a: shared, b: [shared, shared] }).problems, [])
  })

  const cyclic = (): Record<string, unknown> => {
    const value: Record<string, unknown> = { root: 'site' }
    value['self'] = value
    return value
  }
  const cycles: readonly (readonly [string, () => unknown, readonly string[]])[] = [
    ['an object', cyclic, ['self: the value contains itself']],
    ['a value in it', () => ({ proxy: { '/a': cyclic() } }), ['proxy./a.self: the value contains itself']],
    [
      'a list',
      () => {
        const list: unknown[] = ['a.test']
        list.push(list)
        return { allowHost: list }
      },
      ['allowHost.1: the value contains itself'],
    ],
    [
      'two objects',
      () => {
        const [a, b]: Record<string, unknown>[] = [{}, {}]
        Object.assign(a as object, { tls: b })
        Object.assign(b as object, { back: a })
        return { proxy: { '/a': a, '/b': b } }
      },
      ['proxy./a.tls.back: the value contains itself', 'proxy./b.back.tls: the value contains itself'],
    ],
  ]
  for (const [what, make, expected] of cycles) {
    test(`${what} that holds itself is named`, () => assert.deepEqual(copied(make()).problems, expected))
  }

  test('the rest of the options is checked all the same', () => {
    const problems = problemsOf({ ...cyclic(), port: 'http', proxy: { '/a': { ...cyclic(), to: 3000 } } })
    assert.ok(problems.some((problem) => problem.startsWith('port: ')))
    assert.ok(problems.some((problem) => problem.startsWith('self.self: the value contains itself')))
  })

  test('what is nested too deep is named, and up to there nothing is', () => {
    const nest = (levels: number): unknown => (levels === 1 ? {} : { a: nest(levels - 1) })
    assert.deepEqual(copied(nest(32)).problems, [])
    assert.match(copied(nest(33)).problems[0] ?? '', /a: it is nested more than 32 levels deep$/)
    const deep = Array.from({ length: 50_000 }).reduce((inner) => [inner], [] as unknown)
    assert.match(copied({ allowHost: deep }).problems[0] ?? '', /32 levels deep$/)
  })

  test('references to one object are followed a bounded number of times', () => {
    let value: unknown = {}
    for (let level = 0; level < 28; level++) value = { a: value, b: value }
    assert.deepEqual(copied({ headers: value }).problems, ['headers: the options hold more than 250000 values'])
  })

  test('a getter that throws is named', () => {
    const value = {
      root: 'site',
      get port(): number {
        throw new Error('no database')
      },
    }
    assert.deepEqual(copied(value), { copy: { root: 'site' }, problems: ['port: it cannot be read: no database'] })
  })

  test('undefined is as good as not given, for options in options too', () => {
    const given = resolveConfig({
      limits: { headerMs: undefined },
      certificates: [{ cert: 'a.pem', passphrase: undefined }],
      proxy: { '/a': { to: 3000, hold: undefined, timeouts: { connectMs: undefined }, tls: { ca: undefined } } },
      routes: [{ id: undefined, match: { path: '/b', method: undefined }, reply: { status: undefined, body: 'b' } }],
    })
    const left = resolveConfig({
      certificates: [{ cert: 'a.pem' }],
      proxy: { '/a': { to: 3000 } },
      routes: [{ match: { path: '/b' }, reply: { body: 'b' } }],
    })
    assert.deepEqual(given, left)
  })
})
