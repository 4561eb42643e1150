import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromDisk, nameFromBytes, toDisk } from '../../../../src/core/util/disk-name.ts'
import { decodePath } from '../../../../src/static/url-path.ts'
import { encodeSegment } from '../../../../src/core/util/escape.ts'

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

describe('a name of the file system', () => {
  test('of any bytes has one text, which encodes to the same bytes', () => {
    for (const bytes of [
      latin('caf\xe9.txt'),
      latin('\xff'),
      latin('\xc0\xaf\x80'),
      latin('\x83\x65\x83\x58\x83\x67'),
      Buffer.concat([Buffer.from('żółw 😀 '), latin('\xe9\xf0\x9f'), Buffer.from('€')]),
      Buffer.from('\ufffd plain'),
    ]) {
      const text = fromDisk(bytes)
      assert.deepEqual(Buffer.from(toDisk(text)), bytes)
      assert.equal(nameFromBytes(encodeSegment(text)) ?? '', bytes.equals(latin('\xc0\xaf\x80')) ? '' : text)
    }
    for (let byte = 0x80; byte <= 0xff; byte++) {
      assert.deepEqual(toDisk(fromDisk(Buffer.of(0x61, byte, 0x62))), Buffer.of(0x61, byte, 0x62))
    }
  })

  test('in UTF-8 is plain text', () => {
    for (const name of ['a.txt', 'żółw', '😀', 'e\u0301']) {
      assert.equal(fromDisk(Buffer.from(name)), name)
      assert.equal(toDisk(name), name)
    }
  })
})

describe('a path of other bytes', () => {
  test('names a file where names are bytes', () => {
    assert.deepEqual(decodePath('/caf%E9.txt', 'posix')?.segments, ['caf\udce9.txt'])
    assert.deepEqual(decodePath('/%83e%83X', 'posix')?.segments, ['\udc83e\udc83X'])
    assert.deepEqual(decodePath('/a/%FF/%C5%BC%FF', 'posix')?.segments, ['a', '\udcff', 'ż\udcff'])
    assert.equal(decodePath('/caf%E9.txt', 'win32'), undefined)
  })

  test('is refused where a lenient decoder reads other characters (RFC 3629 section 10)', () => {
    for (const path of [
      '/%C0%AE',
      '/%c0%af',
      '/%C1%9C',
      '/%E0%80%AF',
      '/%E0%9F%BF',
      '/%F0%80%80%AF',
      '/%ED%A0%80',
      '/%ED%BF%BF',
    ]) {
      assert.equal(decodePath(path, 'posix'), undefined, path)
      assert.equal(decodePath(`${path}%FF`, 'posix'), undefined, path)
    }
  })

  test('never decodes to a separator, NUL or control character', () => {
    for (const path of ['/%FF%2F', '/%FF%5C', '/%FF%00', '/%FF%0A', '/%FF%zz', '/%FF%2', '/%FF%']) {
      assert.equal(decodePath(path, 'posix'), undefined, path)
    }
  })
})
