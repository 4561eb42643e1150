import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { rawGet, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const text = 'compress me, please. '.repeat(400)

const started = await startServer({
  'nums.txt': '123456789',
  'text.txt': text,
  'photo.png': Buffer.alloc(5000, 7),
  'large.css': text.repeat(200),
  'side.js': 'let original',
  'side.js.gz': gzipSync('let original'),
  'index.html': '<p>home</p>',
  'noindex/<img src=x onerror=alert(1)>.txt': 'x',
  'noindex/a#b?c%d.txt': 'odd',
})
const old = new Date('2021-03-04T05:06:07Z')
await utimes(started.folder.join('nums.txt'), old, old)
const plain = await rawGet(started.port, '/nums.txt')
after(() => started[Symbol.asyncDispose]())

const get = (target: string, ...lines: string[]): Promise<RawReply> => rawGet(started.port, target, lines)

test('a file has all fields that clients need', () => {
  assert.equal(plain.field('content-type'), 'text/plain; charset=utf-8')
  assert.equal(plain.field('content-length'), '9')
  assert.equal(plain.field('accept-ranges'), 'bytes')
  assert.equal(plain.field('cache-control'), 'no-cache')
  assert.equal(plain.field('x-content-type-options'), 'nosniff')
  assert.equal(plain.field('last-modified'), 'Thu, 04 Mar 2021 05:06:07 GMT')
  assert.match(plain.field('etag'), /^"[\w-]+"$/)
})

for (const [range, status, content, contentRange] of [
  ['bytes=0-4', 206, '12345', 'bytes 0-4/9'],
  ['bytes=3-', 206, '456789', 'bytes 3-8/9'],
  ['bytes=-3', 206, '789', 'bytes 6-8/9'],
  ['bytes=-99', 206, '123456789', 'bytes 0-8/9'],
  ['bytes=8-8', 206, '9', 'bytes 8-8/9'],
  ['bytes=0-0', 206, '1', 'bytes 0-0/9'],
  ['bytes=2-50', 206, '3456789', 'bytes 2-8/9'],
  ['bytes=9-', 416, undefined, 'bytes */9'],
  ['bytes=-0', 416, undefined, 'bytes */9'],
  ['bytes=99999999999999999999-', 416, undefined, 'bytes */9'],
  ['bytes=5-2', 200, '123456789', ''],
  ['bytes=a-b', 200, '123456789', ''],
  ['items=0-4', 200, '123456789', ''],
  ['bytes', 200, '123456789', ''],
  ['bytes=', 200, '123456789', ''],
] as const) {
  test(`Range: ${range} is ${status}`, async () => {
    const reply = await get('/nums.txt', `Range: ${range}`)
    assert.equal(reply.status, status)
    assert.equal(reply.field('content-range'), contentRange)
    if (content !== undefined) assert.equal(reply.body.toString(), content)
  })
}

test('several ranges come as one multipart message with its exact length', async () => {
  const reply = await get('/nums.txt', 'Range: bytes=0-0,4-5,-1')
  assert.equal(reply.status, 206)
  const [, boundary = ''] = /^multipart\/byteranges; boundary=(\S+)$/.exec(reply.field('content-type')) ?? []
  const parts = reply.body.toString().split(`--${boundary}`)
  assert.equal(parts.length, 5)
  assert.deepEqual(
    parts.slice(1, 4).map((part) => part.split('\r\n\r\n')[1]?.trimEnd()),
    ['1', '56', '9'],
  )
  assert.equal(Number(reply.field('content-length')), reply.body.length)
})

test('preconditions follow their order of precedence', async () => {
  const etag = plain.field('etag')
  const date = plain.field('last-modified')
  const before = 'Sat, 01 Jan 2000 00:00:00 GMT'
  const cases: readonly (readonly [number, ...string[]])[] = [
    [304, `If-None-Match: ${etag}`],
    [304, `If-None-Match: W/${etag}`],
    [304, `If-None-Match: "x", ${etag}`],
    [304, 'If-None-Match: *'],
    [200, 'If-None-Match: "x"'],
    [304, `If-Modified-Since: ${date}`],
    [200, `If-Modified-Since: ${before}`],
    [200, 'If-None-Match: "x"', `If-Modified-Since: ${date}`],
    [200, `If-Match: ${etag}`],
    [200, 'If-Match: *'],
    [412, 'If-Match: "x"'],
    [412, `If-Match: W/${etag}`],
    [412, `If-Unmodified-Since: ${before}`],
    [200, `If-Unmodified-Since: ${date}`],
    [200, `If-Match: ${etag}`, `If-Unmodified-Since: ${before}`],
    [412, 'If-Match: "x"', `If-None-Match: ${etag}`],
    [304, `If-None-Match: ${etag}`, 'Range: bytes=0-1'],
    [206, `If-Range: ${etag}`, 'Range: bytes=0-1'],
    [206, `If-Range: ${date}`, 'Range: bytes=0-1'],
    [200, 'If-Range: "x"', 'Range: bytes=0-1'],
    [200, `If-Range: W/${etag}`, 'Range: bytes=0-1'],
    [200, 'If-Range: not a date', 'Range: bytes=0-1'],
  ]
  for (const [status, ...lines] of cases)
    assert.equal((await get('/nums.txt', ...lines)).status, status, lines.join(' + '))
})

test('a 304 has the validators and no fields about the content', async () => {
  const reply = await get('/nums.txt', `If-None-Match: ${plain.field('etag')}`)
  assert.equal(reply.field('etag'), plain.field('etag'))
  assert.equal(reply.field('cache-control'), 'no-cache')
  assert.equal(reply.field('content-type'), '')
  assert.equal(reply.field('content-length'), '')
})

test('text is compressed by the preference of the client, each coding with its own tag', async () => {
  const identity = await get('/text.txt')
  assert.equal(identity.field('content-encoding'), '')
  const seen = new Set([identity.field('etag')])
  for (const [accept, coding, decode] of [
    ['gzip', 'gzip', gunzipSync],
    ['gzip, br', 'br', brotliDecompressSync],
    ['br;q=0.5, gzip;q=0.8', 'gzip', gunzipSync],
    ['gzip;q=0, br', 'br', brotliDecompressSync],
  ] as const) {
    const reply = await get('/text.txt', `Accept-Encoding: ${accept}`)
    assert.equal(reply.field('content-encoding'), coding)
    assert.equal(decode(reply.body).toString(), text)
    assert.match(reply.field('vary'), /accept-encoding/i)
    seen.add(reply.field('etag'))
    const again = await get('/text.txt', `Accept-Encoding: ${accept}`, `If-None-Match: ${reply.field('etag')}`)
    assert.equal(again.status, 304)
  }
  assert.equal(seen.size, 3)
  assert.match(identity.field('vary'), /accept-encoding/i)
})

test('small, compressed and refused content is sent without coding', async () => {
  for (const [target, accept] of [
    ['/text.txt', 'gzip;q=0'],
    ['/text.txt', 'identity'],
    ['/nums.txt', 'gzip, br'],
    ['/photo.png', 'gzip, br'],
  ] as const) {
    assert.equal((await get(target, `Accept-Encoding: ${accept}`)).field('content-encoding'), '', target)
  }
})

test('a large text is compressed while it is sent', async () => {
  const reply = await get('/large.css', 'Accept-Encoding: gzip')
  assert.equal(gunzipSync(reply.body).toString(), text.repeat(200))
  assert.doesNotMatch(reply.field('etag'), /^"/)
})

test('a range is one of the file without coding, for any Accept-Encoding', async () => {
  for (const target of ['/text.txt', '/large.css']) {
    const reply = await get(target, 'Range: bytes=0-9', 'Accept-Encoding: gzip, br')
    assert.equal(reply.status, 206)
    assert.equal(reply.field('content-encoding'), '')
    assert.equal(reply.body.toString(), text.slice(0, 10))
  }
})

test('a precompressed file is sent until its file is newer', async () => {
  const fresh = await get('/side.js', 'Accept-Encoding: gzip')
  assert.equal(fresh.field('content-encoding'), 'gzip')
  assert.equal(fresh.field('content-type'), 'text/javascript; charset=utf-8')
  assert.equal(gunzipSync(fresh.body).toString(), 'let original')
  await writeFile(started.folder.join('side.js'), 'let changed!')
  const later = new Date(Date.now() + 5000)
  await utimes(started.folder.join('side.js'), later, later)
  const stale = await get('/side.js', 'Accept-Encoding: gzip')
  assert.equal(stale.body.toString(), 'let changed!')
})

test('hostile names in a listing are escaped and encoded', async () => {
  const html = (await get('/noindex/', 'Accept: text/html')).body.toString()
  assert.doesNotMatch(html, /<img src=x/)
  assert.match(html, /href="\.\/a%23b%3Fc%25d\.txt"/)
  const json = await get('/noindex/', 'Accept: application/json')
  assert.match(json.field('content-type'), /^application\/json/)
  assert.match(json.body.toString(), /onerror/)
  assert.equal((await get('/noindex/a%23b%3Fc%25d.txt')).body.toString(), 'odd')
})

test('a single-page app answers navigations, and missing assets are 404', async () => {
  await using other = await startServer({ 'index.html': 'app', 'real.js': 'js' }, { single: true, live: false })
  const navigate = ['Accept: text/html', 'Sec-Fetch-Mode: navigate']
  assert.equal((await rawGet(other.port, '/users/7', navigate)).body.toString(), 'app')
  assert.equal((await rawGet(other.port, '/real.js', navigate)).body.toString(), 'js')
  assert.equal((await rawGet(other.port, '/missing.js', ['Accept: */*', 'Sec-Fetch-Mode: no-cors'])).status, 404)
  assert.equal((await rawGet(other.port, '/missing.js', navigate)).status, 404)
  assert.equal((await rawGet(other.port, '/api/users', ['Accept: application/json'])).status, 404)
})

test("the site's own 404 page is sent with 404", async () => {
  await using other = await startServer({ '404.html': 'my own', 'index.html': 'home' }, { live: false })
  const reply = await rawGet(other.port, '/missing', ['Accept: text/html'])
  assert.equal(reply.status, 404)
  assert.equal(reply.body.toString(), 'my own')
})
