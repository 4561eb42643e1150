import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createConditionsAndRanges } from '../../../src/middleware/conditions-and-ranges.ts'
import { FileSlice } from '../../../src/http/body/file.ts'
import { formatHttpDate } from '../../../src/http/message/date.ts'
import { textReply, type Body, type Reply, type Source } from '../../../src/http/message/reply.ts'
import { closed, contentOf, fieldsOf, fileSlice, request, sliceOf } from './fixtures.ts'

const modified = Date.UTC(2024, 4, 1, 12)
const etag = '"v1"'
const codes: string[] = []
const filter = createConditionsAndRanges({
  maxRanges: 4,
  refuse(error) {
    codes.push(error.code)
    return textReply(error.status, error.message, [...error.headers, 'Cache-Control', 'no-store'])
  },
})

function whole(body: Body = Buffer.from('123456789'), extra: readonly string[] = []): Reply {
  return {
    status: 200,
    headers: [
      Object.entries({
        'Content-Type': 'text/plain; charset=utf-8',
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-cache',
        ETag: etag,
        'Last-Modified': formatHttpDate(modified),
        'Accept-Ranges': 'bytes',
        Vary: 'Accept-Encoding',
      }),
      extra,
    ].flat(2),
    body,
    validators: { etag, modified },
  }
}

function run(reply: Reply, headers: readonly string[], method?: string): Reply {
  return filter(reply, request(headers, method)) as Reply
}

test('a request without conditions or ranges gets the same object', () => {
  const reply = whole()
  assert.equal(run(reply, ['Host', 'localhost', 'Accept', '*/*', 'Accept-Encoding', 'gzip', 'Referer', 'x']), reply)
})

test('replies without a whole representation are unchanged', () => {
  for (const reply of [
    { ...whole(), validators: undefined },
    { ...whole(), status: 404 },
  ]) {
    assert.equal(run(reply, ['If-None-Match', '*', 'Range', 'bytes=0-1']), reply)
  }
})

test('a method that has already acted gets no 412', () => {
  const reply = whole()
  for (const method of ['POST', 'PUT', 'DELETE']) assert.equal(run(reply, ['If-Match', '"other"'], method), reply)
})

test('a 304 has the fields that caches need and none about the content', () => {
  const extra = [
    'Access-Control-Allow-Origin',
    '*',
    'Content-Length',
    '9',
    'Content-Language',
    'en',
    'Set-Cookie',
    'a=b',
  ]
  const reply = run(whole(Buffer.from('x'), [...extra, 'Repr-Digest', 'x', 'Expires', 'x', 'Content-Location', '/x']), [
    'If-None-Match',
    etag,
  ])
  assert.equal(reply.status, 304)
  assert.equal(reply.body, null)
  assert.equal(reply.validators, undefined)
  assert.deepEqual(Object.keys(fieldsOf(reply)).toSorted(), [
    'access-control-allow-origin',
    'cache-control',
    'content-location',
    'etag',
    'expires',
    'set-cookie',
    'vary',
    'x-content-type-options',
  ])
})

test('a 304 without an entity-tag keeps Last-Modified', () => {
  const reply = { ...whole(), headers: ['Last-Modified', 'x', 'Content-Type', 'y'], validators: { modified } }
  assert.deepEqual(run(reply, ['If-Modified-Since', formatHttpDate(modified)]).headers, ['Last-Modified', 'x'])
})

test('a 304 answers HEAD too, and takes precedence over ranges', () => {
  assert.equal(run(whole(), ['If-None-Match', etag], 'HEAD').status, 304)
  assert.equal(run(whole(), ['If-None-Match', etag, 'Range', 'bytes=99-']).status, 304)
})

test('a failed precondition is a 412 with the security and CORS fields of the reply', () => {
  codes.length = 0
  const reply = run(whole(undefined, ['Access-Control-Allow-Origin', '*']), [
    'If-Match',
    '"other"',
    'Range',
    'bytes=99-',
  ])
  assert.deepEqual(codes, ['E8008_PRECONDITION'])
  assert.equal(reply.status, 412)
  assert.deepEqual(Object.keys(fieldsOf(reply)).toSorted(), [
    'access-control-allow-origin',
    'cache-control',
    'content-type',
    'vary',
    'x-content-type-options',
  ])
  assert.equal(fieldsOf(reply)['cache-control'], 'no-store')
})

