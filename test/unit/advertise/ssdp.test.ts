import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { notification, readSearch, searchReply } from '../../../src/advertise/ssdp.ts'

const dial = 'urn:dial-multiscreen-org:service:dial:1'

function search(fields: readonly string[], start: string = 'M-SEARCH * HTTP/1.1'): Buffer {
  return Buffer.from([start, ...fields, '', ''].join('\r\n'))
}

describe('a search', () => {
  const man = 'MAN: "ssdp:discover"'
  test('for DIAL or everything is one, whatever the case of its names', () => {
    assert.deepEqual(readSearch(search(['HOST: 239.255.255.250:1900', man, 'MX: 3', `ST: ${dial}`])), { waitMs: 3000 })
    assert.deepEqual(readSearch(search(['man:"ssdp:discover"', 'st:ssdp:all'])), { waitMs: 0 })
    assert.deepEqual(readSearch(search([man, `ST: ${dial}`, 'MX: 9999999'])), { waitMs: 0 })
  })
  for (const [name, message] of [
    ['another service', search([man, 'ST: upnp:rootdevice'])],
    ['no MAN', search([`ST: ${dial}`])],
    ['another MAN', search(['MAN: ssdp:discover', `ST: ${dial}`])],
    ['another method', search([man, `ST: ${dial}`], 'NOTIFY * HTTP/1.1')],
    ['a path', search([man, `ST: ${dial}`], 'M-SEARCH / HTTP/1.1')],
    ['bare line feeds', Buffer.from(`M-SEARCH * HTTP/1.1\n${man}\nST: ${dial}\n\n`)],
    ['nothing', Buffer.alloc(0)],
    ['bytes', Buffer.alloc(1400, 0xff)],
  ] as const) {
    test(`with ${name} is none`, () => assert.equal(readSearch(message), undefined))
  }
})

test('answers with one service and its address', () => {
  const device = {
    location: 'http://192.0.2.1:8008/ssdp/device-desc.xml',
    uuid: '01234567-89ab-cdef-0123-456789abcdef',
  }
  const text = searchReply(device).toString()
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s)
  assert.match(text, /\r\nLOCATION: http:\/\/192\.0\.2\.1:8008\/ssdp\/device-desc\.xml\r\n/)
  assert.match(text, new RegExp(`\r\nST: ${dial}\r\nUSN: uuid:${device.uuid}::${dial}\r\n`))
  // A search has about 130 bytes.
  assert.ok(text.length < 350, String(text.length))
  assert.match(notification(device, 'alive').toString(), /\r\nNTS: ssdp:alive\r\n/)
  assert.match(notification(device, 'byebye').toString(), /\r\nNTS: ssdp:byebye\r\n/)
})
