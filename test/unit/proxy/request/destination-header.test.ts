import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkDestination, rewriteDestination } from '../../../../src/proxy/request/destination-header.ts'
import type { UrlMapping } from '../../../../src/proxy/url-rewrite.ts'
import { isServeError } from '../../../../src/core/serve-error.ts'
import { processorTime } from '../../../support/processor-time.ts'

/** `/api` of a client becomes `/v1` of an upstream with several names. */
const moved: UrlMapping = {
  client: { scheme: 'http', authority: 'localhost:8008', prefix: '/api' },
  upstream: { scheme: 'https', authority: 'dav.test', prefix: '/v1' },
  aliases: ['dav.test:8443', '10.0.0.5:8443', '[2001:db8::1]:8443'],
}

/** The whole of an upstream that gets the client's `Host`. */
const whole: UrlMapping = {
  client: { scheme: 'https', authority: 'cal.test', prefix: '' },
  upstream: { scheme: 'http', authority: 'cal.test', prefix: '' },
  aliases: [],
}

/** What the upstream gets, or the status of the refusal. */
function forwarded(mapping: UrlMapping, ...values: readonly string[]): string | number {
  const fields = values.flatMap((value) => ['Destination', value])
  try {
    checkDestination(fields, mapping)
    return rewriteDestination(fields, mapping, true)[1] ?? ''
  } catch (error) {
    assert.ok(isServeError(error))
    return error.status
  }
}

describe('Destination', () => {
  for (const [mapping, from, to] of [
    [moved, 'http://localhost:8008/api/a%20b', 'https://dav.test/v1/a%20b'],
    [moved, 'HTTP://LOCALHOST:8008/api/x', 'https://dav.test/v1/x'],
    [moved, 'http://127.0.0.1:8008/api/x', 'https://dav.test/v1/x'],
    [moved, 'http://[::1]:8008/api/x', 'https://dav.test/v1/x'],
    [moved, '/api/x', '/v1/x'],
    [moved, '/api', '/v1'],
    [moved, '/api/x?a=/../..', '/v1/x?a=/../..'],
    // Another server in front has ended TLS.
    [moved, 'https://localhost:8008/api/x', 'https://dav.test/v1/x'],
    // What servers may read as several segments stays below the route in every reading.
    [moved, '/api/a%2Fb', '/v1/a%2Fb'],
    [moved, 'http://localhost:8008/api/%2fa%2F%5c', 'https://dav.test/v1/%2fa%2F%5c'],
    [moved, '/api//a/./b;v=1', '/v1//a/./b;v=1'],
    [moved, '/api/a%252e%252e', '/v1/a%252e%252e'],
    [moved, '/api/a/b/../c', '/v1/a/b/../c'],
    [moved, '/api/..a/...', '/v1/..a/...'],
    [whole, 'https://cal.test/a%2Fb', 'http://cal.test/a%2Fb'],
    [whole, 'https://cal.test:443/a', 'http://cal.test/a'],
    [whole, 'https://CAL.test./a', 'http://cal.test/a'],
    [whole, 'https://cal.test', 'http://cal.test/'],
    [whole, '/a%2Fb', '/a%2Fb'],
    // By a name of the upstream, as its content may have it, with its path.
    [moved, 'https://dav.test/v1/x', 'https://dav.test/v1/x'],
    [moved, 'https://DAV.test:8443/v1/x', 'https://dav.test/v1/x'],
    [moved, 'http://10.0.0.5:8443/v1/a%2Fb', 'https://dav.test/v1/a%2Fb'],
    [moved, 'https://[2001:db8:0:0::1]:8443/v1/x', 'https://dav.test/v1/x'],
  ] as const) {
    test(`is mapped: ${from}`, () => assert.equal(forwarded(mapping, from), to))
  }

  for (const [mapping, from] of [
    // Another path.
    [moved, 'http://localhost:8008/private'],
    [moved, 'http://localhost:8008/apix'],
    [moved, 'http://localhost:8008'],
    [moved, '/v1/x'],
    [moved, 'https://dav.test/api/x'],
    [moved, 'https://dav.test:8443/v11'],
    [moved, 'https://dav.test:8443/v1/../private'],
    // Another server.
    [moved, 'http://other.test/api/x'],
    [moved, '//other.test/api/x'],
    [moved, 'ftp://localhost:8008/api/x'],
    [moved, 'file:///api/x'],
    [moved, 'http:/api/x'],
    [moved, 'http://localhost:800/api/x'],
    [moved, 'http://localhost:80088/api/x'],
    [moved, 'http://localhost.evil.test:8008/api/x'],
    [moved, 'https://dav.test.evil.test:8443/v1/x'],
    [moved, 'https://10.0.0.55:8443/v1/x'],
    [moved, 'https://[2001:db8::11]:8443/v1/x'],
    [whole, 'https://cal.test:8443/a'],
    [whole, 'http://cal.test:443@other.test/a'],
    // Credentials.
    [moved, 'http://user@localhost:8008/api/x'],
    [moved, 'http://user:secret@localhost:8008/api/x'],
    [moved, 'http://localhost:8008@other.test/api/x'],
    // What a server may resolve to a path outside.
    [moved, '/api/../private'],
    [moved, '/api/a/../../private'],
    [moved, '/api/%2e%2E/private'],
    [moved, '/api/.%2e'],
    [moved, '/api/..;/private'],
    [moved, '/api/..%3bx/private'],
    [moved, '/api/..%2fprivate'],
    [moved, '/api/%2e%2e%2fprivate'],
    [moved, '/api/a%2fb/../../private'],
    [moved, '/api/a%5c..%5c..%5cprivate'],
    [moved, '/api%2fx'],
    [moved, '/api/x%00'],
    [whole, '/../x'],
    [whole, '/a/%2e%2e/%2e%2e/x'],
    [whole, 'https://cal.test/..%2fx'],
    // What parsers of URLs read otherwise.
    [moved, '/api/..\\private'],
    [moved, '\\\\other.test/api/x'],
    [moved, 'http:\\\\localhost:8008/api/x'],
    [moved, 'http://localhost:8008\\api/x'],
    [moved, '/api/.\t./private'],
    [moved, '/api/x\u0001'],
    [moved, '\t//other.test/api/x'],
    // No URL.
    [moved, 'x'],
    [moved, ''],
    [moved, '?x'],
  ] as const) {
    test(`is refused: ${from}`, () => assert.equal(forwarded(mapping, from), 502))
  }

  for (const value of ['/api/y z', '/api/y?x=1#f', '/api/y#', '/api/y?x\ty', 'http://localhost:8008/api/y z']) {
    test(`is malformed: ${JSON.stringify(value)}`, () => assert.equal(forwarded(moved, value), 400))
  }

  test('may occur once', () => {
    assert.equal(forwarded(moved, '/api/x', '/api/y'), 400)
    assert.equal(forwarded(moved, '/api/x', '/api/x'), 400)
    assert.throws(() => checkDestination(['destination', '/api/x', 'DESTINATION', '/api/y'], moved), {
      code: 'E8008_MALFORMED',
    })
  })

  test('that is refused says where it may lead', () => {
    assert.throws(() => checkDestination(['Destination', '/api/../x'], moved), {
      code: 'E8008_UPSTREAM_FORBIDDEN',
      message: 'The Destination field names a URL outside of the route.',
      hint: 'copy or move to a URL below http://localhost:8008/api/',
    })
  })

  test('of other methods than COPY and MOVE is kept', () => {
    const list = ['Destination', '/api/x']
    assert.equal(rewriteDestination(list, moved, false), list)
  })

  test('is mapped in linear time', () => {
    const many = 16 * 1024
    for (const part of ['/', '%2f', '..', '../', 'a/../', ';', '%5c..', '%']) {
      const start = processorTime()
      forwarded(moved, `/api/${part.repeat(many / part.length)}`)
      const ms = processorTime() - start
      assert.ok(ms < 1000, `${part}: ${ms} ms`)
    }
  })
})

