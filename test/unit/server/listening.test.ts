import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../src/index.ts'
import { listeningWarnings } from '../../../src/server/listening.ts'
import type { Listening } from '../../../src/server/types.ts'

/** The warnings of a server that listens on one address, with a site for each of these options. */
function warningsOf(address: string, ...sites: ServeOptions[]): string[] {
  const listener = { name: 'http', protocol: 'http', port: 8008, addresses: [address], skipped: [] } as const
  const listening = { listeners: [{ ...listener, urls: { local: [], network: [] } }] } as unknown as Listening
  const configs = sites.map((site) => resolveConfig(site))
  return listeningWarnings(listening, configs).map(({ message }) => message)
}

test('warns that the network reaches the server, and says who', () => {
  assert.deepEqual(warningsOf('127.0.0.1', {}), [])
  assert.deepEqual(warningsOf('0.0.0.0', {}), ['Everyone on this network can read what is served.'])
  assert.deepEqual(warningsOf('0.0.0.0', { auth: 'ann:x' }, {}), ['Everyone on this network can read what is served.'])
  assert.deepEqual(warningsOf('0.0.0.0', { auth: 'ann:x' }), [
    'Everyone on this network can reach this server. Over plain HTTP the password can be read on its way.',
  ])
  const allow = '192.0.2.7'
  assert.deepEqual(warningsOf('0.0.0.0', { allow }), [
    'Clients on this network that the option allow names can read what is served.',
  ])
  assert.deepEqual(warningsOf('0.0.0.0', { allow }, {}), ['Everyone on this network can read what is served.'])
})

test('warns of plain HTTP where the network reaches it, not where this machine alone does', () => {
  const message = (plain: string, secure: string): string | undefined => {
    const listeners = [
      { protocol: 'http', port: 8008, addresses: [plain] },
      { protocol: 'https', port: 8443, addresses: [secure] },
    ]
    const [warning] = listeningWarnings({ listeners } as unknown as Listening, [resolveConfig({ auth: 'ann:x' })])
    return warning?.message
  }
  assert.equal(message('127.0.0.1', '0.0.0.0'), 'Everyone on this network can reach this server.')
  assert.match(message('0.0.0.0', '127.0.0.1') ?? '', /Over plain HTTP the password can be read/)
  assert.match(message('0.0.0.0', '0.0.0.0') ?? '', /Over plain HTTP the password can be read/)
  assert.equal(message('127.0.0.1', '::1'), undefined)
})
