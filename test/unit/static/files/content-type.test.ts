import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadMediaTypes } from '../../../../src/http/message/media-type.ts'
import { contentType } from '../../../../src/static/files/content-type.ts'

await loadMediaTypes()

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
const typeOf = (name: string, content: string | Uint8Array = 'text\n'): string =>
  contentType(name, Buffer.from(content), true)
const legacy = '\xcf\xf0\xe8\xe2\xe5\xf2' // windows-1251

describe('charset', () => {
  const cases: Record<string, [name: string, content: string | Uint8Array, type: string]> = {
    'ASCII is UTF-8': ['a.html', '<p>hi', 'text/html; charset=utf-8'],
    'UTF-8 is UTF-8': ['a.html', '<p>żółw', 'text/html; charset=utf-8'],
    'of bytes that are not UTF-8 nothing is claimed': ['a.html', latin(`<p>${legacy}`), 'text/html'],
    'nor of text': ['a.txt', latin(legacy), 'text/plain'],
    'nor of scripts': ['a.js', latin(`'${legacy}'`), 'text/javascript'],
    'nor of CSV': ['a.csv', latin(`a;${legacy}`), 'text/csv'],
    'nor of Markdown': ['a.md', latin(legacy), 'text/markdown'],
    'nor of XML, which declares its own': ['a.svg', latin(`<svg>${legacy}</svg>`), 'image/svg+xml'],
    '<meta charset> (HTML standard section 13.2.3.2)': [
      'a.html',
      latin(`<!doctype html><meta charset="windows-1251"><p>${legacy}`),
      'text/html; charset=windows-1251',
    ],
    '<meta http-equiv>': [
      'a.htm',
      latin(`<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=Shift_JIS'>\x83\x65`),
      'text/html; charset=shift_jis',
    ],
    'a label stands for its encoding (Encoding standard section 4.2)': [
      'a.html',
      latin('<meta charset=latin1>\xe9'),
      'text/html; charset=windows-1252',
    ],
    'a declaration counts for ASCII too: forms and scripts of the page follow it': [
      'a.html',
      '<meta charset=koi8-r><p>ascii',
      'text/html; charset=koi8-r',
    ],
    'a declaration of UTF-8 is no proof': ['a.html', latin(`<meta charset=utf-8>${legacy}`), 'text/html'],
    'a declaration of UTF-16 that can be read as bytes is wrong': [
      'a.html',
      '<meta charset=utf-16>ż',
      'text/html; charset=utf-8',
    ],
    'a label that no browser knows is the browser to find out': ['a.html', '<meta charset=klingon>x', 'text/html'],
    'a comment declares nothing': ['a.html', '<!-- <meta charset=koi8-r> --><p>', 'text/html; charset=utf-8'],
    'a comment may end at once': ['a.html', '<!--><meta charset=koi8-r>-->', 'text/html; charset=koi8-r'],
    'nor does what is quoted in an attribute': [
      'a.html',
      '<img alt="<meta charset=iso-2022-jp>">',
      'text/html; charset=utf-8',
    ],
    'nor in single quotes': ['a.html', "<p title = '<meta charset=koi8-r>'>", 'text/html; charset=utf-8'],
    'nor in quotes that do not end': ['a.html', '<p title="<meta charset=koi8-r>', 'text/html; charset=utf-8'],
    'nor a declaration': ['a.html', '<?x <meta charset=koi8-r><p>', 'text/html; charset=utf-8'],
    'nor an end tag': ['a.html', '</meta charset=koi8-r>', 'text/html; charset=utf-8'],
    'nor a longer name': ['a.html', '<metadata charset=koi8-r>', 'text/html; charset=utf-8'],
    'but one behind such tags does': [
      'a.html',
      `<html lang=en><a href='>'/><b c="'"><META/charset = "koi8-r"/>`,
      'text/html; charset=koi8-r',
    ],
    'the first of two attributes counts': [
      'a.html',
      '<meta charset=koi8-r charset=utf-8>',
      'text/html; charset=koi8-r',
    ],
    'nor does another <meta>': ['a.html', '<meta name=x content="charset=koi8-r">', 'text/html; charset=utf-8'],
    'nor does one behind the first 1024 bytes': [
      'a.html',
      `${' '.repeat(1024)}<meta charset=koi8-r>`,
      'text/html; charset=utf-8',
    ],
    '@charset (CSS Syntax section 3.2)': [
      'a.css',
      latin('@charset "iso-8859-2";a{content:"\xb1"}'),
      'text/css; charset=iso-8859-2',
    ],
    '@charset in other words is none': ['a.css', "@charset 'iso-8859-2';", 'text/css; charset=utf-8'],
    'the declaration of XML (XML 1.0 section 4.3.3)': [
      'a.xml',
      latin('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'),
      'application/xml; charset=windows-1252',
    ],
    'and in SVG': ['a.svg', latin("<?xml version='1.0' encoding='koi8-r'?><svg/>"), 'image/svg+xml; charset=koi8-r'],
    'a mark of UTF-8': ['a.html', '\ufeff<p>', 'text/html; charset=utf-8'],
    'a mark of UTF-16 beats a declaration (Encoding standard section 6)': [
      'a.html',
      Buffer.from('\ufeff<meta charset=utf-8>', 'utf16le'),
      'text/html; charset=utf-16le',
    ],
    'a mark of UTF-16, the other way round': [
      'a.txt',
      Buffer.from('\ufeffhi', 'utf16le').swap16(),
      'text/plain; charset=utf-16be',
    ],
    'ISO-2022-JP is ASCII with escapes': ['a.txt', '\x1b$B$3\x1b(B', 'text/plain'],
    'a page is never left to look like it (Encoding standard section 2): ESC ( J makes a backslash a yen sign': [
      'a.html',
      `<script>s = "\x1b(J\\"; alert(1) //"</script>`,
      'text/html; charset=utf-8',
    ],
    'nor one that declares UTF-8': ['a.html', '<meta charset=utf-8>\x1b$B$3\x1b(B', 'text/html; charset=utf-8'],
    'it is by a declaration': ['a.html', '<meta charset=iso-2022-jp>\x1b$B$3\x1b(B', 'text/html; charset=iso-2022-jp'],
    'colours of a terminal are not': ['a.log', '\x1b[31mred\x1b[0m', 'text/plain; charset=utf-8'],
    'JSON is UTF-8 and has no parameter (RFC 8259 section 11)': ['a.json', '{"a":"ż"}', 'application/json'],
    'nor has its kin': ['a.geojson', '{}', 'application/geo+json'],
    'nor a manifest': ['a.webmanifest', '{}', 'application/manifest+json'],
    'nothing is said of an empty file that would be wrong': ['a.css', '', 'text/css; charset=utf-8'],
    'images have none': ['a.png', '\x89PNG', 'image/png'],
  }
  for (const [what, [name, content, type]] of Object.entries(cases)) {
    test(what, () => assert.equal(typeOf(name, content), type))
  }

  test('the beginning of a large file may end in the middle of a character', () => {
    const text = Buffer.from(`${'x'.repeat(1000)}€€€`)
    for (const cut of [0, 1, 2, 3, 4]) {
      const head = text.subarray(0, text.length - cut)
      assert.equal(contentType('a.txt', head, false), 'text/plain; charset=utf-8')
    }
    assert.equal(contentType('a.txt', text.subarray(0, -1), true), 'text/plain')
    assert.equal(contentType('a.txt', latin(`${legacy}  xxxx`), false), 'text/plain')
  })
})

