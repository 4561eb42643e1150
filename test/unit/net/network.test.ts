import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkUrls, ownNames } from '../../../src/net/net.ts'
import type { Interfaces } from '../../../src/net/network.ts'

function address(text: string, internal = false): NonNullable<Interfaces[string]>[number] {
  const common = { address: text, netmask: '', mac: '00:00:00:00:00:00', internal, cidr: null }
  return text.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

const interfaces: Interfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  eth0: [address('2001:DB8::5'), address('192.168.1.5'), address('fe80::1'), address('febf::1')],
  wlan0: [address('10.0.0.7'), address('192.168.1.5')],
  gone: undefined,
}

test('network URLs are those of external addresses, IPv4 first, without link-local IPv6', () => {
  assert.deepEqual(networkUrls('http', 8008, '/docs/', interfaces), [
    'http://192.168.1.5:8008/docs/',
    'http://10.0.0.7:8008/docs/',
    'http://[2001:db8::5]:8008/docs/',
  ])
})

test('omits the default port of a protocol from its URLs', () => {
  assert.equal(networkUrls('http', 80, '/', interfaces)[0], 'http://192.168.1.5/')
  assert.equal(networkUrls('https', 443, '/', interfaces)[0], 'https://192.168.1.5/')
  assert.equal(networkUrls('https', 80, '/', interfaces)[0], 'https://192.168.1.5:80/')
})

test('own names are the addresses, the host name and its .local form in lower case', () => {
  const addresses = ['2001:db8::5', '192.168.1.5', 'fe80::1', 'febf::1', '10.0.0.7']
  assert.deepEqual(ownNames(interfaces, 'Desk'), [...addresses, 'desk', 'desk.local'])
  assert.deepEqual(ownNames({}, 'Marys-Mac.local'), ['marys-mac.local', 'marys-mac'])
  assert.deepEqual(ownNames({}, 'desk.example.test.'), ['desk.example.test', 'desk', 'desk.local'])
  assert.deepEqual(ownNames({ en0: [address('fe80::2%en0')] }, ''), ['fe80::2'])
})

test('reads the addresses of this machine', () => {
  for (const url of networkUrls('http', 8008, '/')) assert.match(url, /^http:\/\/.+:8008\/$/)
  assert.ok(ownNames().every((name) => name === name.toLowerCase()))
})
