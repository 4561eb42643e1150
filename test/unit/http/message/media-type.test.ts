// own process: its first test finds the types unloaded
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  isCompressible,
  isHtml,
  loadMediaTypes,
  mediaType,
  needsMediaTypes,
} from '../../../../src/http/message/media-type.ts'

describe('media types', () => {
  test('needs the database for rare types, not for common ones or names without an extension', async () => {
    assert.equal(needsMediaTypes('index.html'), false)
    assert.equal(needsMediaTypes('LICENSE'), false)
    assert.equal(needsMediaTypes('paper.epub'), true)
    assert.equal(mediaType('paper.epub'), 'application/octet-stream')
    await Promise.all([loadMediaTypes(), loadMediaTypes()])
    await loadMediaTypes()
    assert.equal(needsMediaTypes('paper.epub'), false)
    assert.equal(mediaType('paper.epub'), 'application/epub+zip')
    assert.equal(mediaType('feed.atom'), 'application/atom+xml')
  })

  test('takes text/html with any parameters and in any case for HTML, and no longer name', () => {
    for (const type of ['text/html', 'Text/HTML', 'text/html; charset=utf-8', ' text/html ;charset=x'])
      assert.ok(isHtml(type))
    for (const type of ['text/htmlx', 'application/xhtml+xml', 'text/plain; a=text/html', '']) assert.ok(!isHtml(type))
  })

  const expected = {
    'index.html': 'text/html',
    'INDEX.HTML': 'text/html',
    'app.js': 'text/javascript',
    'app.mjs': 'text/javascript',
    'app.cjs': 'text/javascript',
    'app.js.map': 'application/json',
    'tsconfig.jsonc': 'application/json',
    'main.ts': 'text/plain',
    'view.tsx': 'text/plain',
    'logo.svg': 'image/svg+xml',
    'feed.xml': 'application/xml',
    'site.webmanifest': 'application/manifest+json',
    'scene.gltf': 'model/gltf+json',
    'README.md': 'text/markdown',
    'scene.glb': 'model/gltf-binary',
    'a.wasm': 'application/wasm',
    'a.avif': 'image/avif',
    'a.jxl': 'image/jxl',
    'a.woff2': 'font/woff2',
    'a.png': 'image/png',
  }
  for (const [name, type] of Object.entries(expected)) test(name, () => assert.equal(mediaType(name), type))

  test('has no type for unknown extensions', () => {
    for (const name of ['LICENSE', 'a.unheard-of', '.html', 'a.', 'a.constructor', 'a.__proto__', '']) {
      assert.equal(mediaType(name), 'application/octet-stream', name)
    }
  })
})

describe('isCompressible', () => {
  test('accepts text of every type, and uncompressed binary formats', () => {
    for (const name of ['a.html', 'a.js', 'a.json', 'a.svg', 'a.xml', 'a.webmanifest', 'a.wasm', 'a.ttf', 'a.ico']) {
      assert.equal(isCompressible(mediaType(name)), true, name)
    }
    assert.equal(isCompressible('Application/LD+JSON ; profile=x'), true)
  })

  test('rejects compressed formats and event streams, which must not wait', () => {
    for (const name of ['a.png', 'a.jpg', 'a.woff2', 'a.mp4', 'a.zip', 'a.pdf', 'noext']) {
      assert.equal(isCompressible(mediaType(name)), false, name)
    }
    assert.equal(isCompressible('text/event-stream; charset=utf-8'), false)
    assert.equal(isCompressible(''), false)
  })
})
