import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getField } from '../../../src/http/message/headers.ts'
import type { Reply } from '../../../src/http/message/reply.ts'
import { asksForPage, documentKind, variedByPage } from '../../../src/live/page-request.ts'
import { request } from '../middleware/fixtures.ts'

const asks = (headers: readonly string[], target = '/') => asksForPage(request(headers, 'GET', target), 'html')
const accept = ['Accept', 'Text/HTML,application/xhtml+xml,*/*;q=0.8']

test('every navigation with GET or HEAD asks for a page', () => {
  for (const page of ['document', 'iframe', 'frame', 'embed', 'object']) assert.ok(asks(['Sec-Fetch-Dest', page]), page)
  assert.ok(asks(accept))
  assert.ok(
    asks(['Sec-Fetch-Dest', 'empty', 'Sec-Fetch-Mode', 'same-origin', 'Upgrade-Insecure-Requests', '1', ...accept]),
  )
  assert.ok(!asks(['Sec-Fetch-Dest', 'empty', ...accept]))
  assert.ok(!asksForPage(request(accept, 'POST', '/'), 'html'))
  assert.ok(asksForPage(request(accept, 'HEAD', '/'), 'html'))
})

test('the query, the field and a range ask for an unchanged page', () => {
  assert.ok(!asks(['X-Serve8008', 'no-live', ...accept]))
  assert.ok(asks(['X-Serve8008', 'live', ...accept]))
  assert.ok(!asks(accept, '/?serve8008=no-live'))
  assert.ok(!asks(accept, '/?a=b&serve8008=no-live&c'))
  for (const other of ['/?xserve8008=no-live', '/?serve8008=no-lively', '/serve8008=no-live'])
    assert.ok(asks(accept, other), other)
  assert.ok(!asks(['Range', 'bytes=0-1', ...accept]))
})

test('an SVG image is a page unless it is part of one', () => {
  for (const [dest, expected] of [
    ['document', true],
    ['iframe', false],
    ['frame', false],
    ['embed', false],
    ['object', false],
    ['image', false],
  ] as const) {
    assert.equal(asksForPage(request(['Sec-Fetch-Dest', dest]), 'svg'), expected, dest)
  }
  assert.ok(asksForPage(request(accept), 'svg'))
})

const ofType = (type: string | undefined, more: Partial<Reply> = {}, fields: readonly string[] = []): Reply => ({
  status: 200,
  headers: [...(type === undefined ? [] : ['Content-Type', type]), ...fields],
  body: null,
  validators: {},
  ...more,
})

test('HTML, XHTML and SVG can hold a script; a picture, a text and JSON can get a wrapper page', () => {
  for (const [type, kind] of [
    ['text/html', 'html'],
    [' Text/HTML ; charset=utf-8', 'html'],
    ['application/xhtml+xml', 'xhtml'],
    ['image/svg+xml;charset=utf-8', 'svg'],
    ['image/png', 'picture'],
    ['image/webp', 'picture'],
    ['text/plain; charset=utf-8', 'text'],
    ['text/markdown; charset=utf-8', 'text'],
    ['text/x-c;charset=windows-1251', 'text'],
    ['text/htmlx; charset=utf-8', 'text'],
    ['application/json', 'json'],
    ['application/geo+json', 'json'],
  ]) {
    assert.equal(documentKind(ofType(type)), kind, type)
  }
})

test('files that browsers save or show in a viewer, and parts of pages, stay unchanged', () => {
  for (const type of [
    // The browser detects the encoding, which it would not do in a frame.
    'text/plain',
    'text/markdown; variant=gfm',
    'text/css',
    'text/javascript; charset=utf-8',
    'text/csv',
    'text/tab-separated-values',
    'text/calendar',
    'text/x-vcalendar',
    'text/vcard',
    'text/vnd.sun.j2me.app-descriptor',
    'text/xml; charset=utf-8',
    'application/xml',
    'application/json5',
    'application/x-ndjson',
    'application/pdf',
    'image/tiff',
    '',
    undefined,
  ])
    assert.equal(documentKind(ofType(type)), undefined, type)
})

test('only served files get a wrapper page, and only if it may show the file', () => {
  for (const type of ['text/plain; charset=utf-8', 'application/json', 'image/png']) {
    for (const other of [{ relayed: true }, { status: 404 }, { validators: undefined }])
      assert.equal(documentKind(ofType(type, other)), undefined)
    assert.equal(documentKind(ofType(type, {}, ['Content-Security-Policy', "default-src 'self'"])), undefined)
    assert.equal(documentKind(ofType(type, {}, ['X-Frame-Options', 'DENY'])), undefined)
    assert.notEqual(documentKind(ofType(type, {}, ['X-Frame-Options', 'SameOrigin'])), undefined)
  }
})

const chrome = ['User-Agent', 'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36']
const firefox = ['User-Agent', 'Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Firefox/153.0']
const safari = [
  'User-Agent',
  'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
]
const opened = ['Sec-Fetch-Dest', 'document', 'Sec-Fetch-Mode', 'navigate']
const linked = [...opened, 'Referer', 'http://localhost:8008/']

test('Firefox keeps its viewer of JSON', () => {
  assert.ok(asksForPage(request([...opened, ...chrome]), 'json'))
  assert.ok(asksForPage(request([...opened, ...safari]), 'json'))
  assert.ok(!asksForPage(request([...opened, ...firefox]), 'json'))
  assert.ok(asksForPage(request([...opened, ...firefox]), 'text'))
})

// Recorded: Firefox sends for `<a download>` the fields of any link. Chromium sends `Sec-Fetch-Dest: empty`.
test('a link that may be a download gets the bytes of the file', () => {
  for (const kind of ['picture', 'text'] as const) {
    assert.ok(asksForPage(request([...linked, ...chrome]), kind))
    assert.ok(!asksForPage(request(['Sec-Fetch-Dest', 'empty', 'Sec-Fetch-Mode', 'navigate', ...chrome]), kind))
    for (const browser of [firefox, safari]) {
      assert.ok(!asksForPage(request([...linked, ...browser]), kind))
      assert.ok(asksForPage(request([...opened, ...browser]), kind))
    }
  }
  assert.ok(asksForPage(request([...linked, ...firefox]), 'html'))
})

test('Vary names the fields that decide about a wrapper page', () => {
  const vary = (headers: readonly string[]) =>
    getField(variedByPage(ofType('text/plain; charset=utf-8'), request(headers), 'text').headers, 'vary')
  assert.equal(vary(opened), 'Sec-Fetch-Dest, User-Agent, Referer, X-Serve8008')
  for (const part of [['Sec-Fetch-Dest', 'empty'], []]) assert.equal(vary(part), 'Sec-Fetch-Dest, X-Serve8008')
})
