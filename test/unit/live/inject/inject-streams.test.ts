import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import zlib from 'node:zlib'
import { createCompression } from '../../../../src/middleware/compression.ts'
import { composeFilters } from '../../../../src/http/compose.ts'
import type { Body, Reply, Source } from '../../../../src/http/message/reply.ts'
import { createInject } from '../../../../src/live/inject/inject.ts'
import { pumpBody } from '../../../../src/http/body/reply-body.ts'
import { closed, contentOf, fieldsOf, fileSlice, request } from '../../middleware/fixtures.ts'

const tag = '<script src="/live.js" async=""></script>'
const page = ['Sec-Fetch-Dest', 'document']
const blocked: string[] = []
const inject = createInject({
  script: '/live.js',
  isOn: () => true,
  pageBytes: 32 * 1024 ** 2,
  onBlocked: (path) => blocked.push(path),
})
const never = new AbortController().signal

function reply(body: Body, fields: readonly string[] = []): Reply {
  return {
    status: 200,
    headers: ['Content-Type', 'text/html', 'ETag', '"a"', 'Accept-Ranges', 'bytes', ...fields],
    body,
  }
}

function sourceOf(chunks: readonly string[], onCancel: () => void = () => assert.fail('it was pulled')): Source {
  return {
    async pull(sink) {
      for (const chunk of chunks) {
        const memory = Buffer.from(chunk)
        await sink.write(memory)
        // The writer may reuse its chunk now.
        memory.fill('!')
      }
    },
    cancel: onCancel,
  }
}

/** What a body writes, chunk by chunk; each is taken when `take` is called. */
async function chunksOf(body: Body): Promise<string[]> {
  const chunks: string[] = []
  await (body as Source).pull({ write: (chunk) => void chunks.push(String(chunk)) }, never)
  return chunks
}

async function open(body: Body, fields: readonly string[] = [], target = '/'): Promise<Reply> {
  return inject(reply(body, fields), request(page, 'GET', target))
}

