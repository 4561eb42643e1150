import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  compileFilter,
  filterKeys,
  FilterError,
  formatFilter,
  parseFilter,
} from '../../../../src/inspect/filter/filter.ts'
import { processorTime } from '../../../support/processor-time.ts'
import { recorded, type RecordedFacts } from '../../../support/recorded.ts'

const post: RecordedFacts = {
  id: 7,
  method: 'POST',
  target: '/api/users?page=2',
  authority: 'app.localhost:8008',
  route: '/api',
  upstream: 'http://localhost:3000',
  user: 'Ada',
  requestHeaders: ['Host', 'app.localhost:8008', 'Accept', 'application/json'],
  requestContent: '{"token":"x"}',
  headers: ['Content-Type', 'application/problem+json; charset=utf-8'],
  content: '{"Error": "No Token"}',
  status: 503,
  refusal: 'E8008_UPSTREAM_DOWN',
  remark: 'api -> localhost:3000',
  endMs: 250,
  bytes: 2_000_000,
}

const socket: RecordedFacts = { status: 101, requestHeaders: ['Upgrade', 'websocket'], headers: [], endMs: 9000 }
const secure = { peer: { address: '::1', port: 1, localAddress: '::1', encrypted: true }, version: '2' }

/** Each filter with the exchanges that it lets pass and those that it does not. */
const cases: readonly [filter: string, passes: readonly RecordedFacts[], fails: readonly RecordedFacts[]][] = [
  ['', [{}, post], []],
  ['  ', [{}], []],
  ['method:POST', [post], [{}, { method: 'POSTS' }]],
  ['method:post,put', [post, { method: 'PUT' }], [{}]],
  ['status:5xx', [post], [{}, { status: false }]],
  ['status:50x', [post], [{ status: 510 }]],
  ['status:503', [post], [{ status: 500 }]],
  ['status:>=400', [post, { status: 400 }], [{ status: 399 }]],
  ['status>=400', [post], [{}]],
  ['status:400..499', [{ status: 404 }], [post, {}]],
  ['status:404,5xx', [post, { status: 404 }], [{}]],
  ['route:api', [post], [{ route: '/apis' }, {}]],
  ['route:/a*', [post], [{ route: '/b' }]],
  ['host:*.localhost', [post], [{}, { authority: 'localhost.evil.test' }]],
  ['host:app.localhost', [post], [{ authority: 'my-app.localhost' }]],
  ['host:app.localhost:8008', [post], [{ authority: 'app.localhost' }]],
  ['path:/api/*', [post], [{ target: '/api' }, { target: '/' }]],
  ['path:/api', [post, { target: '/api' }, { target: '/api/' }], [{ target: '/apis' }, {}]],
  ['path:"/api"', [{ target: '/api?x' }], [post]],
  ['path:/', [{}], [post]],
  ['path:*.css', [{ target: '/a/b.css?v=1' }], [{ target: '/b.css/a' }]],
  ['path:/a*b*c', [{ target: '/a-b-c' }, { target: '/abbcc' }], [{ target: '/ac' }, { target: '/abc/d' }]],
  ['path:/x', [{ target: 'http://localhost/x/y' }], [{ target: 'http://localhost/y' }]],
  ['url:page=2', [post], [{}]],
  ['url:https://localhost', [secure], [{}]],
  ['upstream:3000', [post], [{}]],
  ['client:127.*', [{}], [secure]],
  ['user:ada', [post], [{}]],
  ['code:E8008_UPSTREAM_DOWN', [post], [{}]],
  ['code:upstream_*', [post], [{}]],
  ['code:*', [post], [{}]],
  ['type:json', [post], [{}]],
  ['type:application/problem+json', [post], [{}]],
  ['type:text', [{}], [post]],
  ['type:image', [{ headers: ['content-type', 'image/png'] }], [post, {}]],
  ['-type:image', [post, {}], [{ headers: ['content-type', 'image/png'] }]],
  ['type:script', [{ headers: ['content-type', 'text/javascript; charset=utf-8'] }], [{}]],
  ['type:form', [{ status: 204, headers: [], requestHeaders: ['Content-Type', 'multipart/form-data'] }], [{}]],
  ['header:accept', [post], [{}]],
  ['header:accept=JSON', [post], [{ requestHeaders: ['Accept', 'text/html'] }]],
  ['header:"content-type: text/plain"', [{}], [post]],
  ['body:"token"', [post], [{}]],
  ['body:"no token"', [post], [{}]],
  ['body:to*en', [post], [{}]],
  ['body:"to*en"', [], [post]],
  ['dur:>200ms', [post], [{}, { endMs: undefined }]],
  ['dur:<1s', [post, {}], [socket]],
  ['dur:0.1s..1s', [post], [{}]],
  ['dur:250', [post], [{}]],
  ['size:>1mb', [post], [{}]],
  ['size:>=2mb', [post], [{}]],
  ['size:>1.9mib', [post], [{}]],
  ['upload:13', [post], [{}]],
  ['id:7', [post], [{}]],
  ['is:ws', [socket, { status: 200, version: '2', requestHeaders: ['upgrade', 'WebSocket'] }], [{}, post]],
  ['is:sse', [{ headers: ['Content-Type', 'text/event-stream'] }], [{}]],
  ['is:grpc', [{ requestHeaders: ['content-type', 'application/grpc+proto'] }], [{}]],
  ['is:aborted', [{ aborted: true }], [{}]],
  ['is:tls', [secure], [{}]],
  ['is:http2', [secure], [{}]],
  ['is:error', [post, { aborted: true }, { refusal: 'E8008_NOT_FOUND', status: 404 }], [{}]],
  ['is:proxied', [post], [{}]],
  ['is:redirect', [{ status: 308 }], [{}]],
  ['is:ws,sse', [socket], [{}]],
  ['users', [post], [{}]],
  ['POST', [post], [{}]],
  ['"-> localhost:3000"', [post], [{}]],
  ['*.css', [{ target: '/b.css' }], [{}]],
  ['method:POST status:5xx', [post], [{ method: 'POST' }, { status: 500 }]],
  ['method:POST AND status:5xx', [post], [{ status: 500 }]],
  ['method:GET or status:5xx', [post, {}], [{ method: 'PUT' }]],
  ['method:GET | status:5xx & users', [post, {}], [{ method: 'PUT' }]],
  ['method:GET || status:5xx && nothing', [{}], [post]],
  ['(method:GET OR method:PUT) path:/x', [{ method: 'PUT', target: '/x' }], [post, {}]],
  ['NOT method:GET', [post], [{}]],
  ['NOT"users"', [{}], [post]],
  ['!method:GET', [post], [{}]],
  ['!(method:GET OR status:2xx)', [post], [{}]],
  ['-"users"', [{}], [post]],
  ['--method:GET', [{}], [post]],
  ['ORder', [{ target: '/order' }], [{}]],
]