describe('If', () => {
  const mapped = (value: string): string => rewriteDestination(['If', value], moved, false)[1] ?? ''

  test('has tags, which are mapped only outside of lists', () => {
    const lists = '(<http://localhost:8008/api/token> ["http://localhost:8008/api/)("])'
    assert.equal(
      mapped(`<http://localhost:8008/api/a%2Fb> ${lists} </api/b> (Not <urn:x>)`),
      `<https://dav.test/v1/a%2Fb> ${lists} </v1/b> (Not <urn:x>)`,
    )
    assert.equal(mapped('<https://dav.test:8443/v1/a> (<urn:x>)'), '<https://dav.test/v1/a> (<urn:x>)')
  })

  for (const value of [
    // Tags outside of the route are conditions that the upstream finds unmet.
    '<http://other.test/api/a> (<urn:x>)',
    '</api/../a> (<urn:x>)',
    // Not of WebDAV.
    'x < /api/y',
    'see <http://localhost:8008/api/a>',
    '<http://localhost:8008/api/a>',
    '(<urn:x>) <http://localhost:8008/api/a>',
    '</api/a> and </api/b>',
    'queue </api/a> ([“x”])',
  ]) {
    test(`is kept: ${value}`, () => assert.equal(mapped(value), value))
  }

  test('is matched in linear time, also where it is almost valid', () => {
    for (const value of [
      `${'(a)'.repeat(20_000)}x`,
      `(${'"a"'.repeat(20_000)}`,
      '<a> '.repeat(20_000),
      '(a "'.repeat(20_000),
    ]) {
      assert.equal(mapped(value), value)
    }
  })
})
