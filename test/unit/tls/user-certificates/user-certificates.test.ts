import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { issueAuthority, issueLeaf } from '../../../../src/tls/issue/issue.ts'
import { loadUserCertificate } from '../../../../src/tls/user-certificates/user-certificate.ts'
import type { UserCertificate } from '../../../../src/tls/tls.ts'
import type { Pair } from '../../../../src/tls/types.ts'
import { FakeClock, openCertificates } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const day = 86_400_000
const now = Date.now()
const term = { notBefore: new Date(now - day), notAfter: new Date(now + day) }
const authority = issueAuthority('test', term)

function leaf(names: readonly string[], { from = -1, to = 1 } = {}): Pair {
  return issueLeaf(names, authority, { notBefore: new Date(now + from * day), notAfter: new Date(now + to * day) })
}

function locked({ cert, key }: Pair, passphrase: string): Pair {
  const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
  return { cert, key: createPrivateKey(key).export(cipher) as string }
}

function certsOf(own: UserCertificate): string[] {
  return String(loadUserCertificate(own, now).options.cert).match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g) ?? []
}

test('reads certificate and key from two files, from one, and in any order', async () => {
  const one = leaf(['one.test'])
  using folder = await new TempFolder().write({
    'cert.pem': one.cert,
    'key.pem': one.key,
    'both.pem': one.key + one.cert,
    'chain.pem': `# a comment\r\n${authority.cert}${one.cert}`.replaceAll('\n', '\r\n'),
    'ca.pem': authority.cert,
  })
  const [cert, key] = [folder.join('cert.pem'), folder.join('key.pem')]
  const loaded = loadUserCertificate({ cert, key }, now)
  assert.deepEqual([loaded.names, loaded.warnings], [['one.test'], []])
  assert.deepEqual(certsOf({ cert, key }), [one.cert])
  assert.deepEqual(certsOf({ cert: folder.join('both.pem') }), [one.cert])
  assert.deepEqual(certsOf({ cert: folder.join('chain.pem'), key }), [one.cert, authority.cert])
  // A root need not be sent.
  assert.deepEqual(certsOf({ cert, key, ca: folder.join('ca.pem') }), [one.cert])
})

test('opens an encrypted key with its passphrase, and asks for it otherwise', async () => {
  const { cert, key } = locked(leaf(['one.test']), 'open')
  using folder = await new TempFolder().write({ 'cert.pem': cert, 'key.pem': key })
  const own = { cert: folder.join('cert.pem'), key: folder.join('key.pem') }
  assert.deepEqual(loadUserCertificate({ ...own, passphrase: 'open' }, now).names, ['one.test'])
  const refused = (passphrase: string | undefined, message: RegExp): void =>
    assert.throws(
      () => loadUserCertificate({ ...own, ...(passphrase === undefined ? {} : { passphrase }) }, now),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'E8008_CERT')
        assert.match(error.message, message)
        assert.doesNotMatch(`${error.message} ${(error as { hint?: string }).hint}`, /wrong-one/)
        return true
      },
    )
  refused(undefined, /The key in .*key\.pem is encrypted/)
  refused('wrong-one', /The passphrase does not open the key in .*key\.pem/)
})

/** A file that OpenSSL 3.0 made, for `one.test` and 10.0.0.1. It expires in 2126; its passphrase is `open`. */
const pfx = fileURLToPath(new URL('one.pfx', import.meta.url))

test('reads a PKCS #12 file and its names', async () => {
  using folder = await new TempFolder().write({ 'bad.pfx': 'no pfx' })
  assert.deepEqual(loadUserCertificate({ pfx, passphrase: 'open' }, now).names, ['one.test', '10.0.0.1'])
  const fails = (own: UserCertificate, message: RegExp): void =>
    assert.throws(() => loadUserCertificate(own, now), { code: 'E8008_CERT', message })
  fails({ pfx, passphrase: 'wrong' }, /The passphrase does not open .*one\.pfx/)
  fails({ pfx }, /one\.pfx is encrypted/)
  fails({ pfx: folder.join('bad.pfx') }, /bad\.pfx cannot be used/)
  fails({ pfx: folder.join('none.pfx') }, /none\.pfx does not exist/)
})

test('names the file that cannot be used', async () => {
  const [one, two] = [leaf(['one.test']), leaf(['two.test'])]
  using folder = await new TempFolder().write({
    'one.pem': one.cert,
    'two-key.pem': two.key,
    'mixed.pem': one.cert + two.key,
    'broken.pem': one.cert.replace('MII', 'AII'),
    'broken-key.pem': two.key.replace('MI', 'AI'),
    'text.pem': 'hello',
  })
  const file = (name: string): string => folder.join(name)
  const cases: readonly (readonly [UserCertificate, RegExp])[] = [
    [{ cert: file('one.pem'), key: file('two-key.pem') }, /The key .*two-key\.pem does not belong to .*one\.pem/],
    [{ cert: file('mixed.pem') }, /in .*mixed\.pem do not belong together/],
    [{ cert: file('one.pem') }, /one\.pem holds no private key/],
    [{ key: file('two-key.pem') }, /The key .*two-key\.pem needs its certificate/],
    [{ cert: file('broken.pem'), key: file('two-key.pem') }, /broken\.pem holds a certificate that cannot be read/],
    [{ cert: file('one.pem'), key: file('broken-key.pem') }, /The key in .*broken-key\.pem cannot be read/],
    [{ cert: file('text.pem'), key: file('two-key.pem') }, /text\.pem holds no certificate in PEM/],
    [{ cert: file('none.pem'), key: file('two-key.pem') }, /none\.pem does not exist/],
    [{ cert: folder.path, key: file('two-key.pem') }, /cannot be read/],
    [{}, /needs a file/],
  ]
  for (const [own, message] of cases) {
    await assert.rejects(openCertificates({ own: [own] }), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, 'E8008_CERT')
      assert.match(error.message, message)
      assert.notEqual(error.hint, undefined)
      assert.doesNotMatch(error.message, /PRIVATE KEY/)
      return true
    })
  }
})

