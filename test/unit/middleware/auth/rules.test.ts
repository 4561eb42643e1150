import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isServeError } from '../../../../src/core/serve-error.ts'
import { parseAuthority } from '../../../../src/http/message/authority.ts'
import type { Exchange, Layer } from '../../../../src/http/message/exchange.ts'
import { emptyReply } from '../../../../src/http/message/reply.ts'
import { syntheticExchange } from '../../../../src/http/synthetic-exchange.ts'
import { createAddressRule } from '../../../../src/middleware/auth/address-rule.ts'
import { clientNetwork, createClientAddress } from '../../../../src/http/message/client-address.ts'
import { createOriginRule } from '../../../../src/middleware/auth/origin-rule.ts'
import { processorTime } from '../../../support/processor-time.ts'

interface Request {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly address?: string
  readonly host?: string
  readonly encrypted?: boolean
}

function exchange({
  method = 'GET',
  headers = [],
  address = '',
  host = 'localhost:8008',
  encrypted = false,
}: Request): Exchange {
  const peer = { address, port: 1, localAddress: '', localPort: 8008, encrypted }
  return { ...syntheticExchange({ method, target: '/', headers, peer }), authority: parseAuthority(host) }
}

/** 'in', or the code of the error with its message, and the remark for the log. */
function ask(layer: Layer, request: Request): string {
  const x = exchange(request)
  try {
    void layer(() => emptyReply(204))(x)
    return 'in'
  } catch (error) {
    assert.ok(isServeError(error) && error.status === 403)
    assert.equal(error.hint, 'the terminal of serve8008 shows the rule')
    return `${error.code}: ${error.message} | ${x.notes.remark}`
  }
}