test('a range of content in memory', async () => {
  const reply = run(whole(undefined, ['Content-Digest', 'x']), ['Range', 'bytes=2-5'])
  assert.equal(reply.status, 206)
  assert.equal(String(await contentOf(reply.body)), '3456')
  assert.equal(reply.validators, undefined)
  const { 'content-digest': digest, ...fields } = fieldsOf(reply)
  assert.equal(digest, undefined)
  assert.deepEqual(fields, { ...fieldsOf(whole()), 'content-range': 'bytes 2-5/9' })
})

test('a long range of a file narrows the slice, counted from where the slice starts', async (t) => {
  const file = fileSlice(t, `abc${'1'.repeat(70_000)}`)
  const { body } = run(whole(file.narrow(3, 70_000)), ['Range', 'bytes=-65537'])
  assert.ok(body instanceof FileSlice)
  assert.deepEqual([body.fd, body.start, body.length], [file.fd, 4466, 65_537])
  body.dispose()
  await closed(file)
})

test('a short range of a file is read, counted from where the slice starts, and the file is closed', async (t) => {
  const file = fileSlice(t, 'abc123456789')
  const { body } = run(whole(file.narrow(3, 9)), ['Range', 'bytes=-3'])
  assert.equal(String(await contentOf(body)), '789')
  await closed(file)
})

test('a short range that cannot be read whole stays a slice, whose sending fails', async (t) => {
  const file = fileSlice(t, 'abc')
  const { body } = run(whole(file.narrow(0, 9)), ['Range', 'bytes=1-7'])
  assert.ok(body instanceof FileSlice)
  assert.deepEqual([body.start, body.length], [1, 7])
  body.dispose()
  await closed(file)
})

test('a shared reply has one 304', () => {
  const reply = Object.freeze(whole())
  const ask = (): Reply => run(reply, ['If-None-Match', etag])
  assert.equal(ask().status, 304)
  assert.equal(ask(), ask())
})

test('HEAD ignores Range', () => {
  const reply = whole()
  assert.equal(run(reply, ['Range', 'bytes=0-1'], 'HEAD'), reply)
})

test('If-Range decides whether Range applies', () => {
  const reply = whole()
  assert.equal(run(reply, ['Range', 'bytes=0-1', 'If-Range', etag]).status, 206)
  assert.equal(run(reply, ['Range', 'bytes=0-1', 'If-Range', formatHttpDate(modified)]).status, 206)
  assert.equal(run(reply, ['Range', 'bytes=0-1', 'If-Range', '"other"']), reply)
  assert.equal(run(reply, ['Range', 'bytes=99-', 'If-Range', '"other"']), reply)
})

test('ranges that may be ignored leave the reply unchanged', () => {
  const reply = whole()
  for (const range of ['items=0-1', 'bytes=5-2', 'junk', 'bytes=0-0,2-2,4-4,6-6,8-8']) {
    assert.equal(run(reply, ['Range', range]), reply)
  }
})

test('two Range fields are one set', () => {
  const reply = run(whole(), ['Range', 'bytes=0-1', 'Range', '2-3'])
  assert.equal(fieldsOf(reply)['content-range'], 'bytes 0-3/9')
})

test('content of unknown length has no ranges', () => {
  const reply = whole(new PassThrough())
  assert.equal(run(reply, ['Range', 'bytes=0-1']), reply)
})

test('an unsatisfiable range is a 416 with the length', () => {
  codes.length = 0
  const reply = run(whole(), ['Range', 'bytes=9-'])
  assert.deepEqual(codes, ['E8008_RANGE'])
  assert.equal(reply.status, 416)
  assert.equal(fieldsOf(reply)['content-range'], 'bytes */9')
  assert.equal(fieldsOf(reply)['etag'], undefined)
})

