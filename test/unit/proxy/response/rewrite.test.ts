import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rewriteCookie, rewriteCookies } from '../../../../src/proxy/response/cookies.ts'
import { rewriteLocation } from '../../../../src/proxy/response/location.ts'
import { processorTime } from '../../../support/processor-time.ts'
import type { UrlMapping } from '../../../../src/proxy/url-rewrite.ts'

type Prefixes = readonly [client: string, upstream: string]

function mapping([client, upstream]: Prefixes, facts: Partial<UrlMapping['client']> = {}): UrlMapping {
  return {
    client: { scheme: 'http', authority: 'localhost:8008', prefix: client, ...facts },
    upstream: { scheme: 'http', authority: 'localhost:8008', prefix: upstream },
    aliases: ['localhost:3000'],
  }
}

const kept: Prefixes = ['/api', '/api']
const moved: Prefixes = ['/api', '/v1']
const rooted: Prefixes = ['/api', '']
const unrooted: Prefixes = ['', '/v1']

describe('maps the URL of a redirect to the route', () => {
  for (const [prefixes, from, to] of [
    [kept, 'http://localhost:3000/api/x?q=1#f', 'http://localhost:8008/api/x?q=1#f'],
    [kept, 'http://127.0.0.1:3000/api/x', 'http://localhost:8008/api/x'],
    [kept, 'http://[::1]:3000/login', 'http://localhost:8008/login'],
    [kept, 'http://localhost:3000', 'http://localhost:8008/'],
    [kept, 'HTTP://LOCALHOST:3000/api/', 'http://localhost:8008/api/'],
    [kept, 'ws://localhost:3000/api/s', 'ws://localhost:8008/api/s'],
    [kept, '//localhost:3000/api/x', '//localhost:8008/api/x'],
    [kept, '/login', '/login'],
    [kept, '/api/x', '/api/x'],
    [moved, 'http://localhost:3000/v1/a%2Fb/', 'http://localhost:8008/api/a%2Fb/'],
    [moved, 'http://localhost:8008/v1/x', 'http://localhost:8008/api/x'],
    [moved, 'http://localhost:8008/api/x', 'http://localhost:8008/api/x'],
    [moved, '/v1/x', '/api/x'],
    [moved, '/v1', '/api'],
    [moved, '/v1?q', '/api?q'],
    [moved, '/v11/x', '/v11/x'],
    [moved, '/api/x', '/api/x'],
    [moved, 'http://localhost:3000/elsewhere', 'http://localhost:3000/elsewhere'],
    [rooted, '/login', '/api/login'],
    [rooted, '/', '/api/'],
    [rooted, 'http://localhost:3000/', 'http://localhost:8008/api/'],
    [rooted, 'http://localhost:3000', 'http://localhost:8008/api'],
    [rooted, '/api/x', '/api/x'],
    [unrooted, '/v1/x', '/x'],
    [unrooted, '/v1', '/'],
    // These would name another host.
    [unrooted, '/v1//evil.test/', '/.//evil.test/'],
    [unrooted, '/v1/\\evil.test/', '/./\\evil.test/'],
    // URLs of other servers.
    [moved, 'https://login.test/v1/x', 'https://login.test/v1/x'],
    [moved, 'http://localhost:3001/v1/x', 'http://localhost:3001/v1/x'],
    [moved, 'http://user@localhost:3000/v1/x', 'http://user@localhost:3000/v1/x'],
    [moved, 'http://localhost:3000.evil.test/v1', 'http://localhost:3000.evil.test/v1'],
    [moved, '//evil.test/v1/x', '//evil.test/v1/x'],
    [moved, 'mailto:a@b.test', 'mailto:a@b.test'],
    [moved, 'next?x', 'next?x'],
    [moved, '../x', '../x'],
    [moved, '?q', '?q'],
    [moved, '#f', '#f'],
    [moved, '', ''],
  ] as const) {
    test(`${prefixes.join(' <- ') || '/'}: ${from}`, () => {
      assert.deepEqual(rewriteLocation(302, ['Location', from], mapping(prefixes)), ['Location', to])
    })
  }

  for (const [from, to] of [
    // The names of `aliases`, one without a port with the default port of either scheme.
    ['https://cal.test:8443/v1/x', 'http://localhost:8008/api/x'],
    ['http://CAL.test.:8443/v1/x', 'http://localhost:8008/api/x'],
    ['//cal.test:08443/v1/x', '//localhost:8008/api/x'],
    ['https://dav.test/v1/x', 'http://localhost:8008/api/x'],
    ['https://dav.test:443/v1/x', 'http://localhost:8008/api/x'],
    ['http://dav.test:/v1/x', 'http://localhost:8008/api/x'],
    ['http://dav.test:80/v1/x', 'http://localhost:8008/api/x'],
    ['http://[2001:DB8:0::1]:8443/v1/a%2Fb', 'http://localhost:8008/api/a%2Fb'],
    // An alias says nothing of other ports, longer names and paths that the route does not have.
    ['https://cal.test/v1/x', undefined],
    ['https://cal.test:844/v1/x', undefined],
    ['https://cal.test:84430/v1/x', undefined],
    ['https://cal.test.evil.test:8443/v1/x', undefined],
    ['https://evil-cal.test:8443/v1/x', undefined],
    ['http://dav.test:443/v1/x', undefined],
    ['https://dav.test:80/v1/x', undefined],
    ['https://user@cal.test:8443/v1/x', undefined],
    ['https://cal.test:8443@evil.test/v1/x', undefined],
    ['https://cal.test:8443\\@evil.test/v1/x', undefined],
    ['https://cal.test%3a8443/v1/x', undefined],
    ['http://[2001:db8::1%25eth0]:8443/v1/x', undefined],
    ['http://[2001:db8::11]:8443/v1/x', undefined],
    ['ftp://cal.test:8443/v1/x', undefined],
    ['https://cal.test:8443/v11/x', undefined],
  ] as const) {
    test(`by another name of the upstream: ${from}`, () => {
      const named = { ...mapping(moved), aliases: ['cal.test:8443', 'dav.test', '[2001:db8::1]:8443'] }
      for (const name of ['location', 'Content-Location', 'Application-URL'])
        assert.deepEqual(rewriteLocation(201, [name, from], named), [name, to ?? from])
    })
  }

  test('corrects the scheme of a backend behind TLS', () => {
    const secure = mapping(kept, { scheme: 'https', authority: 'app.test' })
    const upstream = { ...secure, upstream: { ...secure.upstream, authority: 'app.test' } }
    assert.deepEqual(rewriteLocation(301, ['Location', 'http://app.test/api/x'], upstream), [
      'Location',
      'https://app.test/api/x',
    ])
  })

  test('keeps the https of a redirect to the URL that was asked for', () => {
    const asked = (target: string, facts = {}, prefixes = kept): UrlMapping => ({ ...mapping(prefixes, facts), target })
    for (const [urls, from, to] of [
      [asked('/api/x?q'), 'https://localhost:8008/api/x?q', 'https://localhost:8008/api/x?q'],
      [asked('/api/x', {}, moved), 'HTTPS://localhost:8008/v1/x', 'https://localhost:8008/api/x'],
      // A page elsewhere, and a scheme that is right already, are mapped as ever.
      [asked('/api/x'), 'https://localhost:8008/api/y', 'http://localhost:8008/api/y'],
      [asked('/api/x'), 'https://localhost:8008/api/x?q', 'http://localhost:8008/api/x?q'],
      [asked('/api/x'), 'http://localhost:8008/api/x', 'http://localhost:8008/api/x'],
      [asked('/api/x', { scheme: 'https' }), 'https://localhost:8008/api/x', 'https://localhost:8008/api/x'],
      [asked('/x', {}, rooted), 'https://evil.test/x', 'https://evil.test/x'],
    ] as const)
      assert.deepEqual(rewriteLocation(301, ['Location', from], urls), ['Location', to])
    // The URL of what was made is no redirect.
    const [, made] = rewriteLocation(201, ['Location', 'https://localhost:8008/api/x'], asked('/api/x'))
    assert.equal(made, 'http://localhost:8008/api/x')
    // An upstream with TLS of its own names its own scheme.
    const secure = asked('/api/x')
    const own = { ...secure, upstream: { ...secure.upstream, scheme: 'https' } } as const
    const [, url] = rewriteLocation(302, ['Location', 'https://localhost:8008/api/x'], own)
    assert.equal(url, 'http://localhost:8008/api/x')
  })

  test('maps Location of redirects and successful responses, not of errors', () => {
    const from = ['location', 'http://localhost:3000/v1/x']
    // 202 and 204: uploads to a registry (OCI distribution specification, "Pushing a blob in chunks").
    for (const status of [201, 202, 204, 300, 301, 302, 303, 305, 307, 308, 399]) {
      assert.equal(rewriteLocation(status, from, mapping(moved))[1], 'http://localhost:8008/api/x', String(status))
    }
    for (const status of [404, 500]) assert.equal(rewriteLocation(status, from, mapping(moved)), from)
  })

  test('maps Content-Location, Application-URL and Refresh', () => {
    assert.deepEqual(
      rewriteLocation(
        200,
        [
          ...['Content-Location', '/v1/x', 'Application-URL', 'http://localhost:3000/v1/app'],
          ...['Refresh', '5; url=/v1/y', 'Refresh', '0;URL="http://localhost:3000/v1/z"', 'Refresh', '30'],
          ...['X-Other', '/v1/x'],
        ],
        mapping(moved),
      ),
      [
        ...['Content-Location', '/api/x', 'Application-URL', 'http://localhost:8008/api/app'],
        ...['Refresh', '5; url=/api/y', 'Refresh', '0;URL="http://localhost:8008/api/z"', 'Refresh', '30'],
        ...['X-Other', '/v1/x'],
      ],
    )
  })
})