test(
  'names a file that this user may not read',
  { skip: process.getuid?.() === 0 && 'root may read all' },
  async () => {
    const one = leaf(['one.test'])
    using folder = await new TempFolder().write({ 'both.pem': one.cert + one.key })
    chmodSync(folder.join('both.pem'), 0)
    assert.throws(() => loadUserCertificate({ cert: folder.join('both.pem') }, now), {
      message: /both\.pem cannot be read/,
    })
  },
)

test('warns of a certificate that clients reject, and serves it', async () => {
  const [late, early] = [leaf(['a.test'], { from: -2, to: -1 }), leaf(['b.test'], { from: 1, to: 2 })]
  const nameless = issueAuthority('no names', term)
  const wide = leaf(['localhost', '*.localhost', '*.app.localhost', '*.corp', '*.home.arpa'], { to: 30 })
  const narrow = leaf(['*.app.localhost', '*.example.com'], { to: 30 })
  using folder = await new TempFolder().write({
    'late.pem': late.cert + late.key,
    'early.pem': early.cert + early.key,
    'nameless.pem': nameless.cert + nameless.key,
    'wide.pem': wide.cert + wide.key,
    'narrow.pem': narrow.cert + narrow.key,
  })
  const own = ['late.pem', 'early.pem', 'nameless.pem', 'wide.pem', 'narrow.pem'].map((name) => ({
    cert: folder.join(name),
  }))
  using opened = await openCertificates({ own })
  const [first = '', second = '', third = '', fourth = '', ...others] = opened.warnings.map(({ message }) => message)
  assert.match(first, /late\.pem expired on /)
  assert.match(second, /early\.pem is not valid before /)
  assert.match(third, /nameless\.pem names no host/)
  assert.match(fourth, /wide\.pem holds \*\.localhost, \*\.corp, \*\.home\.arpa, which most clients refuse/)
  assert.deepEqual(others, [])
  assert.equal(opened.certificates.current().cert, late.cert)
  const hints = opened.warnings.map(({ hint = '' }) => hint)
  assert.match(hints[0] ?? '', /renew it/)
  assert.match(hints[1] ?? '', /clock of this machine/)
  assert.match(hints[2] ?? '', /subjectAltName=/)
})

test('warns of a certificate that ends soon, but not of a short-lived one', async () => {
  const [soon, short] = [leaf(['a.test'], { from: -80, to: 10 }), leaf(['b.test'], { from: -1, to: 6 })]
  using folder = await new TempFolder().write({ 'soon.pem': soon.cert + soon.key, 'short.pem': short.cert + short.key })
  using opened = await openCertificates({
    own: [{ cert: folder.join('soon.pem') }, { cert: folder.join('short.pem') }],
  })
  assert.equal(opened.warnings.length, 1)
  assert.match(opened.warnings[0]?.message ?? '', /soon\.pem expires on [^,]*\.$/)
})

