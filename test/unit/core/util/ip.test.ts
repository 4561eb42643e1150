import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHost, isLoopback, unbracketed, unmapped } from '../../../../src/core/util/ip.ts'

test('knows every spelling of a loopback address', () => {
  const loopback = [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::1%lo',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
  ]
  for (const address of loopback) assert.equal(isLoopback(address), true, address)
})

test('other addresses and names are not loopback', () => {
  const other = [
    '128.0.0.1',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    '::ffff:10.0.0.1',
    'fe80::1',
    'localhost',
    '127.0.0.1.evil.test',
    '',
  ]
  for (const address of other) assert.equal(isLoopback(address), false, address)
})

test('removes the prefix of IPv4-mapped addresses only', () => {
  assert.equal(unmapped('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(unmapped('::ffff:0:1'), '::ffff:0:1')
  assert.equal(unmapped('192.0.2.1'), '192.0.2.1')
  assert.equal(unmapped(''), '')
})

test('writes IPv6 with brackets in a URL, and without elsewhere', () => {
  assert.equal(formatHost('::1'), '[::1]')
  assert.equal(formatHost('fe80::1%eth0'), '[fe80::1%25eth0]')
  assert.equal(formatHost('127.0.0.1'), '127.0.0.1')
  assert.equal(unbracketed('[::1]'), '::1')
  assert.equal(unbracketed('localhost'), 'localhost')
})
