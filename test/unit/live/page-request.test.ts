import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asksForPage } from '../../../src/live/page-request.ts'
import { request } from '../filters/fixtures.ts'

const asks = (headers: readonly string[], target = '/') => asksForPage(request(headers, 'GET', target))
const accept = ['Accept', 'Text/HTML,application/xhtml+xml,*/*;q=0.8']

test('the destination tells a page from what is put into one', () => {
  for (const page of ['document', 'iframe', 'frame', 'embed', 'object']) assert.ok(asks(['Sec-Fetch-Dest', page]), page)
  for (const part of ['empty', 'image', 'script', 'style', '', 'worker', 'document, document']) {
    assert.ok(!asks(['Sec-Fetch-Dest', part, ...accept]), part)
  }
})

test('without a destination Accept tells, and the marks of scripts', () => {
  assert.ok(asks(accept))
  assert.ok(!asks([]))
  assert.ok(!asks(['Accept', '*/*']))
  for (const mark of [
    ['X-Requested-With', 'XMLHttpRequest'],
    ['HX-Request', 'true'],
    ['Turbo-Frame', 'messages'],
  ]) {
    assert.ok(!asks([...accept, ...mark]), mark[0])
  }
  assert.ok(
    asks(['Sec-Fetch-Dest', 'document', 'X-Requested-With', 'com.example.app']),
    'a web view that names its app',
  )
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
