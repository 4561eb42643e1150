import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSanPolicy } from '../../../src/tls/issue/san-policy.ts'
import {
  canonicalName,
  coversHost,
  isNarrow,
  isPermitted,
  isWholeDomain,
  certificateNames,
} from '../../../src/tls/names.ts'
import type { CertificateWarning } from '../../../src/tls/types.ts'

test('spells each host in one way', () => {
  const spellings: readonly (readonly [string, string | undefined])[] = [
    ['LOCALHOST', 'localhost'],
    ['app.localhost.', 'app.localhost'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FE80::1%eth0', 'fe80::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['app.localhost%.evil.com', undefined],
    ['bücher.test', 'xn--bcher-kva.test'],
    ['*.app.test', '*.app.test'],
    ['my_box.local', 'my_box.local'],
    ['', undefined],
    ['a b', undefined],
    ['a..b', undefined],
    ['-a.test', undefined],
    ['*', undefined],
    ['a.*.test', undefined],
    ['*.10.0.0.1', undefined],
    [`${'a'.repeat(64)}.test`, undefined],
    [`${'a.'.repeat(130)}test`, undefined],
    ['a/b', undefined],
    ['../../etc', undefined],
  ]
  for (const [text, name] of spellings) assert.equal(canonicalName(text), name, text)
})

test('permits names and addresses that have no owner on the internet', () => {
  const yes =
    'localhost a.b.localhost *.app.localhost *.a.b.test box.local x.test a.internal r.home.arpa 127.9.9.9 10.0.0.1 172.31.0.1'
  for (const name of `${yes} 192.168.1.1 169.254.1.1 100.64.0.1 ::1 fd12::1 fe80::1`.split(' ')) {
    assert.equal(isPermitted(name), true, name)
  }
  const no =
    '*.localhost *.test *.local *.internal *.home.arpa *.com *.example.com example.com evillocalhost localhost.evil.com home arpa com 8.8.8.8 172.32.0.1 100.128.0.1 ::2 2001:db8::1'
  for (const name of no.split(' ')) assert.equal(isPermitted(name), false, name)
})

test('matches a wildcard with one label', () => {
  assert.equal(coversHost('*.a.test', 'b.a.test'), true)
  assert.equal(coversHost('*.a.test', 'a.test'), false)
  assert.equal(coversHost('*.a.test', 'c.b.a.test'), false)
  assert.equal(coversHost('*.a.test', 'xa.test'), false)
  assert.equal(coversHost('a.test', 'a.test'), true)
})

test('treats a wildcard before one label or a public suffix as one for a whole domain', () => {
  for (const name of ['*.localhost', '*.test', '*.com', '*.home.arpa']) assert.equal(isWholeDomain(name), true, name)
  for (const name of ['localhost', 'home.arpa', '*.app.localhost', '*.x.home.arpa', '*.example.com', '::1']) {
    assert.equal(isWholeDomain(name), false, name)
  }
  // A certificate of the user's own allows its names, unless it is for a domain of the public internet.
  for (const name of ['*.localhost', '*.home.arpa', '*.example.com', 'a.com']) assert.equal(isNarrow(name), true, name)
  for (const name of ['*.com', '*.corp']) assert.equal(isNarrow(name), false, name)
})

test('issues a separate certificate for each name below a domain', () => {
  for (const domain of ['test', 'local', 'internal', 'home.arpa']) {
    const { always, allows } = createSanPolicy([`.${domain}`], () => assert.fail())
    assert.deepEqual(always, ['localhost', '127.0.0.1', '::1', domain])
    for (const host of [`x.${domain}`, `y.x.${domain}`]) assert.equal(allows(host), true, host)
    for (const host of ['x.example', `x${domain}`]) assert.equal(allows(host), false, host)
  }
})

test('reads the names of a certificate as Node writes them', () => {
  assert.deepEqual(certificateNames('DNS:localhost, IP Address:0:0:0:0:0:0:0:1, URI:http://x, DNS:*.A.test'), [
    'localhost',
    '::1',
    '*.a.test',
  ])
  assert.deepEqual(certificateNames(undefined), [])
})

test('leaves out hosts that it must not sign, and warns of them unless most networks have them', () => {
  const warnings: CertificateWarning[] = []
  const hosts = ['App.Test', '.shop.test', '192.168.1.5', 'example.com', '2001:db8::1', '0.0.0.0', '::', 'app.test']
  const { always, allows } = createSanPolicy(hosts, (warning) => warnings.push(warning))
  assert.deepEqual(always, [...['localhost', '127.0.0.1', '::1'], ...['app.test', 'shop.test', '192.168.1.5']])
  assert.equal(warnings.length, 1)
  assert.equal(warnings[0]?.code, 'W8008_CERT_NAME')
  assert.match(warnings[0]?.message ?? '', / refuse example\.com over TLS/)
  for (const host of ['a.b.localhost', 'x.shop.test', 'y.x.shop.test', 'app.test'])
    assert.equal(allows(host), true, host)
  for (const host of ['x.app.test', 'example.com', 'evillocalhost', '10.0.0.1']) assert.equal(allows(host), false, host)
})
