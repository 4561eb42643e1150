import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ResolvedUpstream } from '../../../../src/config/kinds/proxy-types.ts'
import { problemOf } from '../problems-of.ts'

function upstreamOf(target: string): ResolvedUpstream {
  const [route] = resolveConfig({ proxy: { '/api': target } }).routes
  assert.ok(route?.action.kind === 'proxy')
  const [upstream] = route.action.proxy.upstreams
  assert.ok(upstream !== undefined)
  return upstream
}

function shown(target: string): string {
  const { protocol, hostname, port, prefix } = upstreamOf(target)
  return `${protocol} ${hostname} ${port} ${prefix ?? '-'}`
}

describe('a target', () => {
  test('is a URL of HTTP, of WebSockets or of HTTP/2', () => {
    assert.equal(shown('http://localhost:3000'), 'http: localhost 3000 -')
    assert.equal(shown('ws://localhost:4000'), 'http: localhost 4000 -')
    assert.equal(shown('https://API.test'), 'https: api.test 443 -')
    assert.equal(shown('wss://api.test:8443'), 'https: api.test 8443 -')
    assert.equal(shown('h2://api.test'), 'h2: api.test 443 -')
    assert.equal(shown('h2c://[::1]:50051'), 'h2c: ::1 50051 -')
  })

  test('is a port or a host with a port in short', () => {
    for (const short of ['3000', ':3000', 'localhost:3000']) assert.equal(shown(short), 'http: localhost 3000 -')
    assert.equal(shown('127.0.0.1:3000/v1'), 'http: 127.0.0.1 3000 /v1')
    assert.equal(shown('3000/'), 'http: localhost 3000 ')
  })

  test('with a path replaces the matched prefix, even by nothing', () => {
    assert.equal(upstreamOf('http://localhost:3000').prefix, undefined)
    assert.equal(upstreamOf('http://localhost:3000/').prefix, '')
    assert.equal(upstreamOf('http://localhost:3000/v1').prefix, '/v1')
    assert.equal(upstreamOf('http://localhost:3000/v1/').prefix, '/v1')
  })

  test('may be a socket, with a path behind a colon', () => {
    const plain = upstreamOf('unix:/run/app.sock')
    assert.equal(plain.socketPath, '/run/app.sock')
    assert.equal(plain.label, 'unix:/run/app.sock')
    assert.equal(plain.prefix, undefined)
    assert.equal(upstreamOf('unix:///run/app.sock').socketPath, '/run/app.sock')
    const { socketPath, prefix } = upstreamOf('unix:/run/app.sock:/v1')
    assert.deepEqual([socketPath, prefix], ['/run/app.sock', '/v1'])
  })

  test('is named as people know it, and in Host without the usual port', () => {
    assert.equal(upstreamOf('3000').label, 'localhost:3000')
    assert.equal(upstreamOf('https://api.test/v1').label, 'https://api.test')
    assert.equal(upstreamOf('https://api.test:443').authority, 'api.test')
    assert.equal(upstreamOf('http://[::1]:3000').authority, '[::1]:3000')
  })

  test('never shows the credentials that it must not have', () => {
    const problem = problemOf({ proxy: { '/api': 'http://ann:s3cret@localhost:3000' } })
    assert.match(problem, /^proxy\.\/api: the target holds credentials; .*authorization/)
    assert.doesNotMatch(problem, /s3cret/)
  })

  for (const [target, fault] of [
    ['http://localhost:3000/?a=1', /query.*did you mean "http:\/\/localhost:3000\/"\?/],
    ['http://localhost:3000/#x', /fragment.*did you mean/],
    ['htp://localhost:3000', /"htp:\/\/" is not supported.*did you mean "http:\/\/localhost:3000"\?/],
    ['ftp://localhost', /is not supported/],
    ['http://localhost:0', /no port from 1 to 65535/],
    // As `http://localhost:$PORT` is where the variable is not set.
    ['http://localhost:', /no port from 1 to 65535; write it like "http:\/\/localhost:3000"/],
    ['https://api.example.test:/v1', /no port from 1 to 65535; write it like "https:\/\/api.example.test:3000\/v1"/],
    ['ws://[::1]:', /no port from 1 to 65535/],
    ['http://localhost:70000', /no port/],
    ['0', /no port/],
    ['localhost:notaport', /no port from 1 to 65535; write it like "http:\/\/localhost:3000"/],
    ['http://localhost:notaport/v1', /no port from 1 to 65535; write it like "http:\/\/localhost:3000\/v1"/],
    ['app:3000x', /no port from 1 to 65535; write it like "http:\/\/app:3000"/],
    ['http://::1:3000', /has no host/],
    ['http://fe80::1:3000', /write an IPv6 address in brackets/],
    ['3000x', /is not a target; did you mean "http:\/\/localhost:3000"\?/],
    ['htp:localhost', /did you mean "http:\/\/localhost"\?/],
    ['localhost', /did you mean "http:\/\/localhost"\?/],
    ['http//localhost:3000', /did you mean "http:\/\/localhost:3000"\?/],
    ['http:3000', /did you mean "http:\/\/localhost:3000"\?/],
    ['http://', /has no host/],
    ['http://local host:3000', /not a target/],
    ['http://localhost:3000\r\nX-A: 1', /not a target/],
    ['http://localhost:3000/a/../b', /not a path/],
    ['http://localhost\\evil', /not a target/],
    ['unix:app.sock', /absolute path/],
    ['', /not a target/],
  ] as const) {
    test(`${JSON.stringify(target)} is none`, () => assert.match(problemOf({ proxy: { '/api': target } }), fault))
  }
})
