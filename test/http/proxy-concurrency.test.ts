import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { createServer as createFront } from '../../src/index.ts'
import { createGate } from '../support/gate.ts'
import { openSession, startHttp2 } from '../support/http2.ts'
import { startFront } from '../support/proxy.ts'

const letters = 'abcdefghijkl'.split('')
/** More than the system's socket buffers hold, so that unread content waits in the proxy. */
const size = 16_000_001

const repeated = new Map<string, Buffer>()

/** This letter so many times, out of memory that is filled once. */
function many(letter: string, count: number): Buffer {
  const made = repeated.get(letter)
  if (made !== undefined && made.length >= count) return made.subarray(0, count)
  const longer = Buffer.alloc(count, letter)
  repeated.set(letter, longer)
  return longer
}

/** How a client reads: everything at once, only the beginning, or the rest after the others are done. */
type Pace = 'fast' | 'leaves' | 'late'
const paces: readonly Pace[] = ['fast', 'leaves', 'late']

interface Listening extends AsyncDisposable {
  readonly port: number
}

async function listening(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers `/x` with many times the letter x, chunked for `?chunked`. */
function lettered(): Promise<Listening> {
  return listening((message, response) => {
    const { pathname, search } = new URL(message.url ?? '', 'http://x')
    const letter = pathname.slice(1)
    if (search === '') response.setHeader('Content-Length', size)
    // Pieces of a size that does not match TCP segments.
    for (let left = size; left > 0; left -= 150_001) response.write(many(letter, Math.min(left, 150_001)))
    response.end()
  })
}

/** Reads content that must be one repeated letter. Returns the number of bytes. */
async function readLetter(stream: Readable, letter: string, pause: (bytes: number) => unknown): Promise<number> {
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    assert.ok(chunk.equals(many(letter, chunk.length)), `something else than ${letter}`)
    if ((await pause(bytes)) === 'leave') break
  }
  return bytes
}

/** Lets clients of every pace read concurrently, and checks every byte. */
async function readTogether(open: (letter: string) => Promise<Readable>): Promise<void> {
  const others = createGate()
  let done = 0
  await Promise.all(
    letters.map(async (letter, i) => {
      const pace = paces[i % 3]
      const bytes = await readLetter(await open(letter), letter, () =>
        pace === 'late' ? others.opened : pace === 'leaves' ? 'leave' : undefined,
      )
      if (pace !== 'leaves') assert.equal(bytes, size)
      if (pace !== 'late' && ++done === (letters.length / 3) * 2) others.open()
    }),
  )
}

async function download(port: number, path: string): Promise<Readable> {
  const asked = request({ port, host: '127.0.0.1', path, agent: false }).end()
  const [message] = (await once(asked, 'response')) as [IncomingMessage]
  return message
}

for (const query of ['', '?chunked']) {
  test(`concurrent responses keep their own content at any reading pace${query && ', also chunked'}`, async () => {
    await using backend = await lettered()
    await using front = await startFront(backend.port)
    await readTogether((letter) => download(front.port, `/${letter}${query}`))
  })
}

test('responses over HTTP/2 keep their own content when others are reset', async () => {
  await using backend = await lettered()
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  await readTogether((letter) => Promise.resolve(session.request({ ':path': `/${letter}` })))
})

/** Counts the content of each request after all have begun, and answers with the count; mixed letters are an error. */
function counting(senders: number): Promise<Listening> {
  const all = createGate()
  let begun = 0
  return listening((message, response) => {
    if (++begun === senders) all.open()
    readLetter(message, message.url?.slice(1) ?? '', () => all.opened).then(
      (bytes) => response.end(String(bytes)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
}

async function upload(port: number, letter: string, framing: Record<string, string | number>): Promise<string> {
  const options = { port, host: '127.0.0.1', path: `/${letter}`, method: 'POST', agent: false, headers: framing }
  const asked = request(options)
  // Several chunks in one packet.
  for (let left = size; left > 0; left -= 20_000) asked.write(many(letter, Math.min(left, 20_000)))
  asked.end()
  const [message] = (await once(asked, 'response')) as [IncomingMessage]
  const parts = (await message.toArray()) as Buffer[]
  return Buffer.concat(parts).toString()
}

for (const framing of [{ 'Content-Length': size }, { 'Transfer-Encoding': 'chunked' }]) {
  test(`concurrent uploads keep their own content with ${Object.keys(framing)[0]}`, async () => {
    await using backend = await counting(letters.length)
    await using front = await startFront(backend.port)
    const counted = await Promise.all(letters.map((letter) => upload(front.port, letter, framing)))
    assert.deepEqual(counted, Array(letters.length).fill(String(size)))
  })
}

test('rejects a request whose content a body parser of the program has read', async () => {
  let asked = 0
  await using backend = await listening((_, response) => {
    asked++
    response.end()
  })
  await using front = createFront({ proxy: { '/': `http://127.0.0.1:${backend.port}` }, live: false })
  const faults: unknown[] = []
  front.on('error', (error) => faults.push(error))
  await using program = await listening((message, response) => {
    message.on('data', () => {}).once('end', () => front.handler(message, response, () => {}))
  })
  const options = { port: program.port, host: '127.0.0.1', method: 'POST', agent: false }
  const [reply] = (await once(request(options).end('{"a":1}'), 'response')) as [IncomingMessage]
  assert.equal(reply.resume().statusCode, 500)
  assert.match(String(faults[0]), /A body parser read the content/)
  assert.equal(asked, 0)
})

test('an embedding program may keep chunks of forwarded content', async () => {
  await using backend = await counting(1)
  await using front = createFront({ proxy: { '/': `http://127.0.0.1:${backend.port}` }, live: false })
  const seen: Buffer[] = []
  await using program = await listening((message, response) => {
    // Programs that trace requests do this.
    const push = message.push.bind(message)
    message.push = (chunk: Buffer | null) => {
      if (chunk !== null) seen.push(chunk)
      return push(chunk)
    }
    front.handler(message, response, () => {})
  })
  assert.equal(await upload(program.port, 'a', { 'Content-Length': size }), String(size))
  assert.ok(Buffer.concat(seen).equals(Buffer.alloc(size, 'a')))
})
