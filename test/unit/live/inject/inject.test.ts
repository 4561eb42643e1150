import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { ServeError } from '../../../../src/core/serve-error.ts'
import { createCompression } from '../../../../src/middleware/compression.ts'
import { createConditionsAndRanges } from '../../../../src/middleware/conditions-and-ranges.ts'
import { composeFilters } from '../../../../src/http/compose.ts'
import { FileSlice } from '../../../../src/http/body/file.ts'
import type { Body, Reply } from '../../../../src/http/message/reply.ts'
import { createInject } from '../../../../src/live/inject/inject.ts'
import { errorReply } from '../../../../src/pages/error-page.ts'
import { listingReply } from '../../../../src/pages/listing-page.ts'
import { contentOf, fieldsOf, fileSlice, closed, request } from '../../middleware/fixtures.ts'

const script = '/__serve8008/live.js?v=1f0c&a="'
const tag = '<script src="/__serve8008/live.js?v=1f0c&amp;a=&quot;" async=""></script>'
const html = '<!doctype html><html><head><title>x</title></head><body></body></html>'
const injected = html.replace('<head>', `<head>${tag}`)
const modified = Date.UTC(2024, 4, 1)
const vary = 'Sec-Fetch-Dest, Sec-Fetch-Mode, X-Serve8008'
const page = ['Sec-Fetch-Dest', 'document']

function reply(body: Body = Buffer.from(html), fields: readonly string[] = [], changed: Partial<Reply> = {}): Reply {
  const type = fields.includes('Content-Type') ? [] : ['Content-Type', 'text/html; charset=utf-8']
  const validators = ['ETag', '"abc"', 'Last-Modified', new Date(modified).toUTCString(), 'Accept-Ranges', 'bytes']
  return {
    status: 200,
    headers: [...type, ...validators, ...fields],
    body,
    validators: { etag: '"abc"', modified },
    ...changed,
  }
}

function setUp() {
  const blocked: string[] = []
  const state = { on: true }
  const inject = createInject({
    pageBytes: 1e6,
    script,
    isOn: () => state.on,
    onBlocked: (path, missing) => blocked.push(`${path}: ${missing}`),
  })
  return { inject, blocked, state }
}

const open = (body: Reply, headers: readonly string[] = page, method = 'GET', target = '/') =>
  setUp().inject(body, request(headers, method, target)) as Reply
const textOf = async (made: Reply) => String(await contentOf(made.body))

test('a page gets the script once, with the fields for the changed bytes', async () => {
  const made = open(reply(undefined, ['Content-Length', '9', 'Content-Digest', 'x', 'Repr-Digest', 'y']))
  assert.equal(await textOf(made), injected)
  const { etag, ...fields } = fieldsOf(made)
  assert.match(etag ?? '', /^"abc-live[0-9a-f]{8}"$/)
  assert.deepEqual(fields, {
    'content-type': 'text/html; charset=utf-8',
    'last-modified': new Date(modified).toUTCString(),
    'accept-ranges': 'bytes',
    vary,
  })
  assert.deepEqual(made.validators, { etag })
  assert.equal(fieldsOf(open(reply())).etag, etag, 'the tag is the same each time')
})

test('a fetch, and a request for an unchanged page, get it unchanged, with Vary', () => {
  for (const x of [
    request(['Sec-Fetch-Dest', 'empty']),
    request(['Range', 'bytes=0-1', ...page]),
    request([...page, 'X-Serve8008', 'no-live']),
    request(page, 'GET', '/?serve8008=no-live'),
  ]) {
    const original = reply()
    const made = setUp().inject(original, x) as Reply
    assert.equal(made.body, original.body)
    assert.equal(made.validators, original.validators)
    assert.deepEqual(fieldsOf(made), { ...fieldsOf(original), vary })
  }
})