test('holds back what comes before the place, and nothing after it', async () => {
  const parts = ['<!doc', 'type html><ht', 'ml><head', '><title>', 'x</title>', '<body>']
  for (const body of [sourceOf(parts), Readable.from(parts), Readable.from(parts.map((part) => Buffer.from(part)))]) {
    const made = await open(body)
    assert.deepEqual(await chunksOf(made.body), [`<!doctype html><html><head>${tag}<title>`, 'x</title>', '<body>'])
    const { etag, 'accept-ranges': ranges } = fieldsOf(made)
    assert.match(etag ?? '', /^W\/"a-live/)
    assert.equal(ranges, undefined)
    assert.equal((made.body as Source).length, undefined)
  }
})

test('sends the script before the rest of the page has arrived', async () => {
  const stream = new PassThrough()
  const output = new PassThrough()
  const made = await open(stream)
  const sent = (made.body as Source).pull({ write: (chunk) => void output.write(chunk) }, never)
  for (const [written, expected] of [
    ['<html><head>', `<html><head>${tag}`],
    ['<p>', '<p>'],
  ] as const) {
    stream.write(written)
    const [chunk] = (await once(output, 'data')) as [Buffer]
    assert.equal(String(chunk), expected)
  }
  stream.end()
  await sent
})

test('sends a page whole that ends early', async () => {
  for (const [text, expected] of [
    ['<!doctype html>', `<!doctype html>${tag}`],
    ['<!-- never closed', '<!-- never closed'],
    ['x', `${tag}x`],
    ['', tag],
  ] as const) {
    assert.deepEqual((await chunksOf((await open(sourceOf(text === '' ? [] : [text]))).body)).join(''), expected)
  }
})

test('holds back at most 64 KiB, then sends them unchanged', async () => {
  const parts = ['<!-- ', ...Array.from({ length: 20 }, () => 'x'.repeat(4096)), '--><head>']
  const chunks = await chunksOf((await open(sourceOf(parts))).body)
  assert.equal(chunks.join(''), parts.join(''))
  assert.ok(chunks.length > 3, 'it did not wait for the end')
  assert.ok((chunks[0] as string).length < 72 * 1024)
})

test('a page in UTF-16 may come byte by byte', async () => {
  const encoded = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
  const bytes = encoded('<!doctype html><html><head><title>é')
  const stream = Readable.from(Array.from(bytes, (byte) => Buffer.from([byte])))
  const made = await open(stream)
  assert.ok((await contentOf(made.body)).equals(encoded(`<!doctype html><html><head>${tag}<title>é`)))
})

test('a full sink pauses the reading', async () => {
  let written = 0
  const body: Source = {
    async pull(sink) {
      for (const chunk of ['<head>', 'a', 'b']) {
        await sink.write(Buffer.from(chunk))
        written++
      }
    },
    cancel: () => {},
  }
  const taken: (() => void)[] = []
  const sink = { write: () => new Promise<void>((resolve) => taken.push(resolve)) }
  const sent = ((await open(body)).body as Source).pull(sink, never)
  for (const expected of [0, 1, 2]) {
    await new Promise(setImmediate)
    assert.equal(written, expected)
    assert.equal(taken.length, expected + 1)
    taken.at(-1)?.()
  }
  await sent
})

test('frees a body that is not sent', async () => {
  let cancelled = 0
  ;((await open(sourceOf([], () => cancelled++))).body as Source).cancel()
  assert.equal(cancelled, 1)
  const stream = new PassThrough()
  ;((await open(stream)).body as Source).cancel()
  assert.ok(stream.destroyed)
})

test('an abort or an error of the sink ends the stream that feeds it', async () => {
  const stop = new AbortController()
  const stream = new PassThrough()
  stream.write('<head>')
  const sent = ((await open(stream)).body as Source).pull({ write: () => stop.abort() }, stop.signal)
  await assert.rejects(sent)
  assert.ok(stream.destroyed)
  const other = new PassThrough()
  other.write('<head>')
  const sink = { write: () => Promise.reject(new Error('full')) }
  await assert.rejects(((await open(other)).body as Source).pull(sink, never), /full/)
  assert.ok(other.destroyed)
})

test('obeys a policy inside a streamed page', async () => {
  const text = '<head><meta http-equiv="Content-Security-Policy" content="script-src \'none\'"><p>'
  const made = await open(sourceOf([text]), [], '/streamed')
  assert.equal((await chunksOf(made.body)).join(''), text)
  assert.deepEqual(blocked.splice(0), ['/streamed'])
})

type Encode = (content: string) => Buffer
const encoders: Record<string, Encode> = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync }
const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: Encode }
if (zstdCompressSync !== undefined) encoders['zstd'] = zstdCompressSync
const html = `<!doctype html><html><head><title>x</title>${'<p>All work and no play</p>'.repeat(20_000)}`
const injected = html.replace('<head>', `<head>${tag}`)

for (const [coding, encode] of Object.entries(encoders)) {
  test(`${coding}: pages are decoded from memory, from a file and from streams`, async (t) => {
    const coded = encode(html)
    const file = fileSlice(t, coded)
    for (const body of [coded, file, Readable.from([coded]), Readable.from([...chunked(coded)])]) {
      const made = await open(body, ['Content-Encoding', coding])
      assert.equal(fieldsOf(made)['content-encoding'], undefined)
      assert.equal(String(await contentOf(made.body)), injected)
    }
    await closed(file)
  })
}

function* chunked(content: Buffer): Generator<Buffer> {
  for (let i = 0; i < content.length; i += 100) yield content.subarray(i, i + 100)
}