describe('the client', () => {
  const clientOf = createClientAddress(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'])
  const via = (address: string, ...headers: string[]): string | undefined => clientOf(exchange({ address, headers }))

  test('is the peer, whatever it says of itself, unless it is a trusted proxy', () => {
    assert.equal(via('192.0.2.1', 'X-Forwarded-For', '127.0.0.1', 'Forwarded', 'for=127.0.0.1'), '192.0.2.1')
    assert.equal(via('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(via('fe80::1%eth0'), 'fe80::1')
    assert.equal(via(''), '')
    assert.equal(via('127.0.0.1'), '127.0.0.1', 'the proxy itself')
  })

  test('is the last address that no trusted proxy has', () => {
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '192.0.2.1'), '192.0.2.1')
    assert.equal(
      via('::ffff:127.0.0.1', 'X-Forwarded-For', '127.0.0.1, 192.0.2.1'),
      '192.0.2.1',
      'the first is spoofed',
    )
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '192.0.2.1, 10.1.1.1,10.2.2.2'), '192.0.2.1')
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '10.1.1.1, 10.2.2.2'), '10.1.1.1')
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '127.0.0.1', 'X-Forwarded-For', '192.0.2.1'), '192.0.2.1')
    for (const [text, plain] of [
      ['192.0.2.1:4711', '192.0.2.1'],
      ['[2001:DB9:0::1]:80', '2001:db9::1'],
      ['2001:db9::1', '2001:db9::1'],
      ['[2001:db9::1]', '2001:db9::1'],
      ['::FFFF:192.0.2.1', '192.0.2.1'],
      ['::ffff:c000:201', '192.0.2.1'],
    ] as const) {
      assert.equal(via('127.0.0.1', 'X-Forwarded-For', text), plain)
      assert.equal(via('127.0.0.1', 'Forwarded', `for="${text}";proto=https;by=_x`), plain)
    }
    assert.equal(
      via('127.0.0.1', 'Forwarded', 'for=127.0.0.1, proto=http;FOR=192.0.2.1 , for="[2001:db8::1]"'),
      '192.0.2.1',
    )
  })

  test('is unknown where the proxy names none, or the fields disagree', () => {
    for (const wrong of ['unknown', '_hidden', '', 'localhost', '1.2.3', '127.0.0.1.', '[::1', '::1]', 'a:80']) {
      assert.equal(via('127.0.0.1', 'X-Forwarded-For', wrong), undefined, wrong)
      assert.equal(via('127.0.0.1', 'X-Forwarded-For', `127.0.0.1, ${wrong}`), undefined, wrong)
      assert.equal(via('127.0.0.1', 'Forwarded', `for="${wrong}"`), undefined, wrong)
    }
    assert.equal(via('127.0.0.1', 'Forwarded', 'proto=http'), undefined)
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '192.0.2.1', 'Forwarded', 'for=127.0.0.1'), undefined)
    assert.equal(via('127.0.0.1', 'X-Forwarded-For', '192.0.2.1', 'Forwarded', 'for=192.0.2.1'), '192.0.2.1')
  })

  test('is not what a client hides behind an open quote', () => {
    const proxy = 'for="[2001:db9::1]";by="_proxy"'
    for (const spoofed of ['for=127.0.0.1;x="', 'for=127.0.0.1;x="\\', 'for=127.0.0.1;x="a\\"', '"', '\\"']) {
      const client = via('127.0.0.1', 'Forwarded', `${spoofed}, ${proxy}`)
      assert.ok(client === undefined || client === '2001:db9::1', `${spoofed} makes ${client}`)
    }
  })

  test('is not what a client hides in a quoted text or a second parameter', () => {
    for (const [field, client] of [
      ['host="a;for=10.0.0.1;b";for=192.0.2.1', '192.0.2.1'],
      ['for=192.0.2.1;host="a;for=10.0.0.1;b"', '192.0.2.1'],
      ['host="a, for=10.0.0.1";for=192.0.2.1', '192.0.2.1'],
      [String.raw`host="a\";for=10.0.0.1;b=\"";for="192.0.2.\1"`, '192.0.2.1'],
      ['for=10.0.0.1;for=192.0.2.1', undefined],
      ['for=192.0.2.1;For=10.0.0.1', undefined],
      ['host=a;host=b;for=192.0.2.1', undefined],
      ['for=10.0.0.1;for=10.0.0.1, for=192.0.2.1', undefined],
      ['for=192.0.2.1;', '192.0.2.1'],
      [' by=_x ; for=192.0.2.1', '192.0.2.1'],
      ['for =192.0.2.1', undefined],
      ['for= 192.0.2.1', undefined],
      ['for=[2001:db9::1]', undefined],
      ['for="192.0.2.1"x', undefined],
      ['for=192.0.2.1 proto=http', undefined],
      ['for', undefined],
      ['=192.0.2.1', undefined],
      ['', undefined],
    ] as const) {
      assert.equal(via('127.0.0.1', 'Forwarded', field), client, field)
    }
  })

  test('is found in linear time', () => {
    const start = processorTime()
    for (const part of [' ', '"', String.raw`\"`, 'a', 'a=', ';', ',', 'a="', 'a=b ']) {
      for (const first of ['', 'for="', 'for=1']) via('127.0.0.1', 'Forwarded', `${first}${part.repeat(100_000)}!`)
    }
    assert.ok(processorTime() - start < 2000)
  })

  test('counts as its network of 64 bits in IPv6', () => {
    for (const address of ['2001:db9:1:2::1', '2001:db9:1:2:ffff:ffff:ffff:ffff']) {
      assert.equal(clientNetwork(address), '2001:db9:1:2')
    }
    assert.equal(clientNetwork('::1'), '0:0:0:0')
    assert.equal(clientNetwork('2001::'), '2001:0:0:0')
    assert.equal(clientNetwork('192.0.2.1'), '192.0.2.1')
    assert.equal(clientNetwork(''), '')
    assert.equal(clientNetwork(undefined), 'unknown')
  })
})

