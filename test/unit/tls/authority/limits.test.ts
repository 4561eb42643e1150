import assert from 'node:assert/strict'
import { KeyObject, webcrypto, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509'
import * as x509 from '@peculiar/x509'
import { openSigner } from '../../../../src/tls/authority/authority.ts'
import { faultOfAuthority } from '../../../../src/tls/authority/limits.ts'
import { issueAuthority } from '../../../../src/tls/issue/issue.ts'
import { FakeClock } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const day = 86_400_000
const term = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }

const local = ['localhost', 'test', '127.0.0.0/8', '10.0.0.0/8']
const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags
const whole = {
  basicConstraints: new x509.BasicConstraintsExtension(true, 0, true),
  keyUsage: new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
  extendedKeyUsage: new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  nameConstraints: permitted(local),
}

/** Name constraints that permit these domains and ranges. */
function permitted(names: readonly string[], critical = true): x509.Extension {
  const subtrees = names.map((name) => {
    const base = new GeneralName(name.includes('/') ? { iPAddress: name } : { dNSName: name })
    return new GeneralSubtree({ base })
  })
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(subtrees) })
  return new x509.Extension(id_ce_nameConstraints, critical, AsnConvert.serialize(constraints))
}

/** Makes an authority with these extensions by a library that is not ours. PEM: the certificate, then its key. */
async function authorityOf(extensions: Readonly<Record<string, x509.Extension>>): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=other',
    keys,
    signingAlgorithm: algorithm,
    extensions: Object.values(extensions),
  })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }) as string
  return `${certificate.toString('pem')}\n${key}`
}

test('accepts an authority of ours', () => {
  assert.equal(faultOfAuthority(new X509Certificate(issueAuthority('ours', term).cert)), undefined)
})

const cases: readonly (readonly [string, Readonly<Record<string, x509.Extension>>, RegExp | undefined])[] = [
  ['as narrow as ours', whole, undefined],
  ['without constraints of names', without('nameConstraints'), /every site there is/],
  [
    'with constraints that need not be obeyed',
    { ...whole, nameConstraints: permitted(local, false) },
    /every site there is/,
  ],
  ['for a public domain too', { ...whole, nameConstraints: permitted([...local, 'com']) }, /more than local names/],
  ['for every address', { ...whole, nameConstraints: permitted([...local, '0.0.0.0/0']) }, /more than local names/],
  ['that says nothing of addresses', { ...whole, nameConstraints: permitted(local.slice(0, 2)) }, /more than local/],
  [
    'that makes authorities',
    { ...whole, basicConstraints: new x509.BasicConstraintsExtension(true) },
    /further authorities/,
  ],
  ['for code too', { ...whole, extendedKeyUsage: purposes('serverAuth', 'codeSigning') }, /more than TLS servers/],
  ['for everything', without('extendedKeyUsage'), /more than TLS servers/],
  [
    'whose key is for all things',
    { ...whole, keyUsage: new x509.KeyUsagesExtension(keyCertSign | digitalSignature) },
    /more than certificates/,
  ],
]

function purposes(...names: readonly (keyof typeof x509.ExtendedKeyUsage)[]): x509.Extension {
  return new x509.ExtendedKeyUsageExtension(names.map((name) => x509.ExtendedKeyUsage[name]))
}

function without(name: keyof typeof whole): Record<string, x509.Extension> {
  return Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name))
}

for (const [name, extensions, fault] of cases) {
  test(`an authority ${name} ${fault === undefined ? 'is taken' : 'is refused'}`, async () => {
    using temporary = new TempFolder()
    const text = await authorityOf(extensions)
    const folder = temporary.join('serve8008')
    mkdirSync(folder, { mode: 0o700 })
    const keyFile = join(folder, 'authority-key.pem')
    writeFileSync(keyFile, text, { mode: 0o600 })
    const opening = openSigner({ folder, clock: new FakeClock(), onWarning() {} })
    if (fault === undefined) return void (await opening)
    await assert.rejects(opening, (error: { code?: string; message?: string; hint?: string }) => {
      assert.equal(error.code, 'E8008_AUTHORITY')
      assert.match(error.message ?? '', /^The authority in .*serve8008 is not one that serve8008 makes: /)
      assert.match(error.message ?? '', fault)
      return true
    })
    assert.equal(readFileSync(keyFile, 'utf8'), text)
  })
}
