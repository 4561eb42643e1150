import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, createServer, type SecureContext } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../../src/tls/clock.ts'
import { openCertificateCache } from '../../../../src/tls/issue/certificate-cache.ts'
import { maxNames } from '../../../../src/tls/issue/local-certificates.ts'
import { certificateNames } from '../../../../src/tls/names.ts'
import type { Certificates } from '../../../../src/tls/tls.ts'
import { chooser, FakeClock, openCertificates, type Opened } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const day = 86_400_000
const isWindows = process.platform === 'win32'

function current(certificates: Certificates): X509Certificate {
  return new X509Certificate(String(certificates.current().cert))
}

/** What a client that asks for a name is shown. */
async function shown(certificates: Certificates, servername: string): Promise<X509Certificate> {
  const server = createServer({
    ...certificates.current(),
    SNICallback: chooser(certificates),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  server.close()
  await once(server, 'close')
  assert.ok(certificate !== undefined)
  return certificate
}

/** Takes the warning that the first start in a folder gives: no client trusts an authority that was just made. */
function takeNews({ warnings }: Opened): void {
  const news = warnings.shift()
  assert.equal(news?.code, 'W8008_UNTRUSTED')
  assert.match(news.message, /^Browsers refuse the certificates of this server until they trust the local authority/)
  assert.equal(news.hint, 'serve8008 trust')
}

test('the certificate holds the names of this machine and those that are configured', async () => {
  using temporary = new TempFolder()
  using opened = await openCertificates({ folder: temporary.path, hosts: ['app.test', '192.168.1.5', 'box.local'] })
  const certificate = current(opened.certificates)
  assert.deepEqual(certificateNames(certificate.subjectAltName), [
    ...['localhost', '127.0.0.1', '::1'],
    ...['app.test', '192.168.1.5', 'box.local'],
  ])
  assert.ok(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom) <= 397 * day)
  assert.equal(certificate.ca, false)
  takeNews(opened)
  assert.deepEqual(opened.warnings, [])
  using again = await openCertificates({ folder: temporary.path, hosts: ['new.test'] })
  assert.deepEqual(again.warnings, [])
})

test('a name gets a certificate of its own, and one that is not allowed the certificate for all', async () => {
  using temporary = new TempFolder()
  using opened = await openCertificates({ folder: temporary.path, hosts: ['.shop.test'] })
  const { certificates } = opened
  assert.deepEqual(certificateNames((await shown(certificates, 'a.b.LOCALHOST')).subjectAltName), ['a.b.localhost'])
  assert.deepEqual(certificateNames((await shown(certificates, 'x.shop.test')).subjectAltName), ['x.shop.test'])
  // Neither other names nor addresses beside it, which some clients cannot check.
  for (const name of ['localhost', 'shop.test']) {
    assert.deepEqual(certificateNames((await shown(certificates, name)).subjectAltName), [name])
  }
  for (const name of ['evil.example', 'x.test']) {
    assert.equal((await shown(certificates, name)).fingerprint256, current(certificates).fingerprint256, name)
  }
  const contexts = ['a.localhost', 'A.localhost.', 'a.localhost'].map((name) => certificates.contextFor(name))
  const [first, ...others] = await Promise.all(contexts)
  for (const context of others) assert.equal(context, first)
  const standard = await certificates.contextFor('')
  for (const name of ['..', '../../etc/passwd', '\0', 'a'.repeat(70_000)]) {
    assert.equal(await certificates.contextFor(name), standard)
  }
  // RFC 6066 section 3: a client names a host.
  for (const name of ['*.localhost', '*.a.localhost', '*.shop.test', '*']) {
    assert.equal(await certificates.contextFor(name), standard, name)
  }
})

test('another start finds what an earlier one made, also without the key of the authority', async () => {
  using temporary = new TempFolder()
  const folder = temporary.path
  using first = await openCertificates({ folder })
  const foo = await shown(first.certificates, 'foo.localhost')
  rmSync(join(folder, 'authority-key.pem'))
  using second = await openCertificates({ folder })
  assert.deepEqual(second.certificates.current(), first.certificates.current())
  assert.equal((await shown(second.certificates, 'foo.localhost')).fingerprint256, foo.fingerprint256)
  // The fault is reported once, and the certificate for all names is sent instead.
  assert.equal(
    (await shown(second.certificates, 'new.localhost')).fingerprint256,
    current(second.certificates).fingerprint256,
  )
  await second.certificates.contextFor('newer.localhost')
  assert.deepEqual(
    second.warnings.map(({ code }) => code),
    ['W8008_AUTHORITY'],
  )
  assert.match(second.warnings[0]?.message ?? '', /has lost its key/)
})

test('a certificate of the authority that is damaged is written again from the file with the key', async () => {
  using temporary = new TempFolder()
  const file = join(temporary.path, 'authority.pem')
  using first = await openCertificates({ folder: temporary.path })
  const whole = readFileSync(file, 'utf8')
  for (const content of ['', whole.slice(0, 300), String(first.certificates.current().cert)]) {
    writeFileSync(file, content)
    using again = await openCertificates({ folder: temporary.path })
    assert.equal(readFileSync(file, 'utf8'), whole)
    assert.equal(current(again.certificates).verify(new X509Certificate(whole).publicKey), true)
  }
})

test('a key that others can read is closed to them at a start that needs it not', { skip: isWindows }, async () => {
  using temporary = new TempFolder()
  using first = await openCertificates({ folder: temporary.path })
  const keyFile = join(temporary.path, 'authority-key.pem')
  chmodSync(keyFile, 0o640)
  using second = await openCertificates({ folder: temporary.path })
  assert.deepEqual(second.certificates.current(), first.certificates.current())
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.deepEqual(
    second.warnings.map(({ code }) => code),
    ['W8008_AUTHORITY'],
  )
})

test('a kept certificate that is damaged, not ours or for other names is made again', async () => {
  using temporary = new TempFolder()
  using elsewhere = new TempFolder()
  const folder = temporary.path
  using first = await openCertificates({ folder })
  using foreign = await openCertificates({ folder: elsewhere.path })
  using other = await openCertificates({ folder, hosts: ['other.test'] })
  const leaves = join(folder, 'leaves')
  const nameOf = (certificates: Certificates): string => {
    const text = String(certificates.current().cert)
    const name = readdirSync(leaves).find((file) => readFileSync(join(leaves, file), 'utf8').includes(text))
    return join(leaves, name ?? '')
  }
  const file = nameOf(first.certificates)
  const authority = new X509Certificate(readFileSync(join(folder, 'authority.pem')))
  const whole = readFileSync(file, 'utf8')
  const textOf = ({ cert, key }: ReturnType<Certificates['current']>) => `${cert as string}${key as string}`
  const contents = [
    ...['', whole.slice(0, 500), whole.slice(0, -60), String(first.certificates.current().cert)],
    textOf({ ...other.certificates.current(), cert: first.certificates.current().cert }),
    textOf(foreign.certificates.current()),
    textOf(other.certificates.current()),
  ]
  for (const content of contents) {
    writeFileSync(file, content)
    using again = await openCertificates({ folder })
    const { cert } = again.certificates.current()
    assert.equal(content.includes(cert as string) && content !== whole, false)
    assert.equal(current(again.certificates).verify(authority.publicKey), true)
    assert.deepEqual(certificateNames(current(again.certificates).subjectAltName), ['localhost', '127.0.0.1', '::1'])
    assert.deepEqual(again.warnings, [])
  }
  writeFileSync(file, whole)
  using last = await openCertificates({ folder })
  assert.deepEqual(last.certificates.current(), first.certificates.current())
})

// What a version before this rule kept: Firefox and Twisted refuse such a certificate for every name in it.
for (const star of ['*.localhost', '*.test', '*.local', '*.home.arpa', '*.shop.test']) {
  test(`a kept certificate with ${star} is not used again, and the authority stays`, async () => {
    using temporary = new TempFolder()
    const folder = temporary.path
    const hosts = ['.test', '.local', '.home.arpa', 'shop.test']
    using first = await openCertificates({ folder, hosts })
    const asked = ['localhost', 'app.localhost', 'x.test', 'x.local', 'a.shop.test']
    for (const host of asked) await shown(first.certificates, host)
    const place = { folder, clock: systemClock, onWarning() {} }
    const leaf = await openCertificateCache(place).leafFor(['localhost', star, '127.0.0.1', '::1'])
    const leaves = join(folder, 'leaves')
    const files = readdirSync(leaves)
    assert.ok(files.some((name) => readFileSync(join(leaves, name), 'utf8').startsWith(leaf.cert)))
    // Under the names that every host gives, also those that have a certificate of their own.
    for (const name of files) writeFileSync(join(leaves, name), leaf.cert + leaf.key)
    const authority = readFileSync(join(folder, 'authority.pem'), 'utf8')
    using again = await openCertificates({ folder, hosts })
    assert.doesNotMatch(String(current(again.certificates).subjectAltName), /\*/)
    for (const host of asked) {
      const { subjectAltName } = await shown(again.certificates, host)
      assert.equal(subjectAltName, `DNS:${host}`)
    }
    assert.equal(current(again.certificates).verify(new X509Certificate(authority).publicKey), true)
    assert.equal(readFileSync(join(folder, 'authority.pem'), 'utf8'), authority)
    takeNews(first)
    assert.deepEqual([...first.warnings, ...again.warnings], [])
  })
}

test('renews certificates while the server runs, at two thirds of their life', async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  using opened = await openCertificates({ folder: temporary.path }, clock)
  const { certificates, changes } = opened
  const first = current(certificates)
  const foo = await certificates.contextFor('foo.localhost')
  for (let days = 0; days < 39; days++) clock.pass(1)
  assert.equal(current(certificates).fingerprint256, first.fingerprint256)
  assert.equal(await certificates.contextFor('foo.localhost'), foo)
  const changed = opened.next()
  clock.pass(2)
  await changed
  assert.equal(changes.count, 1)
  const second = current(certificates)
  assert.ok(Date.parse(second.validTo) >= Date.parse(first.validTo) + 40 * day)
  assert.notEqual(await certificates.contextFor('foo.localhost'), foo)
  assert.equal(clock.pending, 1)
  certificates.close()
  assert.equal(clock.pending, 0)
})