for (const [filter, passes, fails] of cases) {
  test(`${filter || 'an empty filter'} tells exchanges apart`, () => {
    const { matches } = compileFilter(filter)
    for (const facts of passes) assert.ok(matches(recorded(facts)), `passes: ${JSON.stringify(facts)}`)
    for (const facts of fails) assert.ok(!matches(recorded(facts)), `fails: ${JSON.stringify(facts)}`)
  })
}

test('says whether content has to be recorded', () => {
  assert.equal(compileFilter('method:POST').readsContent, false)
  assert.equal(compileFilter('method:POST -(path:/ OR body:x)').readsContent, true)
})

describe('a filter that cannot be read', () => {
  const wrong: readonly [filter: string, message: RegExp, at: number][] = [
    ['stauts:500', /There is no key stauts; it must be one of: method, status,/, 0],
    ['a localhost:3000', /There is no key localhost/, 2],
    ['status:6xx', /status: cannot be "6xx"; it is the status: 404, 5xx/, 0],
    ['a dur:>2h', /dur: cannot be ">2h"/, 2],
    ['is:websocket', /it is one of: ws, sse, grpc/, 0],
    ['method:', /A value must follow/, 7],
    ['method:POST,', /A value must follow/, 12],
    ['body:"x', /A quote without its end/, 5],
    ['(a', /A "\(" without its "\)"/, 0],
    ['a)', /A "\)" without its "\("/, 1],
    ['()', /A "\)" without its "\("/, 1],
    ['a OR', /The filter ends where a term must follow/, 4],
    ['x(|)', /AND and OR stand between two terms/, 2],
    ['OR a', /AND and OR stand between two terms/, 0],
    ['a AND & b', /AND and OR stand between two terms/, 6],
    ['NOT', /The filter ends where a term must follow/, 3],
    ['~m POST', /~m is an operator of mitmproxy/, 0],
    ['('.repeat(100), /More than 64 parentheses/, 64],
    ['-'.repeat(100), /More than 64 parentheses/, 64],
    ['a'.repeat(5000), /longer than 4096 characters/, 4096],
  ]
  for (const [filter, message, at] of wrong) {
    test(`${filter.slice(0, 20)} has a position, and a hint that works`, () => {
      assert.throws(
        () => compileFilter(filter),
        (error: unknown) => {
          assert.ok(error instanceof FilterError)
          assert.match(error.message, message)
          assert.ok(error.message.endsWith(`at character ${at + 1} of the filter.`), error.message)
          assert.equal(error.at, at)
          assert.equal(error.code, 'E8008_FILTER')
          compileFilter(error.hint as string)
          return true
        },
      )
    })
  }

  test('names what was meant', () => {
    assert.throws(() => compileFilter('stauts:500'), { hint: 'status:5xx' })
    assert.throws(() => compileFilter('localhost:3000'), { hint: '"localhost:3000"' })
    assert.throws(() => compileFilter('http://a.test'), { hint: '"http://a.test"' })
    assert.throws(() => compileFilter('~c 500'), { hint: 'status:500' })
  })
})

