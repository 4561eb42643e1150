import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { contentCodings, createCompression } from '../../../src/middleware/compression.ts'
import { createConditionsAndRanges } from '../../../src/middleware/conditions-and-ranges.ts'
import type { ContentCoding } from '../../../src/http/semantics/negotiate.ts'
import { textReply, type Body, type Reply, type Source } from '../../../src/http/message/reply.ts'
import { closed, contentOf, fieldsOf, fileSlice, request, sliceOf } from './fixtures.ts'

const text = 'All work and no play makes Jack a dull boy.\n'.repeat(200)
const modified = Date.UTC(2024, 4, 1)

type Decode = (content: Uint8Array) => Buffer
const decoders: Record<ContentCoding, Decode> = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  // The types of the oldest supported Node lack it.
  zstd: (zlib as unknown as { zstdDecompressSync: Decode }).zstdDecompressSync,
}

function reply(body: Body = Buffer.from(text), changed: Partial<Reply> = {}, fields: readonly string[] = []): Reply {
  return Object.freeze({
    status: 200,
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'ETag', '"v1"', 'Accept-Ranges', 'bytes', ...fields],
    body,
    validators: { etag: '"v1"', modified },
    ...changed,
  })
}

const accepting = (coding: string, ...more: string[]) => request(['Accept-Encoding', coding, ...more])

for (const coding of contentCodings) {
  test(`${coding}: content in memory is compressed once, with another tag`, async () => {
    const compress = createCompression()
    const original = reply(undefined, {}, ['Content-Length', '9', 'Content-Digest', 'x'])
    const pending = compress(original, accepting(coding))
    assert.ok(pending instanceof Promise, 'the event loop is free meanwhile')
    const [made, together] = await Promise.all([pending, compress(original, accepting(coding))])
    assert.equal(together, made, 'requests at the same time share the work')
    assert.deepEqual(fieldsOf(made), {
      'content-type': 'text/plain; charset=utf-8',
      'content-encoding': coding,
      etag: `"v1-${coding}"`,
      vary: 'Accept-Encoding',
    })
    assert.deepEqual(made.validators, { etag: `"v1-${coding}"`, modified })
    assert.ok(made.body instanceof Uint8Array)
    assert.equal(String(decoders[coding](made.body)), text)
    assert.equal(compress(original, accepting(coding)), made, 'later requests get it at once')
    assert.equal(fieldsOf(original).etag, '"v1"', 'the shared reply is untouched')
  })

  test(`${coding}: a file is compressed as it is sent, with a weak tag, and closed`, async (t) => {
    const content = Buffer.from(text.repeat(50))
    const file = fileSlice(t, content)
    const made = await createCompression()(reply(file), accepting(coding))
    assert.deepEqual(fieldsOf(made), {
      'content-type': 'text/plain; charset=utf-8',
      'content-encoding': coding,
      etag: `W/"v1-${coding}"`,
      vary: 'Accept-Encoding',
    })
    assert.equal(made.validators?.etag, `W/"v1-${coding}"`)
    assert.equal((made.body as Source).length, undefined)
    assert.ok(decoders[coding](await contentOf(made.body)).equals(content))
    await closed(file)
  })

  test(`${coding}: bytes from before a pause of a stream arrive`, async () => {
    const stream = new PassThrough()
    const made = await createCompression()(reply(stream, { validators: undefined }), accepting(coding))
    const output = new PassThrough()
    const sent = (made.body as Source).pull(
      { write: (chunk) => void output.write(chunk) },
      new AbortController().signal,
    )
    const decoder = { br: zlib.createBrotliDecompress, gzip: zlib.createGunzip, zstd: zstdDecoder }[coding]()
    output.pipe(decoder)
    for (const line of ['one\n', 'two\n']) {
      stream.write(line)
      const [chunk] = (await once(decoder, 'data')) as [Buffer]
      assert.equal(String(chunk), line)
    }
    stream.end()
    await sent
  })
}