test('does not use a certificate of an earlier start that is due for renewal', async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  using first = await openCertificates({ folder: temporary.path }, clock)
  clock.pass(39)
  using second = await openCertificates({ folder: temporary.path }, new FakeClock(clock.now()))
  assert.deepEqual(second.certificates.current(), first.certificates.current())
  using third = await openCertificates({ folder: temporary.path }, new FakeClock(clock.now() + 2 * day))
  assert.notDeepEqual(third.certificates.current(), first.certificates.current())
})

test('keeps the old certificate when renewal fails, warns once, and retries', async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  using opened = await openCertificates({ folder: temporary.path }, clock)
  takeNews(opened)
  const { certificates, warnings } = opened
  const before = certificates.current()
  const keyFile = join(temporary.path, 'authority-key.pem')
  const key = readFileSync(keyFile)
  writeFileSync(keyFile, 'damaged')
  const warned = opened.next()
  clock.pass(41)
  await warned
  assert.match(warnings[0]?.message ?? '', /authority-key\.pem is damaged/)
  assert.deepEqual(certificates.current(), before)
  // The next try is planned once the failed one has ended.
  while (clock.pending === 0) await turn()
  clock.pass(1)
  while (clock.pending === 0) await turn()
  assert.equal(warnings.length, 1)
  writeFileSync(keyFile, key)
  const changed = opened.next()
  clock.pass(1)
  await changed
  assert.notDeepEqual(certificates.current(), before)
  assert.equal(warnings.length, 1)
})