test('says whether texts that may hold a secret are compared', () => {
  assert.equal(compileFilter('method:POST -status:2xx dur:>1s OR is:ws type:json').readsTexts, false)
  for (const filter of [
    'path:/a',
    'method:POST -words',
    'header:a=b',
    'body:x',
    'NOT (status:200 url:x)',
    'upstream:a',
  ]) {
    assert.equal(compileFilter(filter).readsTexts, true, filter)
  }
})

test('the example of each key works', () => {
  for (const { example } of Object.values(filterKeys)) compileFilter(example)
})

test('formats a filter as people write it', () => {
  const format = (text: string): string => formatFilter(parseFilter(text))
  assert.equal(format('not (a  or b) and METHOD:post,"x y"'), '-(a OR b) method:post,"x y"')
  assert.equal(format('a b OR (c d)'), 'a b OR c d')
})

test('filters 100,000 exchanges in less than a second', () => {
  const all = Array.from({ length: 100_000 }, (_, i) => recorded({ ...post, id: i, status: 200 + (i % 400) }))
  const filter =
    'method:POST status:5xx route:api host:*.localhost path:/api/* -type:image body:"token" dur:>200ms OR nothing'
  const { matches } = compileFilter(filter)
  const before = processorTime()
  assert.equal(all.filter(matches).length, 25_000)
  const ms = processorTime() - before
  assert.ok(ms < 1000, `${ms} ms`)
})

test('a glob costs no more than the length of its text', () => {
  const { matches } = compileFilter(`path:${'a*'.repeat(2000)}b`)
  const exchange = recorded({ target: `/${'a'.repeat(100_000)}` })
  const before = processorTime()
  assert.equal(matches(exchange), false)
  const ms = processorTime() - before
  assert.ok(ms < 500, `${ms} ms`)
})