test('a compressed page in memory is decoded once, and compressed again', async () => {
  const original = Object.freeze(reply(zlib.gzipSync(html), ['Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding']))
  const [made, together] = await Promise.all([inject(original, request(page)), inject(original, request(page))])
  assert.equal(made, together)
  assert.equal(inject(original, request(page)), made, 'later at once')
  const fetched = inject(original, request()) as Reply
  assert.equal(fetched.body, original.body, 'what is fetched stays coded')
  const chain = composeFilters([inject, createCompression()])
  const x = request([...page, 'Accept-Encoding', 'br'])
  const coded = (await chain(original, x)) as Reply
  assert.equal(fieldsOf(coded)['content-encoding'], 'br')
  assert.match(fieldsOf(coded).etag ?? '', /^"a-live[0-9a-f]{8}-br"$/)
  assert.equal(String(zlib.brotliDecompressSync(await contentOf(coded.body))), injected)
  assert.equal(await chain(original, x), coded)
})

test('a stream that pauses arrives through the compressor too', async () => {
  const stream = new PassThrough()
  const output = zlib.createGunzip()
  const chain = composeFilters([inject, createCompression()])
  const made = (await chain(reply(stream), request([...page, 'Accept-Encoding', 'gzip']))) as Reply
  const sent = (made.body as Source).pull({ write: (chunk) => void output.write(chunk) }, never)
  for (const [written, expected] of [
    ['<head>', `<head>${tag}`],
    ['<p>', '<p>'],
  ] as const) {
    stream.write(written)
    const [chunk] = (await once(output, 'data')) as [Buffer]
    assert.equal(String(chunk), expected)
  }
  stream.end()
  await sent
})

test('a compressed page that needs no script stays compressed', async () => {
  const original = reply(zlib.gzipSync('<head><meta name=serve8008 content=no-live>'), ['Content-Encoding', 'gzip'])
  const made = (await inject(original, request(page))) as Reply
  assert.equal(made.body, original.body)
  assert.equal(fieldsOf(made)['content-encoding'], 'gzip')
})

/** The bytes of a body, or the message of the error that ended it. */
async function outcomeOf(body: Body, fields: readonly string[]): Promise<{ made: Reply; text: string }> {
  const made = await open(body, fields)
  const text = await bytesOf(made.body).then(String, (error: Error) => `broke off: ${error.message}`)
  return { made, text }
}

/** The bytes of a body of any kind. */
async function bytesOf(body: Body): Promise<Buffer> {
  const chunks: Buffer[] = []
  await pumpBody(body as Exclude<Body, null>, { write: (chunk) => void chunks.push(Buffer.from(chunk)) }, never)
  return Buffer.concat(chunks)
}

/** The same content as each kind of body: in memory, a file, a stream and a source. */
function* bodiesOf(t: TestContext, content: Buffer): Generator<readonly [kind: string, body: Body]> {
  yield ['memory', content]
  yield ['file', fileSlice(t, content)]
  yield ['stream', Readable.from([content])]
  yield ['source', { pull: async (sink) => sink.write(content), cancel: () => {} }]
}