test(`a client can have certificates made for ${maxNames} names at once, then for one a second`, async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  using opened = await openCertificates({ folder: temporary.path, hosts: ['named.localhost'] }, clock)
  takeNews(opened)
  const { certificates, warnings } = opened
  const standard = await certificates.contextFor('')
  const contexts: SecureContext[] = []
  for (let index = 0; index < maxNames + 5; index++) {
    contexts.push(await certificates.contextFor(`n${index}.localhost`))
  }
  assert.equal(contexts.filter((context) => context !== standard).length, maxNames)
  assert.ok(contexts.slice(maxNames).every((context) => context === standard))
  assert.equal(await certificates.contextFor('n7.localhost'), contexts[7])
  // Names of the configuration do not count.
  for (const name of ['localhost', 'named.localhost']) assert.notEqual(await certificates.contextFor(name), standard)
  // Reported once.
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['W8008_CERT_NAME'],
  )
  clock.passMs(2000)
  const later: SecureContext[] = []
  for (const name of ['x', 'y', 'z']) later.push(await certificates.contextFor(`${name}.localhost`))
  assert.deepEqual(
    later.map((context) => context === standard),
    [false, false, true],
  )
  assert.equal(warnings.length, 1)
})

test('prunes the certificates on disk while the server runs', async () => {
  using temporary = new TempFolder()
  using opened = await openCertificates({ folder: temporary.path })
  const leaves = join(temporary.path, 'leaves')
  for (let index = 0; index < 240; index++) writeFileSync(join(leaves, `${index}.pem`), 'x')
  for (let index = 0; index < 50; index++) await opened.certificates.contextFor(`n${index}.localhost`)
  assert.equal(readdirSync(leaves).length, 200)
})

test('bounds the certificates on disk', async () => {
  using temporary = new TempFolder()
  const leaves = join(temporary.path, 'leaves')
  using first = await openCertificates({ folder: temporary.path })
  void first
  const old = new Date(Date.now() - 61 * day)
  for (let index = 0; index < 250; index++) {
    const file = join(leaves, `${index}.pem`)
    writeFileSync(file, 'x')
    if (index < 20) utimesSync(file, old, old)
  }
  writeFileSync(join(leaves, 'x.pem.0123.tmp'), 'x')
  utimesSync(join(leaves, 'x.pem.0123.tmp'), old, old)
  using second = await openCertificates({ folder: temporary.path, hosts: ['new.test'] })
  const names = readdirSync(leaves)
  assert.ok(names.length <= 200, `${names.length}`)
  assert.equal(names.includes('0.pem') || names.includes('x.pem.0123.tmp'), false)
  using third = await openCertificates({ folder: temporary.path, hosts: ['new.test'] })
  assert.deepEqual(third.certificates.current(), second.certificates.current())
})
