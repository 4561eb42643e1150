import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asksForPage, documentKind } from '../../../src/live/page-request.ts'
import { request } from '../filters/fixtures.ts'

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

test('a page can be asked for as it is', () => {
  assert.ok(!asks(['X-Serve8008', 'no-live', ...accept]))
  assert.ok(asks(['X-Serve8008', 'live', ...accept]))
  assert.ok(!asks(accept, '/?serve8008=no-live'))
  assert.ok(!asks(accept, '/?a=b&serve8008=no-live&c'))
  for (const other of ['/?xserve8008=no-live', '/?serve8008=no-lively', '/serve8008=no-live'])
    assert.ok(asks(accept, other), other)
  assert.ok(!asks(['Range', 'bytes=0-1', ...accept]))
})

test('an image is a page where it is not part of another', () => {
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

test('HTML, XHTML and SVG can hold a script, a picture can get a page around it; other types stay as they are', () => {
  for (const [type, kind] of [
    ['text/html', 'html'],
    [' Text/HTML ; charset=utf-8', 'html'],
    ['application/xhtml+xml', 'xhtml'],
    ['image/svg+xml;charset=utf-8', 'svg'],
    ['image/png', 'picture'],
    ['image/webp', 'picture'],
  ]) {
    assert.equal(documentKind(type), kind, type)
  }
  for (const type of [
    'text/plain',
    'text/markdown',
    'application/json',
    'image/tiff',
    'application/pdf',
    'application/xml',
    'text/htmlx',
    '',
  ])
    assert.equal(documentKind(type), undefined, type)
  assert.equal(documentKind(undefined), undefined)
})