test('recognises swapped files, and names where a passphrase is given', async () => {
  const one = leaf(['one.test'])
  using folder = await new TempFolder().write({
    'cert.pem': one.cert,
    'key.pem': one.key,
    'locked.pem': locked(one, 'open').key,
  })
  const [cert, key] = [folder.join('cert.pem'), folder.join('key.pem')]
  const refused = (own: UserCertificate, message: RegExp, hint: RegExp): void =>
    assert.throws(
      () => loadUserCertificate(own, now),
      (error: Error & { hint?: string }) => {
        assert.match(error.message, message)
        assert.match(error.hint ?? '', hint)
        return true
      },
    )
  refused({ pfx: cert }, /cert\.pem is PEM, not PKCS #12/, /--cert/)
  refused({ cert: key, key: cert }, /key\.pem holds a key and .*cert\.pem a certificate/, /swap/)
  refused({ cert, key: folder.join('locked.pem') }, /is encrypted/, /--passphrase.*SERVE8008_PASSPHRASE/)
})

test('chooses a certificate by exact name, then by wildcard, then the first', async () => {
  const pairs = [leaf(['first.test']), leaf(['*.shop.test']), leaf(['a.shop.test', 'b.shop.test'])]
  using folder = await new TempFolder().write(
    Object.fromEntries(pairs.map(({ cert, key }, index) => [`${index}.pem`, cert + key])),
  )
  using opened = await openCertificates({ own: pairs.map((_, index) => ({ cert: folder.join(`${index}.pem`) })) })
  const { certificates } = opened
  const [first, star, exact] = await Promise.all(
    ['first.test', 'z.shop.test', 'b.shop.test'].map((name) => certificates.contextFor(name)),
  )
  assert.equal(new Set([first, star, exact]).size, 3)
  assert.equal(await certificates.contextFor('A.SHOP.test.'), exact)
  for (const name of ['', 'shop.test', 'c.z.shop.test', 'localhost', '..']) {
    assert.equal(await certificates.contextFor(name), first, name)
  }
  assert.equal(certificates.current().cert, pairs[0]?.cert)
})

/** Two certificates in folders, and a link to the first of them. */
async function linked(one: Pair, two: Pair): Promise<{ folder: TempFolder; own: UserCertificate[] }> {
  const folder = await new TempFolder().write({
    'old/cert.pem': one.cert,
    'old/key.pem': one.key,
    'new/cert.pem': two.cert,
    'new/key.pem': two.key,
  })
  symlinkSync(folder.join('old'), folder.join('live'), 'junction')
  return { folder, own: [{ cert: folder.join('live', 'cert.pem'), key: folder.join('live', 'key.pem') }] }
}

function turn(folder: TempFolder): void {
  rmSync(folder.join('live'))
  symlinkSync(folder.join('new'), folder.join('live'), 'junction')
}

test('reloads files after a rename or a changed link, and warns of broken ones', async () => {
  const [one, two, three] = [leaf(['one.test']), leaf(['two.test']), leaf(['three.test'])]
  const { folder, own } = await linked(one, two)
  using _ = folder
  const clock = new FakeClock()
  using opened = await openCertificates({ own }, clock)
  const { certificates, changes, warnings } = opened
  const shown = (): string | undefined => new X509Certificate(String(certificates.current().cert)).subjectAltName
  const context = await certificates.contextFor('')

  clock.passMs(250)
  assert.deepEqual([shown(), changes.count], ['DNS:one.test', 0])
  turn(folder)
  clock.passMs(250)
  assert.deepEqual([shown(), changes.count], ['DNS:two.test', 1])
  assert.notEqual(await certificates.contextFor(''), context)

  // The certificate comes first and the key in a moment: nothing to speak of.
  writeFileSync(folder.join('new', 'cert.pem'), three.cert)
  for (let looks = 0; looks < 3; looks++) clock.passMs(250)
  assert.deepEqual([shown(), warnings.length], ['DNS:two.test', 0])
  writeFileSync(folder.join('new', 'key.tmp'), three.key)
  renameSync(folder.join('new', 'key.tmp'), folder.join('new', 'key.pem'))
  clock.passMs(250)
  assert.equal(shown(), 'DNS:three.test')
  clock.passMs(2000)
  assert.deepEqual([changes.count, warnings.length], [2, 0])

  // The key does not come.
  writeFileSync(folder.join('new', 'cert.pem'), one.cert)
  clock.passMs(250)
  assert.equal(warnings.length, 0)
  for (let looks = 0; looks < 20; looks++) clock.passMs(250)
  assert.equal(shown(), 'DNS:three.test')
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]?.message ?? '', /key\.pem does not belong to .* is kept\.$/)

  // A file that is gone for good.
  rmSync(folder.join('new', 'key.pem'))
  for (let looks = 0; looks < 20; looks++) clock.passMs(250)
  assert.match(warnings[1]?.message ?? '', /key\.pem does not exist\. The certificate from before is kept\.$/)
  assert.deepEqual([shown(), warnings.length], ['DNS:three.test', 2])
  certificates.close()
  assert.equal(clock.pending, 0)
})

test('does not block on a pipe that replaces a file', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no named pipes in folders')
  const { cert, key } = leaf(['one.test'])
  using folder = await new TempFolder().write({ 'cert.pem': cert, 'key.pem': key })
  const clock = new FakeClock()
  const own = [{ cert: folder.join('cert.pem'), key: folder.join('key.pem') }]
  using opened = await openCertificates({ own }, clock)
  rmSync(folder.join('cert.pem'))
  await promisify(execFile)('mkfifo', [folder.join('cert.pem')])
  // Should it be read, something ends it.
  const writer = spawn('sh', ['-c', 'sleep 3; : > "$1"', 'sh', folder.join('cert.pem')])
  t.after(() => writer.kill('SIGKILL'))
  for (let looks = 0; looks < 20; looks++) clock.passMs(250)
  assert.match(
    opened.warnings[0]?.message ?? '',
    /cert\.pem is not a regular file\. The certificate from before is kept\.$/,
  )
})

test('reloads files with the clock of the system', async () => {
  const { folder, own } = await linked(leaf(['one.test']), leaf(['two.test']))
  using _ = folder
  using opened = await openCertificates({ own })
  const changed = opened.next()
  turn(folder)
  await changed
  const { cert } = opened.certificates.current()
  assert.equal(new X509Certificate(String(cert)).subjectAltName, 'DNS:two.test')
})
