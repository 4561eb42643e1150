import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerTo, notification } from '../../../src/advertise/ssdp.ts'

const dial = 'urn:dial-multiscreen-org:service:dial:1'

function search(fields: readonly string[], start: string = 'M-SEARCH * HTTP/1.1'): Buffer {
  return Buffer.from([start, ...fields, '', ''].join('\r\n'))
}

const device = {
  location: 'http://192.0.2.1:8008/ssdp/device-desc.xml',
  uuid: '01234567-89ab-cdef-0123-456789abcdef',
}

describe('a search', () => {
  const host = 'HOST: 239.255.255.250:1900'
  const man = 'MAN: "ssdp:discover"'
  const mx = 'MX: 1'
  test('for DIAL or everything is one, whatever the case of its names', () => {
    for (const [fields, waitMs] of [
      [[host, man, 'MX: 3', `ST: ${dial}`], 3000],
      [['host:239.255.255.250', 'man:"ssdp:discover"', 'mx:1', `st:${dial}`], 1000],
      [[host, man, 'MX: 0', 'ST: ssdp:all'], 0],
    ] as const) {
      assert.equal(answerTo(search(fields), device)?.waitMs, waitMs, fields.join())
    }
  })
  for (const [name, message] of [
    ['another service', search([host, man, mx, 'ST: upnp:rootdevice'])],
    ['no MAN', search([host, mx, `ST: ${dial}`])],
    ['another MAN', search([host, 'MAN: ssdp:discover', mx, `ST: ${dial}`])],
    ['another method', search([host, man, mx, `ST: ${dial}`], 'NOTIFY * HTTP/1.1')],
    ['a path', search([host, man, mx, `ST: ${dial}`], 'M-SEARCH / HTTP/1.1')],
    ['bare line feeds', Buffer.from(`M-SEARCH * HTTP/1.1\n${host}\n${man}\n${mx}\nST: ${dial}\n\n`)],
    ['no HOST', search([man, mx, `ST: ${dial}`])],
    ['another HOST', search(['HOST: 192.0.2.1:1900', man, mx, `ST: ${dial}`])],
    ['no MX', search([host, man, `ST: ${dial}`])],
    ['an MX that is no number', search([host, man, 'MX: soon', `ST: ${dial}`])],
    ['an MX beyond sense', search([host, man, 'MX: 9999999', `ST: ${dial}`])],
    ['nothing', Buffer.alloc(0)],
    ['bytes', Buffer.alloc(1400, 0xff)],
  ] as const) {
    test(`with ${name} is none`, () => assert.equal(answerTo(message, device), undefined))
  }
})

test('answers with one service and its address', () => {
  const fields = ['HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 1', 'ST: ssdp:all']
  const text = answerTo(search(fields), device)?.reply.toString() ?? ''
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s)
  assert.match(text, /\r\nLOCATION: http:\/\/192\.0\.2\.1:8008\/ssdp\/device-desc\.xml\r\n/)
  assert.match(text, new RegExp(`\r\nST: ${dial}\r\nUSN: uuid:${device.uuid}::${dial}\r\n`))
  assert.match(notification(device, 'alive').toString(), /\r\nNTS: ssdp:alive\r\n/)
  assert.match(notification(device, 'byebye').toString(), /\r\nNTS: ssdp:byebye\r\n/)
})

test('answers are at most three times as long as their searches', () => {
  const short = search(['HOST:239.255.255.250', 'MAN:"ssdp:discover"', 'MX:0', 'ST:ssdp:all'])
  assert.equal(answerTo(short, device), undefined, `${short.length} bytes`)
  const longest = { ...device, location: `http://192.0.2.1:8008/${'x'.repeat(300)}` }
  const usual = search(['HOST: 239.255.255.250:1900', 'MAN: "ssdp:discover"', 'MX: 1', `ST: ${dial}`])
  assert.equal(answerTo(usual, longest), undefined)
  const { reply } = answerTo(usual, device) ?? {}
  assert.ok(reply !== undefined && reply.length <= 3 * usual.length)
})