test('a meta opts a page out', () => {
  const original = reply(Buffer.from('<head><meta name="serve8008" content="no-live">'))
  assert.equal(open(original).body, original.body)
})

test('changes only complete documents that can hold a script, and none while off', () => {
  const { inject, state } = setUp()
  for (const original of [
    reply(undefined, ['Content-Type', 'text/css']),
    reply(undefined, ['Content-Type', 'image/tiff']),
    reply(undefined, ['Content-Type', 'image/png'], { status: 404 }),
    reply(undefined, ['Content-Type', 'image/png'], { relayed: true, injectable: true }),
    reply(undefined, ['Content-Type', 'text/plain'], { status: 404 }),
    reply(undefined, ['Content-Type', 'application/json'], { validators: undefined }),
    reply(undefined, [], { headers: [] }),
    reply(undefined, ['Content-Encoding', 'gzip, br']),
    reply(undefined, ['Content-Encoding', 'unknown']),
    reply(undefined, ['Content-Disposition', 'attachment; filename=a.html']),
    ...[101, 103, 204, 205, 206, 304].map((status) => reply(undefined, [], { status })),
    Object.freeze(reply(undefined, ['Content-Type', 'text/css'])),
  ]) {
    assert.equal(inject(original, request(page)), original)
    assert.equal(inject(original, request(page)), original)
  }
  state.on = false
  const original = reply()
  assert.equal(inject(original, request(page)), original)
})

test('an SVG image gets the script only when a tab opens it', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'
  const original = reply(Buffer.from(svg), ['Content-Type', 'image/svg+xml'])
  const scriptOfHtml = tag.replace('<script', '<script xmlns="http://www.w3.org/1999/xhtml"')
  const made = open(original)
  assert.equal(await textOf(made), svg.replace('<rect', `${scriptOfHtml}<rect`))
  assert.equal(fieldsOf(made)['content-type'], 'image/svg+xml')
  for (const dest of ['image', 'embed', 'object', 'iframe', 'empty']) {
    assert.equal(await textOf(open(original, ['Sec-Fetch-Dest', dest])), svg, dest)
  }
  assert.equal(await textOf(open(original, [])), svg, 'curl')
  assert.equal(await textOf(open(original, page, 'GET', '/?serve8008=no-live')), svg)
})

