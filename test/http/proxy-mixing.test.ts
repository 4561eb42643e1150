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
/** More than the buffers of the system hold, so that what nobody reads waits in the proxy. */
const size = 16_000_001

/** How a client reads: all at once, only the beginning, or the rest when those are done. */
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

/** Answers `/x` with many times the letter x, in chunks if `?chunked` is asked for. */
function lettered(): Promise<Listening> {
  return listening((message, response) => {
    const { pathname, search } = new URL(message.url ?? '', 'http://x')
    const content = Buffer.alloc(size, pathname.slice(1))
    if (search === '') response.setHeader('Content-Length', size)
    // Not in pieces that fit the frames of a connection.
    for (let at = 0; at < size; at += 150_001) response.write(content.subarray(at, at + 150_001))
    response.end()
  })
}

/** Reads what must be one letter over and over. Tells how many bytes came. */
async function readLetter(stream: Readable, letter: string, pause: (bytes: number) => unknown): Promise<number> {
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    assert.ok(chunk.equals(Buffer.alloc(chunk.length, letter)), `something else than ${letter}`)
    if ((await pause(bytes)) === 'leave') break
  }
  return bytes
}

/** Has clients of every pace read at once, and looks at every byte. */
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
  test(`replies that come at once, read at any pace, keep their own content${query && ', in chunks too'}`, async () => {
    await using backend = await lettered()
    await using front = await startFront(backend.port)
    await readTogether((letter) => download(front.port, `/${letter}${query}`))
  })
}

test('replies over HTTP/2 keep their own content when others are reset', async () => {
  await using backend = await lettered()
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  await readTogether((letter) => Promise.resolve(session.request({ ':path': `/${letter}` })))
})

/** Counts what it is sent, once all have begun to send, and says so; something else than one letter is an error. */
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
  // Several pieces to a packet.
  for (let left = size; left > 0; left -= 20_000) asked.write(Buffer.alloc(Math.min(left, 20_000), letter))
  asked.end()
  const [message] = (await once(asked, 'response')) as [IncomingMessage]
  const parts = (await message.toArray()) as Buffer[]
  return Buffer.concat(parts).toString()
}

for (const framing of [{ 'Content-Length': size }, { 'Transfer-Encoding': 'chunked' }]) {
  test(`uploads that come at once keep their own content with ${Object.keys(framing)[0]}`, async () => {
    await using backend = await counting(letters.length)
    await using front = await startFront(backend.port)
    const counted = await Promise.all(letters.map((letter) => upload(front.port, letter, framing)))
    assert.deepEqual(counted, Array(letters.length).fill(String(size)))
  })
}

test('content that a body parser of the program has read is an error, and no request without it goes out', async () => {
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

test('a program that embeds us keeps what it has seen of content that we pass on', async () => {
  await using backend = await counting(1)
  await using front = createFront({ proxy: { '/': `http://127.0.0.1:${backend.port}` }, live: false })
  const seen: Buffer[] = []
  await using program = await listening((message, response) => {
    // As programs that trace requests do it.
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