for (const [coding, encode] of Object.entries(encoders)) {
  test(`${coding}: a page in another coding is sent unchanged`, async (t) => {
    for (const [kind, body] of bodiesOf(t, Buffer.from(html))) {
      const { made, text } = await outcomeOf(body, ['Content-Encoding', coding])
      assert.ok(text === html, kind)
      assert.equal(fieldsOf(made)['content-encoding'], coding)
      assert.equal(fieldsOf(made)['etag'], '"a"')
    }
  })

  test(`${coding}: a truncated page is aborted, or sent unchanged`, async (t) => {
    const whole = encode(html)
    for (const torn of [whole.subarray(0, whole.length - 20), whole.subarray(0, 5)]) {
      for (const [kind, body] of bodiesOf(t, torn)) {
        const { made, text } = await outcomeOf(body, ['Content-Encoding', coding])
        // In memory the truncation is found before the header section is sent.
        if (kind === 'memory') assert.equal(made.body, body)
        else assert.equal(text, `broke off: The ${coding} content ends too early.`, `${kind} ${torn.length}`)
      }
    }
  })

  test(`${coding}: a decompression bomb is sent unchanged, or aborted`, async (t) => {
    const small = createInject({ script: '/live.js', isOn: () => true, onBlocked: () => {}, pageBytes: 100_000 })
    const bomb = encode(`<head>${' '.repeat(5_000_000)}`)
    for (const [kind, body] of bodiesOf(t, bomb)) {
      const made = await small(reply(body, ['Content-Encoding', coding]), request(page))
      assert.ok((await bytesOf(made.body)).equals(bomb), kind)
      assert.equal(fieldsOf(made)['content-encoding'], coding)
    }
    // Its first bytes do not show it yet.
    const later = Readable.from([bomb.subarray(0, 4), bomb.subarray(4)])
    const made = await small(reply(later, ['Content-Encoding', coding]), request(page))
    await assert.rejects(contentOf(made.body), /expands to more than 100000 bytes \(limits\.pageBytes\)/)
  })

  test(`${coding}: a page of any size that compresses like markup is sent`, async () => {
    const small = createInject({ script: '/live.js', isOn: () => true, onBlocked: () => {}, pageBytes: 100_000 })
    const dense = `<head>${randomBytes(300_000).toString('hex')}`
    const parts = Readable.from([...chunked(encode(dense))])
    const made = await small(reply(parts, ['Content-Encoding', coding]), request(page))
    assert.equal(String(await contentOf(made.body)), dense.replace('<head>', `<head>${tag}`))
  })

  test(`${coding}: content without bytes is an empty page`, async () => {
    const { text } = await outcomeOf(Readable.from([]), ['Content-Encoding', coding])
    assert.equal(text, tag)
  })
}

// Node's decoder stops after the first frame; newer releases read them all.
test('zstd with several frames is never truncated silently', { skip: encoders['zstd'] === undefined }, async (t) => {
  const [one, two] = [html.slice(0, 9000), html.slice(9000)].map((part) => encoders['zstd']?.(part) ?? Buffer.alloc(0))
  const both = Buffer.concat([one as Buffer, two as Buffer])
  for (const [kind, body] of bodiesOf(t, both)) {
    const { made, text } = await outcomeOf(body, ['Content-Encoding', 'zstd'])
    const isDecoded = fieldsOf(made)['content-encoding'] === undefined
    assert.ok(text === (isDecoded ? injected : String(both)), kind)
  }
  const parts = Readable.from([both.subarray(0, 2), both.subarray(2)])
  const { text } = await outcomeOf(parts, ['Content-Encoding', 'zstd'])
  assert.ok(text === injected || text === 'broke off: The zstd content has more parts than can be decoded.', text)
})

// Chromium and curl read one member and ignore the rest. Node's decoder fails there, and loses the end of the page.
test('bytes after the end of gzip and deflate are ignored', async (t) => {
  for (const coding of ['gzip', 'deflate']) {
    const coded = encoders[coding]?.(html) ?? Buffer.alloc(0)
    for (const garbage of ['garbage!!', '\0\0\0\0', '\x1f\x8b'])
      for (const [kind, body] of bodiesOf(t, Buffer.concat([coded, Buffer.from(garbage, 'latin1')]))) {
        assert.ok((await outcomeOf(body, ['Content-Encoding', coding])).text === injected, `${coding} ${kind}`)
      }
  }
})

test('gzip with every field in its header, and deflate without a header, are read', async (t) => {
  const raw = zlib.deflateRawSync(html)
  const header = Buffer.from([0x1f, 0x8b, 8, 4 + 8 + 16 + 2, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3])
  const named = Buffer.concat([header, Buffer.from('page.html\0comment\0'), Buffer.from([9, 9]), raw, Buffer.alloc(8)])
  for (const [coding, content] of [
    ['gzip', named],
    ['x-gzip', named],
    ['deflate', raw],
  ] as const) {
    for (const [kind, body] of bodiesOf(t, content)) {
      assert.ok((await outcomeOf(body, ['Content-Encoding', coding])).text === injected, `${coding} ${kind}`)
    }
    const bytes = Readable.from(
      Array.from(content.subarray(0, 60), (byte) => Buffer.from([byte])).concat(content.subarray(60)),
    )
    assert.ok((await outcomeOf(bytes, ['Content-Encoding', coding])).text === injected, coding)
  }
})