describe('the rule for addresses', () => {
  const rule = (...allow: string[]): Layer => createAddressRule(allow, '/x', createClientAddress(['127.0.0.9']))

  test('admits what it names, in every spelling, and nothing else', () => {
    const loopback = rule('loopback')
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', ''])
      assert.equal(ask(loopback, { address }), 'in')
    for (const address of ['10.0.0.1', '::2', '::ffff:10.0.0.1', '0.0.0.0', '::']) {
      assert.match(
        ask(loopback, { address }),
        /^E8008_CLIENT: \S+ may not use this address\. \| not in allow of \/x \(add [\d:.]+\): loopback$/,
      )
    }
    const some = rule('10.0.0.0/8', '192.0.2.7', '2001:db8::/32')
    for (const address of ['10.9.9.9', '::ffff:10.1.1.1', '192.0.2.7', '2001:db8:1::1'])
      assert.equal(ask(some, { address }), 'in')
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '127.0.0.1', ''])
      assert.match(ask(some, { address }), /CLIENT/)
    const local = rule('private')
    for (const address of ['192.168.1.2', '172.31.0.1', 'fd00::1', 'fe80::1%eth0'])
      assert.equal(ask(local, { address }), 'in')
    for (const address of ['172.32.0.1', '127.0.0.1', '8.8.8.8']) assert.match(ask(local, { address }), /CLIENT/)
  })

  test('asks for the client behind a trusted proxy', () => {
    const forwarded = (value: string): Request => ({ address: '127.0.0.9', headers: ['X-Forwarded-For', value] })
    assert.equal(ask(rule('loopback'), forwarded('127.0.0.1')), 'in')
    assert.match(ask(rule('loopback'), forwarded('127.0.0.1, 8.8.8.8')), /^E8008_CLIENT: 8\.8\.8\.8 may not/)
    assert.match(
      ask(rule('0.0.0.0/0', '::/0'), forwarded('unknown')),
      /^E8008_CLIENT: A client without a known address/,
    )
  })
})

describe('what the log says of a rule', () => {
  test('names the flags that admit the client too, since flags replace the entries of a preset or a file', () => {
    const addresses = createAddressRule(['loopback', '10.77.0.0/16'], undefined, createClientAddress([]))
    assert.equal(
      ask(addresses, { address: '10.9.8.1' }),
      'E8008_CLIENT: 10.9.8.1 may not use this address. | not in allow (--allow 10.9.8.1 --allow loopback --allow 10.77.0.0/16)',
    )
    const socket = createAddressRule(['10.77.0.0/16'], undefined, createClientAddress([]))
    assert.match(ask(socket, { address: '' }), /\| not in allow \(--allow loopback --allow 10\.77\.0\.0\/16\)$/)
    const origins = createOriginRule(['same'], undefined)
    const from = (...headers: string[]): string => ask(origins, { method: 'POST', headers }).replace(/^.* \| /s, '')
    assert.equal(from('Origin', 'http://a.test:3000'), 'not in origin (--origin http://a.test:3000 --origin same)')
    assert.equal(from('Origin', 'null'), 'not in origin (from null): same')
    assert.equal(from('Sec-Fetch-Site', 'cross-site'), 'not in origin (from another site): same')
  })

  test('offers no Origin for pasting that a shell would read otherwise, and bounds it', () => {
    const origins = createOriginRule(['same'], undefined)
    const from = (origin: string): string =>
      ask(origins, { method: 'POST', headers: ['Origin', origin] }).replace(/^.* \| /s, '')
    assert.equal(from('http://a.test;reboot'), 'not in origin (from http://a.test;reboot): same')
    assert.equal(from('http://a\x9b31m'), 'not in origin (from http://a\\x9b31m): same')
    assert.ok(from(`http://${'a'.repeat(5000)};`).length < 250)
  })
})