test('a picture gets a wrapper page only when a tab opens it', async () => {
  const picture = Buffer.from('\x89PNG')
  const original = Object.freeze(reply(picture, ['Content-Type', 'image/png']))
  const made = open(original, page, 'GET', '/a/my%20%3Cplot%3E.png?v=%22')
  const text = await textOf(made)
  assert.ok(text.includes(`<head>${tag}`))
  assert.ok(text.includes('<title>my &lt;plot&gt;.png</title>'))
  assert.ok(text.includes('<img src="./my%20%3Cplot%3E.png?v=%22" alt="">'))
  assert.equal(fieldsOf(made)['content-type'], 'text/html; charset=utf-8')
  assert.match(fieldsOf(made).etag ?? '', /^"abc-live/)
  assert.notEqual(fieldsOf(made).etag, fieldsOf(open(original, page, 'GET', '/b.png')).etag)
  for (const headers of [
    ...['image', 'iframe', 'embed', 'object', 'empty', 'worker'].map((dest) => ['Sec-Fetch-Dest', dest]),
    [],
    ['Accept', 'text/html,*/*'],
    [...page, 'Range', 'bytes=0-1'],
    [...page, 'X-Serve8008', 'no-live'],
  ]) {
    const other = open(original, headers)
    assert.equal(other.body, picture, headers.join())
    assert.equal(fieldsOf(other).etag, '"abc"')
    assert.match(fieldsOf(other).vary ?? '', /^Sec-Fetch-Dest/)
  }
  assert.equal(open(original, page, 'GET', '/?serve8008=no-live').body, picture)
  const head = open(reply(null, ['Content-Type', 'image/png']), page, 'HEAD')
  assert.deepEqual([head.body, fieldsOf(head)['content-type']], [null, 'text/html; charset=utf-8'])
})

test('a text is shown in a frame of a wrapper page when a tab opens it; every other request gets its bytes', async () => {
  for (const type of ['text/markdown; charset=utf-8', 'text/plain; charset=utf-8', 'application/json']) {
    const bytes = Buffer.from('{"a": 1}')
    const original = Object.freeze(reply(bytes, ['Content-Type', type, 'Content-Length', '8']))
    const made = open(original, page, 'GET', '/a/my%20%3Cnotes%3E.md?v=%22')
    const text = await textOf(made)
    assert.ok(text.includes(`<head>${tag}`))
    assert.ok(text.includes('<title>my &lt;notes&gt;.md</title>'))
    assert.ok(text.includes('<iframe src="./my%20%3Cnotes%3E.md?v=%22&amp;serve8008=no-live" autofocus></iframe>'))
    assert.ok(String(await contentOf(open(original, page, 'GET', '/a').body)).includes('"./a?serve8008=no-live"'))
    const { etag, vary: varied, 'content-type': type8, 'content-length': length } = fieldsOf(made)
    assert.match(etag ?? '', /^"abc-live/)
    assert.match(varied ?? '', /^Sec-Fetch-Dest, User-Agent, Referer/)
    assert.deepEqual([type8, length], ['text/html; charset=utf-8', undefined])
    for (const headers of [
      ...['iframe', 'embed', 'object', 'empty', 'script', 'serviceworker'].map((dest) => ['Sec-Fetch-Dest', dest]),
      [],
      ['Accept', 'text/html,*/*'],
      [...page, 'Range', 'bytes=0-1'],
      [...page, 'X-Serve8008', 'no-live'],
    ]) {
      const other = open(original, headers)
      assert.equal(other.body, bytes, headers.join())
      assert.equal(fieldsOf(other).etag, '"abc"')
      assert.match(fieldsOf(other).vary ?? '', /^Sec-Fetch-Dest/)
    }
    for (const [method, target] of [
      ['GET', '/?serve8008=no-live'],
      ['POST', '/'],
    ] as const)
      assert.equal(open(original, page, method, target).body, bytes)
    const download = reply(bytes, ['Content-Type', type, 'Content-Disposition', 'attachment'])
    assert.equal(open(download, page).body, bytes)
    assert.equal(open(reply(bytes, ['Content-Type', type], { relayed: true, injectable: true }), page).body, bytes)
  }
})

// A browser shows a picture whatever its policy. In a wrapper page the policy would apply to the picture, its style and the script.
test('a picture with a policy stays unchanged', () => {
  const picture = Buffer.from('\x89PNG')
  for (const policy of ["default-src 'none'", 'img-src https:', 'sandbox', "style-src 'self'", "script-src 'none'"]) {
    const original = reply(picture, ['Content-Type', 'image/png', 'Content-Security-Policy', policy])
    assert.equal(open(original, page).body, picture, policy)
  }
})

test('closes the file of a picture that gets a wrapper page', async (t) => {
  const file = fileSlice(t, 'png')
  const { fd } = file
  const made = open(reply(file, ['Content-Type', 'image/png']))
  assert.match(await textOf(made), /<img/)
  await closed(fd)
})

test('pages of every status get the script, but not the answer to a form, which a reload would send again', async () => {
  for (const status of [200, 201, 301, 404, 500, 503]) {
    assert.equal(await textOf(open(reply(undefined, [], { status }))), injected)
  }
  assert.doesNotMatch(await textOf(open(reply(), page, 'POST')), /__serve8008/)
  const empty = reply(null)
  assert.equal(open(empty).validators, empty.validators, 'no content, no script')
})

test('a shared page is changed once, and the result is shared', async () => {
  const { inject } = setUp()
  const original = Object.freeze(reply())
  const made = inject(original, request(page))
  assert.ok(Object.isFrozen(made))
  assert.equal(inject(original, request(page)), made)
  assert.equal(inject(original, request(page, 'HEAD')), made)
  const plain = inject(original, request())
  assert.ok(Object.isFrozen(plain))
  assert.equal(inject(original, request()), plain)
  assert.equal(fieldsOf(original).etag, '"abc"')
})

test('HEAD gets the fields of GET', (t) => {
  for (const make of [
    () => reply(),
    () => reply(fileSlice(t, html)),
    () => reply(undefined, ['Content-Security-Policy', "default-src 'nonce-abc'"]),
  ]) {
    const [get, head] = [open(make()), open(make(), page, 'HEAD')]
    assert.deepEqual(head.headers, get.headers)
    assert.equal((head.body as Buffer).length, (get.body as Buffer).length)
    for (const { body } of [get, head]) if (body !== null && 'cancel' in body) body.cancel()
  }
  const bare = open(reply(null, ['Content-Length', '70', 'Content-Encoding', 'gzip']), page, 'HEAD')
  assert.equal(bare.body, null)
  const { etag, 'content-length': length, 'content-encoding': coding, 'accept-ranges': ranges } = fieldsOf(bare)
  assert.match(etag ?? '', /^W\/"abc-live/)
  assert.deepEqual([length, coding, ranges], [undefined, undefined, undefined])
})

test('UTF-16 pages get the tag in their own encoding', async () => {
  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()
  for (const [type, make] of [
    ['text/html; charset=utf-16', (text: string) => Buffer.from(text, 'utf16le')],
    ['text/html;charset="UTF-16LE"', (text: string) => Buffer.from(text, 'utf16le')],
    ['text/html; charset=utf-16be', swapped],
    ['text/html; charset=utf-8', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['text/html', (text: string) => swapped(`\ufeff${text}`)],
    ['application/xhtml+xml', (text: string) => swapped(`<?xml version="1.0"?>${text}`)],
    ['text/html; charset=iso-8859-1', (text: string) => Buffer.from(`${text}é`, 'latin1')],
    ['text/html', (text: string) => Buffer.from(`\ufeff${text}é`)],
  ] as const) {
    const made = open(reply(make(html), ['Content-Type', type]))
    assert.ok((await contentOf(made.body)).equals(make(injected)), type)
  }
})

test('preconditions use the validator of the page with the script', async () => {
  const { inject, state } = setUp()
  const refuse = (error: ServeError): Reply => ({ status: error.status, headers: [], body: null })
  const chain = composeFilters([
    inject,
    createCompression({ floor: 0 }),
    createConditionsAndRanges({ maxRanges: 4, refuse }),
  ])
  const long = html.replace('</body>', `${'<p>x</p>'.repeat(300)}</body>`)
  const original = Object.freeze(reply(Buffer.from(long)))
  const first = (await chain(original, request([...page, 'Accept-Encoding', 'br']))) as Reply
  assert.equal(String(zlib.brotliDecompressSync(await contentOf(first.body))), long.replace('<head>', `<head>${tag}`))
  const { etag = '' } = fieldsOf(first)
  const ask = async (headers: readonly string[]) =>
    ((await chain(original, request([...page, 'Accept-Encoding', 'br', ...headers]))) as Reply).status
  assert.equal(await ask(['If-None-Match', etag]), 304)
  assert.equal(await ask(['If-None-Match', '"abc-br"']), 200, 'the page without the script is another one')
  assert.equal(await ask(['If-Match', '"abc"']), 412)
  const date = new Date(modified).toUTCString()
  assert.equal(await ask(['If-Modified-Since', date]), 200, 'a date says nothing of the script')
  assert.equal(await ask(['If-Modified-Since', date, 'If-None-Match', etag]), 304)
  state.on = false
  assert.equal(await ask(['If-None-Match', etag]), 200, 'and back')
})

test('a large file passes the whole pipeline: compressed, uncompressed, as 304 and as a range', async (t) => {
  const refuse = (error: ServeError): Reply => ({ status: error.status, headers: [], body: null })
  const chain = composeFilters([
    setUp().inject,
    createCompression(),
    createConditionsAndRanges({ maxRanges: 4, refuse }),
  ])
  const rest = '<p>All work and no play</p>'.repeat(10_000)
  const ask = async (headers: readonly string[]) => {
    const file = fileSlice(t, html + rest)
    return { file, made: (await chain(reply(file), request([...page, ...headers]))) as Reply }
  }
  const coded = await ask(['Accept-Encoding', 'gzip'])
  assert.equal(String(zlib.gunzipSync(await contentOf(coded.made.body))), injected + rest)
  const plain = await ask([])
  assert.equal(await textOf(plain.made), injected + rest)
  const known = await ask(['If-None-Match', fieldsOf(plain.made).etag ?? ''])
  assert.deepEqual([known.made.status, known.made.body], [304, null])
  const part = await ask(['Range', 'bytes=0-8'])
  assert.equal(part.made.status, 206)
  assert.equal(fieldsOf(part.made)['content-range'], `bytes 0-8/${html.length + rest.length}`)
  assert.equal(await textOf(part.made), html.slice(0, 9))
  for (const { file } of [coded, plain, known, part]) await closed(file)
})

test('a page without an entity-tag is never revalidated by its date', () => {
  const dated = reply(undefined, [], { validators: { modified } })
  const made = open({ ...dated, headers: dated.headers.filter((_, i) => i !== 2 && i !== 3) })
  assert.equal(made.validators, undefined)
  assert.equal(fieldsOf(made)['last-modified'], undefined)
})

test('a weak entity-tag stays weak, and an invalid one is dropped', () => {
  const weak = open(reply(undefined, [], { validators: { etag: 'W/"abc"' } }))
  assert.match(fieldsOf(weak).etag ?? '', /^W\/"abc-live[0-9a-f]{8}"$/)
  assert.equal(fieldsOf(open(reply(undefined, [], { validators: { etag: 'abc' } }))).etag, undefined)
})

test('the script carries the nonce of a policy, from the header section or from the page', async () => {
  const proved = tag.replace(' async', ' nonce="aB+/=" async')
  const made = open(reply(undefined, ['Content-Security-Policy', "script-src 'nonce-aB+/='"]))
  assert.equal(await textOf(made), html.replace('<head>', `<head>${proved}`))
  assert.notEqual(fieldsOf(made).etag, fieldsOf(open(reply())).etag, 'other bytes, another tag')
  const meta = `<head><meta http-equiv="Content-Security-Policy" content="script-src 'nonce-aB+/='">`
  assert.equal(await textOf(open(reply(Buffer.from(meta)))), meta.replace('<head>', `<head>${proved}`))
})

test('reports a blocking policy once for each path', async (t) => {
  const { inject, blocked } = setUp()
  const strict = Object.freeze(reply(undefined, ['Content-Security-Policy', "script-src 'none'"]))
  const lonely = Object.freeze(reply(undefined, ['Content-Security-Policy', "connect-src 'none'"]))
  for (const path of ['/a', '/a?b', '/b']) {
    assert.equal((inject(strict, request(page, 'GET', path)) as Reply).body, strict.body)
  }
  for (const _ of [1, 2]) assert.equal(await textOf(inject(lonely, request(page, 'GET', '/c')) as Reply), injected)
  const meta = '<head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
  const file = fileSlice(t, meta)
  assert.equal((inject(reply(file), request(page, 'GET', '/d')) as Reply).body, file)
  file.dispose()
  const quiet = reply(undefined, ['Content-Security-Policy', "sandbox; script-src 'none'"])
  assert.equal((inject(quiet, request(page, 'GET', '/e')) as Reply).body, quiet.body)
  await inject(strict, request([], 'GET', '/f'))
  assert.deepEqual(blocked, [
    "/a: script-src 'self'",
    "/b: script-src 'self'",
    "/c: connect-src 'self'",
    "/d: script-src 'self' and connect-src 'self'",
  ])
})

test('a cached verdict holds for its own origin only', () => {
  const { inject } = setUp()
  const original = Object.freeze(reply(undefined, ['Content-Security-Policy', 'default-src localhost:8008']))
  const from = (port: number): Reply => {
    const x = request(page)
    x.authority = { hostname: 'localhost', port, kind: 'name' }
    return inject(original, x) as Reply
  }
  assert.notEqual(from(8008).body, original.body)
  assert.equal(from(8080).body, original.body)
  assert.equal(from(8008), from(8008))
})

test('extends the policies of own pages for the script, but not similar policies', async () => {
  const { inject, blocked } = setUp()
  const error = errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), 'text/html')
  const listing = await listingReply({ path: '/', parent: false, entries: [] }, request(['Accept', 'text/html']))
  const nonces = new Set<string>()
  for (const own of [error, listing]) {
    const made = inject(own, request(page)) as Reply
    const policy = fieldsOf(made)['content-security-policy'] ?? ''
    const [, nonce = ''] = /script-src(?: 'sha256-[^']+')? 'nonce-([^']+)'/.exec(policy) ?? []
    assert.ok((await textOf(made)).includes(`<head>${tag.replace(' async', ` nonce="${nonce}" async`)}`))
    assert.match(policy, /connect-src 'self'/)
    assert.match(policy, /^default-src 'none'; style-src 'sha256-/, 'the rest stays')
    nonces.add(nonce)
    const fetched = inject(own, request()) as Reply
    assert.equal(fieldsOf(fetched)['content-security-policy'], fieldsOf(own)['content-security-policy'])
  }
  assert.equal(nonces.size, 1)
  assert.notEqual(fieldsOf(open(error))['content-security-policy']?.includes([...nonces][0] as string), true)
  assert.deepEqual(blocked, [])
  const policy = `${fieldsOf(error)['content-security-policy']};`
  const alike = reply(undefined, ['Content-Security-Policy', policy])
  const made = inject(alike, request(page)) as Reply
  assert.equal(made.body, alike.body)
  assert.equal(blocked.length, 1)
})

test('a large file is sent with the script and its exact length, and closed', async (t) => {
  const rest = 'é'.repeat(200_000)
  const file = fileSlice(t, html + rest)
  const made = open(reply(file))
  assert.equal((made.body as { length?: number }).length, Buffer.byteLength(injected + rest))
  const { etag, 'accept-ranges': ranges } = fieldsOf(made)
  assert.match(etag ?? '', /^W\/"abc-live/)
  assert.equal(ranges, undefined)
  assert.equal(await textOf(made), injected + rest)
  await closed(file)
})

test('closes a file that is not sent, or whose reply is aborted', async (t) => {
  const cancelled = fileSlice(t, html)
  const { body } = open(reply(cancelled), page, 'HEAD')
  if (body !== null && 'cancel' in body) body.cancel()
  await closed(cancelled)
  const broken = fileSlice(t, html + 'x'.repeat(200_000))
  await assert.rejects(contentOf(open(reply(broken)).body, AbortSignal.abort(new Error('gone'))), /gone/)
  await closed(broken)
})

test('a file without a place for the script is sent as a file', (t) => {
  const file = fileSlice(t, `<!-- ${'x'.repeat(100_000)} --><html>`)
  const made = open(reply(file))
  assert.ok(made.body instanceof FileSlice)
  assert.equal(fieldsOf(made)['accept-ranges'], 'bytes')
  assert.equal(fieldsOf(made).etag, '"abc"')
  file.dispose()
})