/** Parses a multipart body (RFC 2046 section 5.1.1). */
function parts(reply: Reply, content: Buffer): { fields: string[]; bytes: string }[] {
  const boundary = /^multipart\/byteranges; boundary=([\w]+)$/.exec(fieldsOf(reply)['content-type'] ?? '')?.[1]
  const sections = `\r\n${content.toString('latin1')}`.split(`\r\n--${boundary}`)
  assert.equal(sections.shift(), '')
  assert.equal(sections.pop(), '--\r\n')
  return sections.map((section) => {
    const end = section.indexOf('\r\n\r\n')
    return { fields: section.slice(2, end).split('\r\n'), bytes: section.slice(end + 4) }
  })
}

const expectedParts = [
  { fields: ['Content-Type: text/plain; charset=utf-8', 'Content-Range: bytes 7-8/9'], bytes: '89' },
  { fields: ['Content-Type: text/plain; charset=utf-8', 'Content-Range: bytes 0-1/9'], bytes: '12' },
]

test('several ranges of content in memory are multipart, in the order asked for, of exact length', async () => {
  const reply = run(whole(), ['Range', 'bytes=-2,0-1'])
  assert.equal(reply.status, 206)
  assert.equal(fieldsOf(reply)['content-range'], undefined)
  const content = await contentOf(reply.body)
  assert.equal((reply.body as Source).length, content.length)
  assert.deepEqual(parts(reply, content), expectedParts)
})

test('several ranges of a file are multipart, and the file is closed', async (t) => {
  const file = fileSlice(t, '123456789')
  const reply = run(whole(file), ['Range', 'bytes=-2,0-1'])
  const content = await contentOf(reply.body)
  assert.equal((reply.body as Source).length, content.length)
  assert.deepEqual(parts(reply, content), expectedParts)
  await closed(file)
})

test('parts of content without a type have none', async () => {
  const reply = run({ ...whole(), headers: [] }, ['Range', 'bytes=0-0,2-2'])
  assert.deepEqual(parts(reply, await contentOf(reply.body))[0]?.fields, ['Content-Range: bytes 0-0/9'])
})

test('a file that became shorter breaks the multipart reply and is closed', async (t) => {
  const file = fileSlice(t, '123456789')
  const { body } = run(whole(sliceOf(file.fd, 100)), ['Range', 'bytes=0-1,50-60'])
  await assert.rejects(contentOf(body), { code: 'E8008_INTERNAL' })
  await closed(file)
})

test('a client that disconnects ends the multipart reply and closes the file', async (t) => {
  const file = fileSlice(t, Buffer.alloc(400_000))
  const { body } = run(whole(file), ['Range', 'bytes=0-300000,350000-360000'])
  const left = new AbortController()
  let chunks = 0
  const write = (): void => {
    if (++chunks === 2) left.abort()
  }
  await assert.rejects((body as Source).pull({ write }, left.signal), { name: 'AbortError' })
  assert.equal(chunks, 2)
  await closed(file)
})

test('a multipart reply that is not needed closes the file', async (t) => {
  const file = fileSlice(t, '123456789')
  const { body } = run(whole(file), ['Range', 'bytes=0-1,5-6'])
  ;(body as Source).cancel()
  await closed(file)
})

test('a body that is not sent is released', async (t) => {
  const refused = fileSlice(t, '123')
  run(whole(refused), ['If-Match', '"other"'])
  await closed(refused)
  const fresh = fileSlice(t, '123')
  run(whole(fresh), ['If-None-Match', '*'])
  await closed(fresh)
  const unsatisfiable = fileSlice(t, '123')
  run(whole(unsatisfiable), ['Range', 'bytes=3-'])
  await closed(unsatisfiable)
  const stream = new PassThrough()
  run(whole(stream), ['If-None-Match', '*'])
  assert.ok(stream.destroyed)
  let cancelled = 0
  run(whole({ pull: () => Promise.reject(new Error('pulled')), cancel: () => cancelled++ }), ['If-None-Match', '*'])
  assert.equal(cancelled, 1)
})