test('reads Refresh in every form that browsers accept (HTML section 4.2.5.3)', () => {
  for (const [from, to] of [
    ["3,URL = '/v1/x'", "3,URL = '/api/x'"],
    ['3 url=/v1/x', '3 url=/api/x'],
    ['0.5 ; url="/v1/x', '0.5 ; url="/v1/x'],
    ['0; url="', '0; url="'],
    ['0; url=', '0; url='],
    ['url=/v1/x', 'url=/api/x'],
    ['3; urls=/v1/x', '3; urls=/v1/x'],
  ] as const) {
    assert.deepEqual(rewriteLocation(200, ['Refresh', from], mapping(moved)), ['Refresh', to])
  }
})

test('rewrites the longest fields of a response in linear time', () => {
  const many = 256 * 1024
  const blanks = ' '.repeat(many)
  for (const fields of [
    ['Refresh', `5${blanks}x`],
    ['Refresh', `5;${blanks}x`],
    ['Refresh', `5;url${blanks}x`],
    ['Refresh', `5;url=a${blanks}b`],
    ['Refresh', `5;url="a${blanks}b`],
    ['Refresh', `${'5'.repeat(many)}x`],
    ['Location', `${blanks}x`],
    ['Location', `http://${'/'.repeat(many)}`],
    ['Location', `/${'%2e/'.repeat(many / 4)}`],
  ]) {
    const start = processorTime()
    rewriteLocation(302, fields, mapping(moved))
    const ms = processorTime() - start
    // It takes a few milliseconds.
    assert.ok(ms < 1000, `${fields.join(': ').slice(0, 20)}: ${ms} ms`)
  }
  for (const cookie of [`a${blanks}=b;${blanks}x`, ';'.repeat(many), `a=b; path=${'/'.repeat(many)}`]) {
    const start = processorTime()
    rewriteCookie(cookie, mapping(moved))
    assert.ok(processorTime() - start < 1000, cookie.slice(0, 20))
  }
})

