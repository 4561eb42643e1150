import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'
import { parseAuthority } from '../../../src/http/message/authority.ts'
import { certificateHosts, createAllowedHosts } from '../../../src/server/allowed-hosts.ts'

test('on the local network a certificate is for NAME.local, and not for a name without a dot', () => {
  const hosts = certificateHosts(resolveConfig({ allowHost: 'dev', lan: true }), [])
  const [label = ''] = hostname().toLowerCase().split('.')
  assert.ok(hosts.includes(`${label}.local`), hosts.join(' '))
  assert.ok(!hosts.includes(label), hosts.join(' '))
  // The user named it, so it stays, and a warning follows.
  assert.ok(hosts.includes('dev'))
})

test('an advertised server answers for the name of the machine, which its certificate is for', () => {
  const name = `${hostname().toLowerCase().split('.')[0]}.local`
  const peer = { address: '192.0.2.7', port: 1, localAddress: '192.0.2.1', localPort: 8008, encrypted: false }
  for (const advertise of [true, false]) {
    const config = resolveConfig({ host: '192.0.2.1', advertise })
    const isOurs = createAllowedHosts(config, [])
    assert.equal(isOurs(parseAuthority(`${name}:8008`) ?? assert.fail(), peer), advertise)
    assert.equal(isOurs(parseAuthority('evil.example:8008') ?? assert.fail(), peer), false)
    assert.equal(certificateHosts(config, []).includes(name), advertise)
  }
})
