import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/config/types.ts'
import { errorOf, problemOf } from '../problems-of.ts'

// As `readFileSync('a.key', 'utf8')` gives it.
const pem = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n'

describe('HTTPS', () => {
  const ladder = [8443, 8444, 9443, 10_443]
  const pair = { cert: 'a.crt', key: 'a.key' }

  test('is off unless asked for', () => {
    const { tls, redirect, h2c } = resolveConfig({})
    assert.deepEqual([tls, redirect, h2c], [undefined, undefined, false])
  })

  test('has its own default ports', () => {
    const tls = { only: false, ports: ladder, fallback: true, certificates: [] }
    assert.deepEqual(resolveConfig({ tls: true }).tls, tls)
    assert.deepEqual(resolveConfig({ tls: 'only' }).tls, { ...tls, only: true })
    assert.equal(resolveConfig({ tls: 'only' }).redirect, 'always')
  })

  test('leaves out the port of plain HTTP, and lets the system choose where `port` is 0', () => {
    assert.deepEqual(resolveConfig({ tls: true, port: 8443 }).tls?.ports, [8444, 9443, 10_443])
    assert.deepEqual(resolveConfig({ tls: true, port: 0 }).tls?.ports, [0])
    assert.deepEqual(resolveConfig({ tls: true, port: 0, tlsPort: 8443 }).tls?.ports, [8443])
    const swapped = resolveConfig({ tlsPort: 8008 })
    assert.deepEqual([swapped.tls?.ports, swapped.ports, swapped.fallback], [[8008], [591, 8080, 8000], true])
    assert.deepEqual(resolveConfig({ tls: false, tlsPort: 8008 }).ports, [8008, 591, 8080, 8000])
    assert.match(problemOf({ port: 9000, tlsPort: 9000 }), /^tlsPort: 9000 is the port for plain HTTP; /)
  })

  for (const [place, options] of [
    ['key', { cert: 'a.crt', key: pem }],
    ['cert', { cert: pem }],
    ['pfx', { pfx: pem }],
    ['certificates.0.key', { certificates: [{ cert: 'a.crt', key: pem }] }],
    ['proxy./a.tls.key', { proxy: { '/a': { to: 'https://localhost', tls: { cert: 'a.crt', key: pem } } } }],
    ['proxy./a.tls.ca', { proxy: { '/a': { to: 'https://localhost', tls: { ca: pem } } } }],
  ] as const) {
    test(`PEM in place of a path is refused, and never shown: ${place}`, () => {
      const problem = problemOf(options)
      assert.equal(
        problem,
        `${place}: the value is PEM itself, not the path of a file; write it to a file, and use its path`,
      )
    })
  }

  test('reports the wrong key in a list of certificates', () => {
    const of = (more: object): string => problemOf({ certificates: [{ cert: 'a', ...more }] } as ServeOptions)
    assert.match(of({ passphrase: 5 }), /passphrase.*: expected a string/)
    assert.match(of({ keys: 'hunter2' }), /keys.*: unknown key; did you mean "key"\?/)
    assert.doesNotMatch(of({ passphrase: ['hunter2'] }), /hunter2/)
  })

  test('is suggested for aliases of its flag', () => {
    assert.equal(problemOf({ https: true } as ServeOptions), 'https: unknown option; did you mean "tls"?')
    assert.match(problemOf({ 'ssl-cert': 'a' } as ServeOptions), /did you mean "cert"\?$/)
  })

  test('keeps to one port, and to the first of a list with strictPort', () => {
    const fallback = (options: ServeOptions): boolean | undefined => resolveConfig(options).tls?.fallback
    assert.equal(fallback({ tlsPort: 9000 }), false)
    assert.equal(fallback({ tlsPort: [9000, 9001] }), true)
    assert.equal(fallback({ tls: true, strictPort: true }), false)
    assert.match(problemOf({ tlsPort: [] }), /^tlsPort: the list is empty; use a whole number/)
    assert.match(problemOf({ tlsPort: [1, 1] }), /^tlsPort: 1 is listed twice/)
    assert.match(problemOf({ tlsPort: 70_000 }), /^tlsPort: expected a port from 0 to 65535, got 70000/)
  })

  test('is implied by options that need it, unless it is off', () => {
    for (const options of [
      { tlsPort: 9443 },
      { redirect: true },
      { redirect: 'asked' },
      pair,
      { pfx: 'a.p12' },
      { certificates: [pair] },
    ] as const) {
      assert.ok(resolveConfig(options).tls, JSON.stringify(options))
      const { tls, redirect } = resolveConfig({ ...options, tls: false })
      assert.deepEqual([tls, redirect], [undefined, undefined])
    }
    assert.equal(resolveConfig({ redirect: false, certificates: [] }).tls, undefined)
  })

  test('takes files by absolute paths, and never serves them', () => {
    const config = resolveConfig(
      { ...pair, ca: 'ca.pem', certificates: [{ pfx: 'b.p12', passphrase: 'x' }] },
      { cwd: '/w' },
    )
    assert.deepEqual(config.tls?.certificates, [
      { cert: resolve('/w/a.crt'), key: resolve('/w/a.key'), ca: resolve('/w/ca.pem') },
      { pfx: resolve('/w/b.p12'), passphrase: 'x' },
    ])
    assert.deepEqual(config.secretFiles, [resolve('/w/a.crt'), resolve('/w/a.key'), resolve('/w/b.p12')])
  })

  test('reports options that exclude each other', () => {
    assert.match(problemOf({ cert: 'a', pfx: 'b' }), /^pfx: cannot be combined with "cert"; /)
    assert.match(problemOf({ key: 'a', pfx: 'b' }), /^pfx: cannot be combined with "key"; /)
    assert.match(problemOf({ key: 'a' }), /^key: the certificate is missing; /)
    assert.match(problemOf({ tls: true, passphrase: 'a' }), /^passphrase: the certificate is missing/)
    assert.match(problemOf({ certificates: [{}] }), /^certificates\.0\.cert: the certificate is missing/)
    assert.match(problemOf({ cert: '' }), /^cert: "" is not a file; /)
    assert.match(problemOf({ tls: 'onyl' }), /^tls: expected true, false or only, got "onyl"; serve8008 help tls$/)
    assert.match(problemOf({ redirect: 'never' }), /^redirect: expected true, false or asked, got "never"/)
  })

  test('repeats no passphrase', () => {
    for (const options of [
      { cert: 'a', passphrase: ['hunter2'] },
      { certificates: [{ cert: 'a', passphrase: { hunter2: 1 } }] },
      { certificates: [{ cert: 'a', passprase: 'hunter2' }] },
      { certificates: 'hunter2' },
    ]) {
      const { message, problems } = errorOf(options)
      assert.doesNotMatch([message, ...problems].join('\n'), /hunter2/)
    }
  })
})

test('HTTP/2 without TLS is implied by an upstream that speaks it', () => {
  const proxy = { '/api': 'http://localhost:3000', '/grpc': 'h2c://localhost:50051' }
  assert.equal(resolveConfig({ proxy }).h2c, true)
  assert.equal(resolveConfig({ proxy, h2c: false }).h2c, false)
  assert.equal(resolveConfig({ proxy: { '/': 'h2://localhost:1' } }).h2c, false)
  assert.equal(resolveConfig({ h2c: true }).h2c, true)
})
