import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSigner } from '../../../../src/tls/authority/authority.ts'
import { faultOfAuthority } from '../../../../src/tls/authority/limits.ts'
import { mintAuthority } from '../../../../src/tls/issue/issue.ts'
import { missing } from '../../../peers/program.ts'
import { FakeClock } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const day = 86_400_000
const term = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }

const local =
  'critical,permitted;DNS:localhost,permitted;DNS:test,permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:10.0.0.0/255.0.0.0'
const whole = {
  basicConstraints: 'critical,CA:TRUE,pathlen:0',
  keyUsage: 'critical,keyCertSign,cRLSign',
  extendedKeyUsage: 'serverAuth',
  nameConstraints: local,
}

/** An authority that OpenSSL makes, with these extensions; PEM, the key behind the certificate. */
function authorityOf(folder: TempFolder, extensions: Readonly<Record<string, string>>): string {
  const [key, cert] = [folder.join('key.pem'), folder.join('cert.pem')]
  const words = Object.entries(extensions).flatMap(([name, value]) => ['-addext', `${name}=${value}`])
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9']
  const files = ['-config', folder.join('openssl.cnf'), '-keyout', key, '-out', cert, '-subj', '/CN=other']
  writeFileSync(folder.join('openssl.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n')
  execFileSync('openssl', [...request, ...files, ...words], { stdio: 'pipe' })
  return readFileSync(cert, 'utf8') + readFileSync(key, 'utf8')
}

test('an authority of ours has no fault', () => {
  assert.equal(faultOfAuthority(new X509Certificate(mintAuthority('ours', term).cert)), undefined)
})

const cases: readonly (readonly [string, Readonly<Record<string, string>>, RegExp | undefined])[] = [
  ['as narrow as ours', whole, undefined],
  ['without constraints of names', without('nameConstraints'), /every site there is/],
  ['with constraints that need not be obeyed', { ...whole, nameConstraints: local.slice(9) }, /every site there is/],
  ['for a public domain too', { ...whole, nameConstraints: `${local},permitted;DNS:com` }, /more than local names/],
  [
    'for every address',
    { ...whole, nameConstraints: `${local},permitted;IP:0.0.0.0/0.0.0.0` },
    /more than local names/,
  ],
  ['that says nothing of addresses', { ...whole, nameConstraints: local.split(',permitted;IP')[0] ?? '' }, /more than/],
  ['that makes authorities', { ...whole, basicConstraints: 'critical,CA:TRUE' }, /further authorities/],
  ['for code too', { ...whole, extendedKeyUsage: 'serverAuth,codeSigning' }, /more than TLS servers/],
  ['for everything', without('extendedKeyUsage'), /more than TLS servers/],
  ['whose key is for all things', { ...whole, keyUsage: 'keyCertSign,digitalSignature' }, /more than certificates/],
]

function without(name: keyof typeof whole): Record<string, string> {
  return Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name))
}

for (const [name, extensions, fault] of cases) {
  test(
    `an authority ${name} ${fault === undefined ? 'is taken' : 'is refused'}`,
    { skip: missing('openssl') },
    async () => {
      using temporary = new TempFolder()
      const text = authorityOf(temporary, extensions)
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
    },
  )
}
