import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { hostWithin, isLoopbackName, parseHostName } from '../../../../src/config/values/host-name.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemOf } from '../problems-of.ts'

describe('port', () => {
  test('is one, or several tried in order', () => {
    assert.deepEqual(resolveConfig({ port: 0 }).ports, [0])
    assert.deepEqual(resolveConfig({ port: [65_535, 1] }).ports, [65_535, 1])
  })

  test('never moves when it is one, or when it is strict', () => {
    assert.equal(resolveConfig({ port: 3000 }).fallback, false)
    assert.equal(resolveConfig({ port: [3000, 3001] }).fallback, true)
    assert.equal(resolveConfig({ port: [3000, 3001], strictPort: true }).fallback, false)
  })

  test('is a whole number from 0 to 65535', () => {
    for (const wrong of [
      -1,
      65_536,
      80.5,
      Number.NaN,
      '65536',
      '80a',
      '',
      ' 80',
      '-1',
      '8e1',
      '080808',
      [80, 'x'],
      [-1],
      null,
      true,
      {},
    ]) {
      assert.match(
        problemOf({ port: wrong }),
        /^port: expected a port from 0 to 65535, got .*; use a whole number from 0 to 65535/,
      )
    }
  })

  test('may be a text of digits, as process.env.PORT is', () => {
    assert.deepEqual(resolveConfig({ port: '3000' }).ports, [3000])
    assert.deepEqual(resolveConfig({ port: ['3000', 3001] }).ports, [3000, 3001])
    assert.deepEqual(resolveConfig({ port: '0', tlsPort: '65535' }).tls?.ports, [65_535])
    assert.equal(resolveConfig({ port: '3000' }).fallback, false)
    assert.deepEqual(resolveConfig({ port: process.env['NO_SUCH_PORT'] }).ports, resolveConfig({}).ports)
    assert.equal(problemOf({ port: ['80', 80] }), 'port: 80 is listed twice; keep one of them')
  })

  test('is no other text, which Number() would take for a port', () => {
    for (const port of [
      '',
      ' 3000',
      '3000 ',
      '+3000',
      '-1',
      '3e3',
      '0x10',
      '80.0',
      '٣٠٠٠',
      '65536',
      '3000,3001',
      'http',
    ]) {
      assert.match(
        problemOf({ port }),
        /^port: expected a port from 0 to 65535, got .*; use a whole number from 0 to 65535/,
        port,
      )
    }
    assert.match(problemOf({ port: ['3000', ''] }), /^port: expected a port from 0 to 65535, got /)
  })

  test('is not listed twice, and a list is not empty', () => {
    assert.equal(problemOf({ port: [80, 81, 80] }), 'port: 80 is listed twice; keep one of them')
    assert.match(problemOf({ port: [] }), /^port: the list is empty/)
  })
})

describe('host', () => {
  test('is a name or an address, in one spelling', () => {
    for (const [given, expected] of [
      ['localhost', 'localhost'],
      ['0.0.0.0', '0.0.0.0'],
      ['::', '::'],
      ['[::1]', '::1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['FE80::1%eth0', 'fe80::1%eth0'],
      ['My-Box.Local.', 'my-box.local'],
      ['my_app', 'my_app'],
      ['bücher.test', 'xn--bcher-kva.test'],
    ] as const) {
      assert.equal(resolveConfig({ host: given }).host, expected)
    }
  })

  test('refuses hosts that parsers read differently', () => {
    for (const wrong of [
      '',
      '.',
      'a..b',
      '127.1',
      '0x7f.1',
      '2130706433',
      'a b',
      '-a',
      '::1::',
      '[x]',
      'a\n',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(130)}test`,
    ]) {
      assert.match(problemOf({ host: wrong }), /^host: .* is not a host; /)
    }
  })

  test('explains what was probably meant', () => {
    assert.match(problemOf({ host: 'localhost:3000' }), /did you mean "localhost"\?$/)
    assert.match(problemOf({ host: 'http://app.test:80/x?y' }), /did you mean "app.test"\?$/)
    assert.match(problemOf({ host: 'http://[::1]:80/' }), /did you mean "::1"\?$/)
    assert.match(problemOf({ host: '*' }), /did you mean "0.0.0.0"\?$/)
    assert.equal(hostWithin('::'), undefined)
  })

  test('on the loopback contradicts lan', () => {
    assert.match(problemOf({ lan: true, host: '127.0.0.1' }), /^lan: cannot be combined with the host "127.0.0.1"/)
    assert.equal(resolveConfig({ lan: true }).lan, true)
    assert.equal(resolveConfig({ lan: true, host: '192.0.2.1' }).host, '192.0.2.1')
  })

  test('is on the loopback only by its whole name', () => {
    for (const yes of ['localhost', 'a.localhost', '127.9.9.9', '::1']) assert.equal(isLoopbackName(yes), true)
    for (const no of ['notlocalhost', 'localhost.test', '127.evil.test', '::2']) assert.equal(isLoopbackName(no), false)
  })

  test('keeps IPv4 addresses as they are', () => assert.equal(parseHostName('10.0.0.1'), '10.0.0.1'))
})

describe('socket and descriptor', () => {
  test('take the place of a port', () => {
    assert.equal(resolveConfig({ socket: 's.sock' }, { cwd: '/run' }).socket, resolve('/run/s.sock'))
    assert.equal(resolveConfig({ fd: 3 }).fd, 3)
    assert.match(problemOf({ socket: 's', fd: 3 }), /^fd: cannot be combined with "socket"/)
    assert.match(problemOf({ port: 1, socket: 's' }), /^socket: cannot be combined with "port"/)
  })

  test('are a path and a number', () => {
    assert.match(problemOf({ socket: '' }), /^socket: "" is not a path/)
    for (const wrong of [-1, 1.5, '3', 2 ** 31])
      assert.match(problemOf({ fd: wrong }), /^fd: expected a descriptor, got .*/)
  })
})
