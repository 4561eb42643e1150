import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactOf, familiesOf, isDivided, reachOf } from '../../../src/scan/reach.ts'
import type { OpenPort } from '../../../src/scan/types.ts'

const cases: readonly (readonly [string, readonly string[], readonly string[], string])[] = [
  ['loopback', ['127.0.0.1'], ['192.168.1.5'], 'machine'],
  ['another address of 127/8', ['127.9.9.9'], ['192.168.1.5'], 'machine'],
  ['both loopback addresses', ['127.0.0.1', '::1'], ['203.0.113.9'], 'machine'],
  ['loopback mapped into IPv6', ['::ffff:127.0.0.1'], ['203.0.113.9'], 'machine'],
  ['a private address', ['192.168.1.5'], [], 'lan'],
  ['loopback and a private address', ['127.0.0.1', '10.0.0.3'], [], 'lan'],
  ['a link-local address with its zone', ['fe80::1%eth0'], [], 'lan'],
  ['a unique local address', ['fd00::1'], [], 'lan'],
  ['an address of carrier-grade NAT', ['100.64.0.1'], [], 'lan'],
  ['a public address', ['203.0.113.9'], [], 'everyone'],
  ['a public IPv6 address', ['2001:db8::1'], [], 'everyone'],
  ['every address in a home network', ['0.0.0.0'], ['192.168.1.5'], 'lan'],
  ['every address of a machine in the internet', ['::'], ['192.168.1.5', '203.0.113.9'], 'everyone'],
  ['every address, as lsof writes it', ['*'], ['192.168.1.5'], 'lan'],
  ['every address of a machine without a network', ['0.0.0.0'], [], 'machine'],
  ['every address, where the machine has names too', ['0.0.0.0'], ['laptop', 'laptop.local'], 'machine'],
]
for (const [what, addresses, own, reach] of cases) {
  test(`${what} reaches: ${reach}`, () => assert.equal(reachOf(addresses, own), reach))
}

test('a wildcard is reached by a loopback address of its family, IPv4 where there is a choice', () => {
  const contacts = [['0.0.0.0'], ['::'], ['*'], ['::1', '127.0.0.1'], ['10.0.0.3'], ['::', '0.0.0.0']].map((each) =>
    contactOf(each),
  )
  assert.deepEqual(contacts, ['127.0.0.1', '::1', '127.0.0.1', '127.0.0.1', '10.0.0.3', '127.0.0.1'])
})

test('the families are those of the addresses', () => {
  assert.deepEqual(
    [['127.0.0.1'], ['::1'], ['127.0.0.1', '::1'], ['*']].map((each) => familiesOf(each)),
    [['ipv4'], ['ipv6'], ['ipv4', 'ipv6'], ['ipv4', 'ipv6']],
  )
})

const owners: readonly (readonly [string, readonly string[], readonly string[], boolean])[] = [
  ['each family is another program', ['127.0.0.1'], ['::1'], true],
  ['one is on every address, the other on one', ['0.0.0.0', '::'], ['127.0.0.1'], true],
  ['workers share an address', ['127.0.0.1'], ['127.0.0.1'], false],
  ['one is on another address of this machine', ['127.0.0.1'], ['192.168.1.5'], false],
  ['one is on another address of the loopback', ['127.0.0.53'], ['127.0.0.1'], false],
]
for (const [what, first, second, expected] of owners) {
  test(`localhost is ${expected ? 'two programs' : 'one program'} where ${what}`, () => {
    const ownerOf = (pid: number, addresses: readonly string[]): OpenPort => ({
      port: 9,
      addresses,
      pid,
      uid: 0,
      clients: 0,
    })
    assert.equal(isDivided(ownerOf(1, first), ownerOf(2, second)), expected)
    assert.equal(isDivided(ownerOf(2, second), ownerOf(1, first)), expected)
    assert.equal(isDivided(ownerOf(1, first), ownerOf(1, second)), false)
  })
}