test('the header section does not wait for content', async () => {
  const stream = new PassThrough()
  const made = await open(stream, ['Content-Encoding', 'gzip'])
  stream.end('no gzip')
  await assert.rejects(contentOf(made.body), /The content is not gzip/)
})

test('an error of the body reaches its reader, and an unchanged body keeps its trailers', async () => {
  const failing: Source = {
    async pull(sink) {
      await sink.write(zlib.gzipSync(html).subarray(0, 500))
      throw new Error('the upstream is gone')
    },
    cancel: () => {},
  }
  assert.match((await outcomeOf(failing, ['Content-Encoding', 'gzip'])).text, /the upstream is gone/)
  const trailing: Source = {
    length: 7,
    async pull(sink) {
      await sink.write(Buffer.from('no gzip'))
      return ['X-Sum', '1']
    },
    cancel: () => {},
  }
  const made = await open(trailing, ['Content-Encoding', 'gzip'])
  assert.equal((made.body as Source).length, 7)
  assert.deepEqual(await (made.body as Source).pull({ write: () => {} }, never), ['X-Sum', '1'])
})

test('a compressed body is read to its end, also after the compressed data', async () => {
  for (const coding of ['gzip', 'deflate', 'br']) {
    const coded = encoders[coding]?.(html) ?? Buffer.alloc(0)
    let isRead = false
    const source: Source = {
      async pull(sink, signal) {
        for (const part of [
          coded.subarray(0, -8),
          coded.subarray(-8),
          Buffer.alloc(100_000, 'more'),
          Buffer.alloc(100_000, 'more'),
        ]) {
          await sink.write(part)
          // The decoder has seen the end of the data by now.
          await new Promise(setImmediate)
        }
        isRead = !signal.aborted
      },
      cancel: () => {},
    }
    const made = await open(source, ['Content-Encoding', coding])
    if (coding === 'gzip') assert.ok(String(await bytesOf(made.body)) === injected)
    else await bytesOf(made.body)
    assert.ok(isRead, coding)
  }
})

test('frees a peeked body that is not sent', async () => {
  const stop = new Promise<void>((resolve) => {
    const source: Source = {
      async pull(sink, signal) {
        signal.addEventListener('abort', () => resolve())
        for (;;) await sink.write(Buffer.from('no gzip'.repeat(10_000)))
      },
      cancel: () => {},
    }
    void open(source, ['Content-Encoding', 'gzip']).then((made) => (made.body as Source).cancel())
  })
  await stop
})

test('content too large to keep decoded is decoded while it is sent', async () => {
  const bomb = zlib.gzipSync(Buffer.concat([Buffer.from('<head>'), Buffer.alloc(20_000_000)]))
  const made = await open(bomb, ['Content-Encoding', 'gzip'])
  assert.ok(!(made.body instanceof Uint8Array))
  let taken = 0
  const stop = new AbortController()
  const sent = (made.body as Source).pull(
    { write: (chunk) => ((taken += chunk.length) > 100_000 ? stop.abort(new Error('enough')) : undefined) },
    stop.signal,
  )
  await assert.rejects(sent, /enough/)
  assert.ok(taken < 1_000_000)
})

test('a compressed stream arrives as it is written, and ends with its sink', async () => {
  const encoder = zlib.createGzip()
  const output = new PassThrough()
  const made = await open(encoder, ['Content-Encoding', 'gzip'])
  const stop = new AbortController()
  const sent = (made.body as Source).pull({ write: (chunk) => void output.write(chunk) }, stop.signal)
  for (const [written, expected] of [
    ['<head>', `<head>${tag}`],
    ['<p>', '<p>'],
  ] as const) {
    encoder.write(written)
    encoder.flush()
    const [chunk] = (await once(output, 'data')) as [Buffer]
    assert.equal(String(chunk), expected)
  }
  stop.abort(new Error('gone'))
  await assert.rejects(sent, /gone/)
  assert.ok(encoder.destroyed)
})
