import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { createCompress } from '../../../src/filters/compress.ts'
import { composeFilters } from '../../../src/http/compose.ts'
import type { Body, Reply, Source } from '../../../src/http/reply.ts'
import { createInject } from '../../../src/live/inject.ts'
import { closed, contentOf, fieldsOf, fileSlice, request } from '../filters/fixtures.ts'

const tag = '<script src="/live.js" async=""></script>'
const page = ['Sec-Fetch-Dest', 'document']
const blocked: string[] = []
const inject = createInject({ script: '/live.js', isOn: () => true, onBlocked: (path) => blocked.push(path) })
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
        // It is the writer's again.
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

test('what comes before the place is held back, and nothing after it', async () => {
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

test('the script goes out before the rest of the page is there', async () => {
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

test('a page that ends early goes out whole', async () => {
  for (const [text, expected] of [
    ['<!doctype html>', `<!doctype html>${tag}`],
    ['<!-- never closed', '<!-- never closed'],
    ['x', `${tag}x`],
    ['', tag],
  ] as const) {
    assert.deepEqual((await chunksOf((await open(sourceOf(text === '' ? [] : [text]))).body)).join(''), expected)
  }
})

test('at most 64 KiB are held back, then they pass on as they are', async () => {
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

test('a sink that is full stops the reading', async () => {
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

test('what is not sent is freed', async () => {
  let cancelled = 0
  ;((await open(sourceOf([], () => cancelled++))).body as Source).cancel()
  assert.equal(cancelled, 1)
  const stream = new PassThrough()
  ;((await open(stream)).body as Source).cancel()
  assert.ok(stream.destroyed)
})

test('an abort or a fault of the sink ends the stream that feeds it', async () => {
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

test('a policy inside a streamed page is heeded', async () => {
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
  test(`${coding}: coded pages are decoded, in memory, from a file, from streams`, async (t) => {
    const coded = encode(html)
    const file = fileSlice(t, coded)
    for (const body of [coded, file, Readable.from([coded]), Readable.from([...chunked(coded)])]) {
      const made = await open(body, ['Content-Encoding', coding])
      assert.equal(fieldsOf(made)['content-encoding'], undefined)
      assert.equal(String(await contentOf(made.body)), injected)
    }
    await closed(file.fd)
  })
}

function* chunked(content: Buffer): Generator<Buffer> {
  for (let i = 0; i < content.length; i += 100) yield content.subarray(i, i + 100)
}

test('a coded page in memory is decoded once, and compressed again', async () => {
  const original = Object.freeze(reply(zlib.gzipSync(html), ['Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding']))
  const [made, together] = await Promise.all([inject(original, request(page)), inject(original, request(page))])
  assert.equal(made, together)
  assert.equal(inject(original, request(page)), made, 'later at once')
  const fetched = inject(original, request()) as Reply
  assert.equal(fetched.body, original.body, 'what is fetched stays coded')
  const chain = composeFilters([inject, createCompress()])
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
  const chain = composeFilters([inject, createCompress()])
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

test('a coded page that needs no script stays coded', async () => {
  const original = reply(zlib.gzipSync('<head><meta name=serve8008 content=no-live>'), ['Content-Encoding', 'gzip'])
  const made = (await inject(original, request(page))) as Reply
  assert.equal(made.body, original.body)
  assert.equal(fieldsOf(made)['content-encoding'], 'gzip')
})

test('broken codings break the body and nothing else', async (t) => {
  const coded = zlib.gzipSync(html)
  const torn = coded.subarray(0, coded.length - 20)
  const file = fileSlice(t, torn)
  for (const body of [torn, file, Readable.from([torn]), Buffer.from('no gzip at all')]) {
    const made = await open(body, ['Content-Encoding', 'gzip'])
    await assert.rejects(contentOf(made.body), /unexpected end of file|incorrect header check/)
  }
  await closed(file.fd)
})

test('what decodes to more than is held is decoded as it is sent', async () => {
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

test('a coded stream arrives as it is written, and ends with its sink', async () => {
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
