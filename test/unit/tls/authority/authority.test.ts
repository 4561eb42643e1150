import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createDenyList } from '../../../../src/static/access/apply-deny-list.ts'
import { findSigner, openSigner, readAuthority } from '../../../../src/tls/authority/authority.ts'
import { issueAuthority } from '../../../../src/tls/issue/issue.ts'
import { certificatesOfProcesses, FakeClock } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const day = 86_400_000
const isWindows = process.platform === 'win32'

function placeIn(temporary: TempFolder, clock = new FakeClock()) {
  const warnings: string[] = []
  const folder = temporary.join('data', 'serve8008')
  return { folder, clock, warnings, onWarning: ({ message }: { message: string }) => void warnings.push(message) }
}

test('creates the authority once, readable for its owner only, and finds it again', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  assert.equal(readAuthority(place.folder), undefined)
  const first = await openSigner(place)
  const second = await openSigner(place)
  assert.equal(second.cert, first.cert)
  assert.equal(second.key, first.key)
  assert.equal(readAuthority(place.folder)?.toString(), first.cert)
  assert.deepEqual(place.warnings, [])
  assert.deepEqual(readdirSync(place.folder).toSorted(), ['authority-key.pem', 'authority.pem'])
  assert.doesNotMatch(readFileSync(join(place.folder, 'authority.pem'), 'utf8'), /PRIVATE KEY/)
  if (isWindows) return
  const modeOf = (...names: string[]): number => statSync(join(place.folder, ...names)).mode & 0o777
  assert.deepEqual([modeOf(), modeOf('authority-key.pem'), modeOf('authority.pem')], [0o700, 0o600, 0o644])
})

test('issues an authority for ten years, for TLS servers only, and not for other authorities', async () => {
  using temporary = new TempFolder()
  const { certificate } = await openSigner(placeIn(temporary))
  const years = (Date.parse(certificate.validTo) - Date.now()) / (365.25 * day)
  assert.ok(years > 9.9 && years < 10.1)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(certificate.verify(certificate.publicKey), true)
  assert.match(certificate.subject, /^O=serve8008\nCN=serve8008 local authority \(/)
})

test('never serves the files of the authority, wherever they are', () => {
  for (const name of ['authority.pem', 'authority-key.pem', '0123456789abcdef.pem']) {
    const found = { isFolder: false, size: 2000, head: () => undefined }
    assert.match(createDenyList({ dotfiles: true, serve: [] }).denialOf([name], found) ?? '', /^private key/)
  }
})

test('rejects a pipe that replaces a file, without blocking', { skip: isWindows }, async () => {
  for (const name of ['authority.pem', 'authority-key.pem']) {
    using temporary = new TempFolder()
    const place = placeIn(temporary)
    mkdirSync(place.folder, { recursive: true, mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', join(place.folder, name)])
    await assert.rejects(openSigner(place), { code: 'E8008_AUTHORITY' })
  }
})

test('reports a damaged authority and does not replace it, because programs may trust it', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  const { cert } = await openSigner(place)
  const [certFile, keyFile] = [join(place.folder, 'authority.pem'), join(place.folder, 'authority-key.pem')]
  const whole = readFileSync(keyFile, 'utf8')
  const other = issueAuthority('other', { notBefore: new Date(), notAfter: new Date(Date.now() + day) })
  const contents = ['', whole.slice(0, 400), whole.slice(0, -80), cert, cert + other.key, whole.replace('MII', 'AII')]
  for (const content of contents) {
    writeFileSync(keyFile, content)
    await assert.rejects(openSigner(place), (error: { code?: string; message?: string; hint?: string }) => {
      assert.equal(error.code, 'E8008_AUTHORITY')
      assert.match(error.message ?? '', /authority-key\.pem is damaged/)
      assert.match(error.hint ?? '', /^delete .*serve8008; a new authority is created/)
      return true
    })
    assert.equal(readFileSync(keyFile, 'utf8'), content)
  }
  writeFileSync(certFile, 'x')
  assert.throws(() => readAuthority(place.folder), { code: 'E8008_AUTHORITY', message: /authority\.pem is damaged/ })
})

test('finds the faults of an authority without creating anything', async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  const place = placeIn(temporary, clock)
  assert.equal(await findSigner(place), undefined)
  assert.equal(existsSync(place.folder), false)
  const { cert } = await openSigner(place)
  rmSync(join(place.folder, 'authority.pem'))
  assert.equal((await findSigner(place))?.cert, cert)
  assert.equal(existsSync(join(place.folder, 'authority.pem')), false)
  clock.pass(3700)
  await assert.rejects(findSigner(place), { message: /expired on/ })
  writeFileSync(join(place.folder, 'authority-key.pem'), 'x')
  await assert.rejects(findSigner(place), { message: /authority-key\.pem is damaged/ })
  assert.deepEqual(place.warnings, [])
})

test('explains a certificate without its key, and restores a missing certificate', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  const { cert } = await openSigner(place)
  rmSync(join(place.folder, 'authority.pem'))
  assert.equal((await openSigner(place)).cert, cert)
  assert.equal(readFileSync(join(place.folder, 'authority.pem'), 'utf8'), cert)
  rmSync(join(place.folder, 'authority-key.pem'))
  await assert.rejects(openSigner(place), { code: 'E8008_AUTHORITY', message: /has lost its key/ })
  assert.equal(existsSync(join(place.folder, 'authority-key.pem')), false)
})