describe('adapts a cookie to the URL of the client', () => {
  for (const [prefixes, from, to] of [
    [kept, 'a=b', 'a=b'],
    [kept, 'a=b; Domain=api.test; Path=/api; HttpOnly', 'a=b; Path=/api; HttpOnly'],
    [kept, 'a=b; domain=localhost', 'a=b'],
    [kept, 'a=b; Secure; HttpOnly', 'a=b; HttpOnly'],
    [kept, 'a=b; SameSite=None; Secure; Partitioned', 'a=b; SameSite=Lax'],
    [kept, 'a=b; samesite=none', 'a=b; samesite=Lax'],
    [kept, 'a=b; SameSite=Strict; Secure', 'a=b; SameSite=Strict'],
    [kept, '__Secure-a=b; Secure; SameSite=None; Domain=x.test', '__Secure-a=b; Secure; SameSite=None'],
    [kept, '__Host-a=b; Secure; Path=/', '__Host-a=b; Secure; Path=/'],
    [moved, '__host-a=b; Secure; Path=/; SameSite=None', '__host-a=b; Secure; Path=/; SameSite=None'],
    [moved, '__Http-a=b; Secure; HttpOnly; Path=/v1', '__Http-a=b; Secure; HttpOnly; Path=/api'],
    [kept, '__http-a=b; Domain=x.test; HttpOnly; Secure', '__http-a=b; HttpOnly; Secure'],
    [moved, '__Host-Http-a=b; Secure; HttpOnly; Path=/', '__Host-Http-a=b; Secure; HttpOnly; Path=/'],
    [moved, '__SECURE-a=b; Secure; Path=/', '__SECURE-a=b; Secure; Path=/api'],
    [kept, '__Https-a=b; Secure', '__Https-a=b'],
    [kept, 'x__Secure-a=b; Secure', 'x__Secure-a=b'],
    [kept, 'secure=domain; Max-Age=5', 'secure=domain; Max-Age=5'],
    [moved, 'a=b; Path=/v1/x', 'a=b; Path=/api/x'],
    [moved, 'a=b; Path=/v1', 'a=b; Path=/api'],
    [moved, 'a=b; Path=/', 'a=b; Path=/api'],
    [moved, 'a=b; Path=/v11', 'a=b; Path=/v11'],
    [rooted, 'a=b; Path=/', 'a=b; Path=/api'],
    [rooted, 'a=b; path = /x/', 'a=b; path =/api/x/'],
    [unrooted, 'a=b; Path=/v1', 'a=b; Path=/'],
    [unrooted, '__Host-a=b; Path=/; Secure', '__Host-a=b; Path=/; Secure'],
  ] as const) {
    test(`${prefixes.join(' <- ')}: ${from}`, () => assert.equal(rewriteCookie(from, mapping(prefixes)), to))
  }

  test('keeps Secure under TLS, and a domain of the client', () => {
    const secure = mapping(kept, { scheme: 'https', authority: 'api.app.test:8443' })
    const cookie = 'a=b; Domain=.app.test; Secure; SameSite=None; Partitioned'
    assert.equal(rewriteCookie(cookie, secure), cookie)
    assert.equal(rewriteCookie('a=b; Domain=other.test', secure), 'a=b')
    assert.equal(rewriteCookie('a=b; Domain=0.0.1', mapping(kept, { authority: '127.0.0.1:80' })), 'a=b')
  })

  test('replaces the path of every cookie by the one of the route, except where its name requires another', () => {
    const everywhere = (cookie: string): string => rewriteCookie(cookie, mapping(moved), '/')
    assert.equal(everywhere('a=b; Path=/; HttpOnly'), 'a=b; HttpOnly; Path=/')
    assert.equal(everywhere('a=b; path=/v1/x; Path=/v2'), 'a=b; Path=/')
    assert.equal(everywhere('a=b; Secure'), 'a=b; Path=/')
    assert.equal(everywhere('__Host-a=b; Secure; Path=/'), '__Host-a=b; Secure; Path=/')
    const list = ['Set-Cookie', 'a=1; Path=/v1']
    assert.deepEqual(rewriteCookies(list, mapping(moved), '/'), ['Set-Cookie', 'a=1; Path=/'])
  })

  test('rewrites each Set-Cookie separately, and no other field', () => {
    const list = ['Set-Cookie', 'a=1; Secure', 'Cookie', 'a=1; Secure', 'set-cookie', 'b=2']
    assert.deepEqual(rewriteCookies(list, mapping(kept)), [
      'Set-Cookie',
      'a=1',
      'Cookie',
      'a=1; Secure',
      'set-cookie',
      'b=2',
    ])
    const plain = ['Set-Cookie', 'b=2']
    assert.equal(rewriteCookies(plain, mapping(kept)), plain)
  })
})