describe('types by bytes', () => {
  test('sources and data that users open to read are text', () => {
    for (const name of `LICENSE README Makefile Dockerfile CHANGELOG a.py a.go a.rb a.kt a.rs a.swift a.cs a.dart a.pl a.php
      a.sh a.bat a.ps1 a.diff a.patch a.jsonl a.ndjson a.proto a.tf a.lock a.cfg a.properties a.tex a.org a.pot a.srt a.v
      a.unheard-of .editorconfig a.glsl a.ipynb.orig a.sol a.zig a.hs a.cmake go.sum pyproject.toml schema.sql a.tcl a.csh
      a.json5 a.hjson a.raml a.latex a.rq a.nt a.nq a.trig a.scm a.vhd a.asc a.pgn a.sdp`
      .trim()
      .split(/\s+/)) {
      assert.equal(typeOf(name), 'text/plain; charset=utf-8', name)
    }
    assert.equal(typeOf('map.topojson'), 'application/json')
  })

  test('their bytes decide (WHATWG MIME Sniffing section 7.2)', () => {
    for (const byte of [0x00, 0x08, 0x0b, 0x0e, 0x1a, 0x1c, 0x1f]) {
      assert.equal(typeOf('LICENSE', Uint8Array.of(0x41, byte)), 'application/octet-stream', String(byte))
      assert.equal(typeOf('a.rs', Uint8Array.of(0x41, byte)), 'application/octet-stream', String(byte))
      assert.equal(typeOf('a.vhd', Uint8Array.of(0x41, byte)), 'application/octet-stream', String(byte))
    }
    for (const byte of [0x09, 0x0a, 0x0c, 0x0d, 0x1b, 0x20, 0x7f, 0x80, 0xff]) {
      assert.match(typeOf('LICENSE', Uint8Array.of(0x41, byte)), /^text\/plain/, String(byte))
    }
    assert.equal(typeOf('LICENSE', Buffer.from('\ufeffhi', 'utf16le')), 'text/plain; charset=utf-16le')
    assert.match(typeOf('LICENSE', `${'x'.repeat(1445)}\0`), /^text\/plain/)
  })

  test('never markup, a script or an image', () => {
    for (const content of ['<!doctype html><script>1</script>', '<svg xmlns="x"/>', 'import "x"', '%PDF-1.7 x']) {
      for (const name of ['LICENSE', 'upload', '.html', 'a.', 'a.constructor', 'a.__proto__', '']) {
        assert.equal(typeOf(name, content), 'text/plain; charset=utf-8', name)
      }
    }
  })

  test('a known binary type is kept', () => assert.equal(typeOf('a.bin'), 'application/octet-stream'))

  test('.key is a Keynote document if it is a ZIP archive, else a key', () => {
    assert.equal(typeOf('deck.key', 'PK\x03\x04\x14'), 'application/vnd.apple.keynote')
    // RFC 8216 section 4.3.2.4: 16 octets.
    assert.equal(typeOf('enc.key', Buffer.from('9f3c00a1ffee11d209bb7e6d5c4a3b2f', 'hex')), 'application/octet-stream')
    assert.equal(typeOf('a.key', '-----BEGIN PRIVATE KEY-----\n'), 'text/plain; charset=utf-8')
    assert.equal(typeOf('a.key', Uint8Array.of(0x30, 0x82, 0x04, 0xbe)), 'application/octet-stream')
    assert.equal(typeOf('a.pages', 'PK\x03\x04'), 'application/vnd.apple.pages')
  })

  test('.ts is TypeScript, or an MPEG transport stream, which may be encrypted', () => {
    const packet = Buffer.concat([Uint8Array.of(0x47, 0x40, 0x00, 0x10), Buffer.alloc(184)])
    assert.equal(typeOf('a.ts', 'Good: string'), 'text/plain; charset=utf-8')
    assert.equal(typeOf('a.ts', '<?xml version="1.0"?><TS language="de"/>'), 'text/plain; charset=utf-8')
    assert.equal(typeOf('a.ts', Buffer.concat([packet, packet])), 'video/mp2t')
    assert.equal(typeOf('a.ts', Uint8Array.of(0x9c, 0x01, 0xff, 0x00, 0x47)), 'video/mp2t')
    assert.equal(typeOf('a.mts', Buffer.concat([Buffer.alloc(4), packet])), 'video/mp2t')
    assert.equal(typeOf('a.mts', 'export {}'), 'text/plain; charset=utf-8')
  })
})