test('removes the permissions of others from the key, and warns', { skip: isWindows }, async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  await openSigner(place)
  const keyFile = join(place.folder, 'authority-key.pem')
  chmodSync(keyFile, 0o644)
  chmodSync(place.folder, 0o755)
  await openSigner(place)
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.equal(statSync(place.folder).mode & 0o777, 0o700)
  assert.equal(place.warnings.length, 1)
  assert.match(place.warnings[0] ?? '', /Others could get at the local authority in .*, now they cannot/)
  await openSigner(place)
  assert.equal(place.warnings.length, 1)
})

test('names a folder that cannot be written', { skip: isWindows }, async () => {
  using temporary = new TempFolder()
  await temporary.write({ data: 'a file' })
  await assert.rejects(openSigner(placeIn(temporary)), { code: 'E8008_AUTHORITY', message: /data.serve8008/ })
})

test('warns of an authority that expires soon, and rejects an expired one', async () => {
  using temporary = new TempFolder()
  const clock = new FakeClock()
  const place = placeIn(temporary, clock)
  await openSigner(place)
  clock.pass(3600)
  await openSigner(place)
  assert.match(place.warnings[0] ?? '', /The local authority expires on /)
  clock.pass(60)
  await assert.rejects(openSigner(place), { code: 'E8008_AUTHORITY', message: /expired on/ })
})

test('uses the authority that another caller creates at the same time', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  const signers = await Promise.all(Array.from({ length: 8 }, () => openSigner(place)))
  assert.equal(new Set(signers.map(({ cert }) => cert)).size, 1)
  assert.equal(readFileSync(join(place.folder, 'authority.pem'), 'utf8'), signers[0]?.cert)
  assert.deepEqual(readdirSync(place.folder).toSorted(), ['authority-key.pem', 'authority.pem'])
})

test('processes that start at once share one authority, and its certificates are whole', async () => {
  using temporary = new TempFolder()
  const folder = temporary.join('serve8008')
  const hosts = [[], [], ['a.test'], ['b.test']]
  const certs = await certificatesOfProcesses(folder, hosts)
  const authority = readAuthority(folder)
  assert.ok(authority !== undefined)
  for (const cert of certs) assert.equal(new X509Certificate(cert).verify(authority.publicKey), true)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter((name) => !/^(authority(-key)?\.pem|leaves|leaves.[0-9a-f]{32}\.pem)$/.test(name)),
    [],
  )
  assert.equal(files.filter((name) => name.startsWith('leaves') && name.endsWith('.pem')).length, 3)
})