describe('the rule for origins', () => {
  const send = (
    allowed: readonly string[],
    origin: string | undefined,
    more: Request & { site?: string } = {},
  ): string => {
    const { site, headers = [], ...rest } = more
    const fields = [
      ...(origin === undefined ? [] : ['Origin', origin]),
      ...(site === undefined ? [] : ['Sec-Fetch-Site', site]),
    ]
    return ask(createOriginRule(allowed, '/x'), { method: 'POST', ...rest, headers: [...fields, ...headers] })
  }

  test('same admits pages of this server', () => {
    for (const [origin, host] of [
      ['http://localhost:8008', 'localhost:8008'],
      ['https://localhost:8008', 'localhost:8008'],
      ['HTTP://LocalHost:8008', 'localhost:8008'],
      ['http://localhost', 'localhost'],
      ['http://localhost:80', 'localhost'],
      ['https://app.test', 'app.test:443'],
      ['http://[::1]:8008', '[0:0::1]:8008'],
      ['http://localhost.:8008', 'localhost:8008'],
    ] as const) {
      assert.equal(send(['same'], origin, { host }), 'in', origin)
    }
  })

  test('same refuses every other page, and names itself', () => {
    for (const origin of [
      'https://evil.example',
      'http://localhost:8009',
      'http://localhost',
      'http://evil.localhost:8008',
      'http://localhost:8008.evil.example',
      'http://localhost:8008@evil.example',
      'http://localhost:8008/',
      'http://127.0.0.1:8008',
      'null',
      'file://',
      'file:///tmp/x.html',
      'chrome-extension://abc',
      '',
      'http://localhost:8008, https://evil.example',
    ]) {
      assert.match(
        send(['same'], origin),
        /^E8008_ORIGIN: Pages of .* may not send POST to this address\. \| not in origin of \/x \(.*\): same$/,
      )
    }
    assert.match(send(['same'], 'http://localhost:8008', { encrypted: true }), /ORIGIN/, 'clear text to TLS')
    assert.equal(send(['same'], 'https://localhost:8008', { encrypted: true }), 'in')
  })

  test('holds for every method but safe ones, and for upgrades', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'MKCOL', 'post', 'get']) {
      assert.match(send(['same'], 'https://evil.example', { method }), /ORIGIN/, method)
    }
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      assert.equal(send(['same'], 'https://evil.example', { method }), 'in')
    const upgrade = { method: 'GET', headers: ['Upgrade', 'websocket'] }
    assert.match(send(['same'], 'https://evil.example', upgrade), /may not send upgrades to this address/)
    assert.equal(send(['same'], 'http://localhost:8008', upgrade), 'in')
  })

  test('lets programs pass, which send no Origin, and no page that hides it', () => {
    for (const allowed of [['same'], [], ['https://app.test']]) {
      assert.equal(send(allowed, undefined), 'in')
      assert.equal(send(allowed, undefined, { site: 'none' }), 'in')
      assert.match(send(allowed, undefined, { site: 'cross-site' }), /Pages of another site may not/)
      assert.match(send(allowed, undefined, { site: 'same-site' }), /ORIGIN/)
    }
    assert.equal(send(['same'], undefined, { site: 'same-origin' }), 'in')
    assert.match(send([], undefined, { site: 'same-origin' }), /ORIGIN/)
  })

  test('believes the browser where a policy of the page hides its origin', () => {
    assert.equal(send(['same'], 'null', { site: 'same-origin' }), 'in')
    assert.match(send(['same'], 'null', { site: 'cross-site' }), /ORIGIN/)
    assert.match(send(['https://app.test'], 'null', { site: 'same-origin' }), /ORIGIN/)
  })

  test('a list admits its origins in every spelling, and nothing else', () => {
    const list = ['https://app.test', 'http://[::1]:3000', 'chrome-extension://abc', 'package:com.example.app']
    for (const origin of [...list, 'HTTPS://APP.test:443', 'https://app.test.', 'http://[0:0::1]:3000']) {
      assert.equal(send(list, origin), 'in', origin)
    }
    for (const origin of [
      'http://app.test',
      'https://app.test:8443',
      'https://x.app.test',
      'http://localhost:8008',
      'chrome-extension://abd',
    ]) {
      assert.match(send(list, origin), /ORIGIN/, origin)
    }
    assert.equal(send([...list, 'same'], 'http://localhost:8008'), 'in')
  })

  test('a scheme admits all its origins', () => {
    const list = ['same', 'package:']
    for (const origin of ['package:com.example.app', 'PACKAGE:x', 'package:'])
      assert.equal(send(list, origin), 'in', origin)
    for (const origin of ['packages:x', 'http://package:8008', 'null', 'https://evil.example']) {
      assert.match(send(list, origin), /ORIGIN/, origin)
    }
  })

  test('none refuses every page', () => {
    assert.match(send([], 'http://localhost:8008'), /: none$/)
  })
})