function zstdDecoder(): NodeJS.ReadWriteStream {
  return (zlib as unknown as { createZstdDecompress(): NodeJS.ReadWriteStream }).createZstdDecompress()
}

test('a source is compressed while it writes', async () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}\n`)
  const source: Source = {
    async pull(sink) {
      for (const line of lines) await sink.write(Buffer.from(line))
    },
    cancel: () => assert.fail('it was pulled'),
  }
  const made = await createCompression()(reply(source), accepting('gzip'))
  assert.equal(String(zlib.gunzipSync(await contentOf(made.body))), lines.join(''))
})

test('a source may reuse its buffer after a chunk is written', async () => {
  const memory = Buffer.alloc(400)
  const letters = ['a', 'b', 'c', 'd']
  const body: Source = {
    async pull(sink) {
      for (const letter of letters) await sink.write(memory.fill(letter))
    },
    cancel: () => assert.fail('it was pulled'),
  }
  const made = createCompression()(reply(body), accepting('gzip')) as Reply
  const expected = letters.map((letter) => letter.repeat(400)).join('')
  assert.equal(zlib.gunzipSync(await contentOf(made.body)).toString(), expected)
})

test('every compressible reply names Accept-Encoding in Vary, also uncompressed and small', () => {
  const compress = createCompression()
  for (const [original, x] of [
    [reply(), request()],
    [reply(), accepting('identity')],
    [reply(Buffer.from('small')), accepting('br')],
    [reply(), accepting('br', 'Range', 'bytes=0-1')],
  ] as const) {
    const made = compress(original, x) as Reply
    assert.equal(made.body, original.body)
    assert.deepEqual(fieldsOf(made), { ...fieldsOf(original), vary: 'Accept-Encoding' })
    assert.equal(compress(original, x), made, 'the same reply each time')
  }
})

test('Vary is added to, not replaced', () => {
  const made = createCompression()(reply(undefined, {}, ['Vary', 'Origin']), request()) as Reply
  assert.equal(fieldsOf(made)['vary'], 'Origin, Accept-Encoding')
})

test('replies that must not or need not be compressed are unchanged', () => {
  const compress = createCompression()
  const typed = (type: string, ...more: string[]): Reply =>
    reply(undefined, { headers: ['Content-Type', type, ...more] })
  for (const original of [
    typed('image/png'),
    typed('text/event-stream'),
    typed('text/plain', 'Content-Encoding', 'gzip'),
    typed('text/plain', 'Cache-Control', 'public, no-transform'),
    reply(undefined, { headers: [] }),
    reply(undefined, { status: 206 }),
    reply(null, { status: 304 }),
  ]) {
    assert.equal(compress(original, accepting('br')), original)
  }
})

test('an error page of some size is compressed too', async () => {
  const made = await createCompression()(reply(undefined, { status: 404, validators: undefined }), accepting('gzip'))
  assert.equal(fieldsOf(made)['content-encoding'], 'gzip')
  assert.equal(made.status, 404)
  assert.equal(made.validators, undefined)
})

test('the floor counts bytes', async () => {
  const compress = createCompression({ floor: 10 })
  assert.equal(
    fieldsOf(await compress(reply(Buffer.from('a'.repeat(9))), accepting('gzip')))['content-encoding'],
    undefined,
  )
  const made = await compress(reply(Buffer.from('a'.repeat(40))), accepting('gzip'))
  assert.equal(fieldsOf(made)['content-encoding'], 'gzip')
})

test('content that does not shrink is sent without coding', async () => {
  const compress = createCompression()
  const original = reply(randomBytes(4096))
  const made = await compress(original, accepting('gzip'))
  assert.equal(made.body, original.body)
  assert.equal(fieldsOf(made)['etag'], '"v1"')
  assert.equal(compress(original, accepting('gzip')), made)
})

test('a client that refuses the identity gets a coding, also of a small reply', async () => {
  const compress = createCompression()
  for (const original of [reply(Buffer.from('small')), reply(randomBytes(4096))]) {
    for (const fields of [[], ['Range', 'bytes=0-1']]) {
      const made = await compress(original, accepting('gzip, identity;q=0', ...fields))
      assert.ok(zlib.gunzipSync(made.body as Uint8Array).equals(original.body as Uint8Array))
    }
  }
})

test('a variant for a client that refuses the identity is kept, and sent only to such clients if it is not smaller', async () => {
  const compress = createCompression()
  const forced = accepting('gzip, identity;q=0')
  for (const content of [Buffer.from('small'), randomBytes(4096)]) {
    for (const first of ['gzip', 'gzip, identity;q=0']) {
      const original = reply(content)
      await compress(original, accepting(first))
      const made = await compress(original, forced)
      assert.equal(fieldsOf(made)['content-encoding'], 'gzip')
      assert.equal(compress(original, forced), made, 'not compressed again')
      assert.equal((await compress(original, accepting('gzip'))).body, content)
    }
  }
})

test('content in memory counts too while it is compressed', async () => {
  const compress = createCompression({ streams: 1 })
  const pending = compress(reply(), accepting('gzip'))
  for (const field of ['gzip', 'gzip, identity;q=0']) {
    assert.equal(fieldsOf(await compress(reply(), accepting(field)))['content-encoding'], undefined)
  }
  await pending
  assert.equal(fieldsOf(await compress(reply(), accepting('gzip')))['content-encoding'], 'gzip')
})

test('a client that accepts nothing gets the identity', () => {
  const original = reply()
  assert.equal((createCompression()(original, accepting('*;q=0')) as Reply).body, original.body)
})

test('replies that are not shared are compressed too, and not kept', async () => {
  const compress = createCompression()
  const own = { ...reply() }
  const first = await compress(own, accepting('gzip'))
  const second = await compress(own, accepting('gzip'))
  assert.notEqual(first, second)
  assert.deepEqual(first.body, second.body)
})

test('a weak tag stays weak, and a reply without one gets none', async () => {
  const compress = createCompression()
  const weak = reply(undefined, { headers: ['Content-Type', 'text/css'], validators: { etag: 'W/"v1"' } })
  assert.equal((await compress(weak, accepting('gzip'))).validators?.etag, 'W/"v1-gzip"')
  const file = reply(Readable.from([Buffer.from(text)]), {
    headers: ['Content-Type', 'text/css'],
    validators: { modified },
  })
  const made = await compress(file, accepting('gzip'))
  assert.equal(fieldsOf(made)['etag'], undefined)
  assert.deepEqual(made.validators, { modified, etag: undefined })
  assert.equal(String(zlib.gunzipSync(await contentOf(made.body))), text)
})

test('with preconditions behind it, the tag of each variant is answered with 304', async (t) => {
  const compress = createCompression()
  const answer = createConditionsAndRanges({ maxRanges: 4, refuse: (error) => textReply(error.status, error.message) })
  const original = reply()
  for (const [coding, etag, status] of [
    ['gzip', '"v1-gzip"', 304],
    ['br', '"v1-br"', 304],
    ['identity', '"v1"', 304],
    ['gzip', '"v1"', 200],
    ['identity', '"v1-gzip"', 200],
  ] as const) {
    const x = accepting(coding, 'If-None-Match', etag)
    const selected = (await answer(await compress(original, x), x)) as Reply
    assert.equal(selected.status, status, `${coding} ${etag}`)
    assert.equal(fieldsOf(selected)['vary'], 'Accept-Encoding')
  }
  const file = fileSlice(t, text)
  const x = accepting('br', 'If-None-Match', 'W/"v1-br"')
  assert.equal(((await answer(await compress(reply(file), x), x)) as Reply).status, 304)
  await closed(file)
})

test('the number of compressed streams is bounded, and each is released once', () => {
  const compress = createCompression({ streams: 1 })
  const make = (field = 'gzip') => compress(reply(Readable.from([Buffer.from(text)])), accepting(field)) as Reply
  const isEncoded = (made: Reply): boolean => fieldsOf(made)['content-encoding'] === 'gzip'
  const free = (made: Reply): void => (made.body as Source).cancel()

  const first = make()
  assert.ok(isEncoded(first))
  assert.ok(!isEncoded(make()), 'no place')
  assert.ok(!isEncoded(make('gzip, identity;q=0')), 'nor for a client that takes nothing else')
  free(first)
  free(first)
  const second = make()
  assert.ok(isEncoded(second))
  assert.ok(!isEncoded(make()), 'one place was given back, not two')
})

test('a stream is released after its end and after an error', async () => {
  const compress = createCompression({ streams: 1 })
  const make = (body: Body) => compress(reply(body), accepting('gzip')) as Reply
  await contentOf(make(Readable.from([Buffer.from(text)])).body)
  const broken = make(new Readable({ read: () => {}, construct: (done) => done(new Error('broken')) }))
  assert.equal(fieldsOf(broken)['content-encoding'], 'gzip')
  await assert.rejects(contentOf(broken.body), /broken/)
  assert.equal(fieldsOf(make(Readable.from([])))['content-encoding'], 'gzip')
})

test('a client that disconnects ends the compression and closes the file', async (t) => {
  const file = fileSlice(t, randomBytes(2_000_000).toString('hex'))
  const { body } = createCompression()(reply(file), accepting('gzip')) as Reply
  const left = new AbortController()
  const write = (): void => left.abort()
  await assert.rejects((body as Source).pull({ write }, left.signal), { name: 'AbortError' })
  await closed(file)
})

test('a client that has already disconnected costs nothing', async (t) => {
  const file = fileSlice(t, text)
  const { body } = createCompression()(reply(file), accepting('gzip')) as Reply
  await assert.rejects(contentOf(body, AbortSignal.abort()), { name: 'AbortError' })
  await closed(file)
})

test('a client that disconnects while a source pauses ends the source', async () => {
  const left = new AbortController()
  const source: Source = {
    async pull(sink, signal) {
      await sink.write(Buffer.from('one'))
      left.abort()
      await once(signal, 'abort')
      throw new Error('the client is gone')
    },
    cancel: () => {},
  }
  const { body } = createCompression()(reply(source), accepting('gzip')) as Reply
  await assert.rejects(contentOf(body, left.signal), { name: 'AbortError' })
})

test('a client that stops reading pauses the source', async () => {
  const chunk = randomBytes(64 * 1024)
  let pushed = 0
  const source: Source = {
    async pull(sink, signal) {
      for (; ; pushed++) {
        signal.throwIfAborted()
        await sink.write(chunk)
        await new Promise(setImmediate)
      }
    },
    cancel: () => {},
  }
  const { body } = createCompression()(reply(source), accepting('gzip')) as Reply
  const left = new AbortController()
  const write = async (): Promise<void> => {
    // Many more turns than an unbounded source would need to exceed the limit.
    for (let turn = 0; turn < 2000; turn++) await new Promise(setImmediate)
    left.abort()
  }
  await assert.rejects((body as Source).pull({ write }, left.signal), { name: 'AbortError' })
  assert.ok(pushed < 50, `${pushed} chunks were taken`)
})

test('a file that became shorter breaks the reply instead of ending it', async (t) => {
  const file = fileSlice(t, text)
  const { body } = createCompression()(reply(sliceOf(file.fd, 1_000_000)), accepting('gzip')) as Reply
  await assert.rejects(contentOf(body), { code: 'E8008_INTERNAL' })
  await closed(file)
})

test('a sink that fails ends the compression and closes the file', async (t) => {
  const file = fileSlice(t, randomBytes(500_000).toString('hex'))
  const { body } = createCompression()(reply(file), accepting('br')) as Reply
  const write = (): Promise<void> => Promise.reject(new Error('no connection'))
  await assert.rejects((body as Source).pull({ write }, new AbortController().signal))
  await closed(file)
})
