import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'
import { certificateHosts } from '../../../src/server/allowed-hosts.ts'

test('on the local network a certificate is for NAME.local, and not for a name without a dot', () => {
  const hosts = certificateHosts(resolveConfig({ allowHost: 'dev', lan: true }), [])
  const [label = ''] = hostname().toLowerCase().split('.')
  assert.ok(hosts.includes(`${label}.local`), hosts.join(' '))
  assert.ok(!hosts.includes(label), hosts.join(' '))
  // The user named it, so it stays, and a warning follows.
  assert.ok(hosts.includes('dev'))
})
