import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { networkInterfaces } from 'node:os'
import { announcedServices, createAdvertising } from '../../../src/advertise/advertise.ts'
import { reachedAddresses } from '../../../src/advertise/interfaces.ts'
import { createReplyBudget } from '../../../src/advertise/reply-budget.ts'

const facts = { netmask: '', mac: '' }
const interfaces: ReturnType<typeof networkInterfaces> = {
  lo: [{ ...facts, address: '127.0.0.1', family: 'IPv4', internal: true, cidr: '127.0.0.1/8' }],
  eth0: [
    { ...facts, address: '192.0.2.7', family: 'IPv4', internal: false, cidr: '192.0.2.7/25' },
    { ...facts, address: '2001:db8::1', family: 'IPv6', internal: false, cidr: '2001:db8::1/64', scopeid: 0 },
  ],
  eth1: [{ ...facts, address: '198.51.100.7', family: 'IPv4', internal: false, cidr: null }],
  gone: undefined,
}

function addressesOf(...addresses: string[]): string[] {
  return reachedAddresses({ config: { tls: false }, bound: { port: 8008, addresses } }, interfaces).map(
    ({ address }) => address,
  )
}

test('advertises on the networks that the listener is bound to, never on the loopback', () => {
  assert.deepEqual(addressesOf('::'), ['192.0.2.7', '198.51.100.7'])
  assert.deepEqual(addressesOf('0.0.0.0'), ['192.0.2.7', '198.51.100.7'])
  assert.deepEqual(addressesOf('198.51.100.7'), ['198.51.100.7'])
  assert.deepEqual(addressesOf('127.0.0.1', '::1'), [])
})

test('names what is announced, and where DIAL describes the device', () => {
  const plain = { config: { tls: false }, bound: { port: 8008, addresses: ['::'] } }
  const secure = { config: { tls: true }, bound: { port: 8443, addresses: ['::'] } }
  const all = { name: 'My name', id: undefined, http: true, googlecast: 8009, dial: '/dd.xml' }
  assert.deepEqual(announcedServices(all, [secure, plain], interfaces), [
    '"My name"',
    '_http._tcp',
    '_googlecast._tcp',
    'DIAL at http://192.0.2.7:8008/dd.xml',
  ])
  const usual = { name: undefined, id: undefined, http: true, googlecast: undefined, dial: undefined }
  const [name = '', ...services] = announcedServices(usual, [secure], interfaces)
  assert.match(name, /^".* 8443"$/)
  assert.deepEqual(services, ['_https._tcp'])
  assert.deepEqual(announcedServices(usual, [plain], {}), [])
})

test('warns where no network reaches the server', async () => {
  const warnings: string[] = []
  const bound = { port: 8008, addresses: ['127.0.0.1'] }
  const advertising = createAdvertising({
    advertise: { name: undefined, id: undefined, http: true, googlecast: undefined, dial: undefined },
    base: '/',
    listeners: () => [{ config: { tls: false }, bound }],
    onWarning: ({ code, message }) => warnings.push(`${code}: ${message}`),
  })
  await advertising.close()
  assert.deepEqual(warnings, [
    'W8008_ADVERTISE: No IPv4 network reaches this server, so it is announced nowhere until one does.',
  ])
})

test('knows the addresses of its network', () => {
  const [first, second] = reachedAddresses(
    { config: { tls: false }, bound: { port: 1, addresses: ['::'] } },
    interfaces,
  )
  assert.deepEqual(
    ['192.0.2.1', '192.0.2.127', '192.0.2.128', '198.51.100.7', '8.8.8.8', '::ffff:192.0.2.1'].map(first!.isNear),
    [true, true, false, false, false, true],
  )
  assert.deepEqual(['198.51.100.7', '198.51.100.8'].map(second!.isNear), [true, false])
})

test('bounds the replies to one address, and to all of them', () => {
  let time = 0
  const mayReply = createReplyBudget(() => time)
  const count = (times: number, addressOf: (i: number) => string): number =>
    Array.from({ length: times }, (_, i) => mayReply(addressOf(i))).filter(Boolean).length
  assert.equal(
    count(100, () => '192.0.2.1'),
    4,
  )
  assert.equal(
    count(1000, (i) => `192.0.2.${i % 250}`),
    12,
  )
  time = 1000
  assert.equal(
    count(100, () => '192.0.2.1'),
    1,
  )
  assert.equal(
    count(1000, (i) => `10.0.${i >> 8}.${i & 255}`),
    9,
  )
})
