import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import zlib from 'node:zlib'
import type { AccessRecord } from '../../src/server/types.ts'
import type { ServeOptions } from '../../src/index.ts'
import { startBackend } from '../support/backend.ts'
import { createGate } from '../support/gate.ts'
import { openSession, replyOf, startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const html = `<!doctype html><html><head><title>x</title>${'<p>All work and no play</p>'.repeat(3000)}`
const navigation = ['Sec-Fetch-Dest: document', 'Sec-Fetch-Mode: navigate', 'Accept: text/html']

interface Outcome {
  readonly coding: string | undefined
  readonly body: Buffer
  readonly isWhole: boolean
  readonly record: AccessRecord
}

interface Options {
  readonly limits?: { readonly pageBytes?: number }
  /** Number of bytes of the content that are sent after the client has the header section. */
  readonly later?: number
}

/** The page of a backend as a browser gets it, over both HTTP versions. */
async function outcomesOf(
  coding: string,
  content: Buffer,
  { limits = {}, later = 0 }: Options = {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const over of [overHttp1, overHttp2]) {
    const gate = createGate()
    await using backend = await startBackend(async (connection) => {
      await connection.head()
      const head = `Content-Type: text/html\r\nContent-Encoding: ${coding}\r\nContent-Length: ${content.length}`
      connection.send(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`).send(content.subarray(0, content.length - later))
      await gate.opened
      connection.send(content.subarray(content.length - later))
    })
    const proxy = { '/': { to: `http://127.0.0.1:${backend.port}`, live: true } }
    outcomes.push(await over({ proxy, compress: false, limits }, gate.open))
  }
  return outcomes
}

async function overHttp1(options: ServeOptions, headCame: () => void): Promise<Outcome> {
  await using front = await startServer({}, options)
  const faults: unknown[] = []
  front.server.on('error', (error) => faults.push(error))
  const records: AccessRecord[] = []
  front.server.on('reply', (record) => records.push(record))
  const client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nConnection: close\r\n${navigation.join('\r\n')}\r\n\r\n`)
  const ended = once(client.socket, 'close')
  client.socket.once('end', () => client.socket.end())
  await client.sees('\r\n\r\n')
  headCame()
  await ended
  const received = client.received.toString('latin1')
  const [fields = '', rest = ''] = received.split(/\r\n\r\n([^]*)/)
  const isChunked = /transfer-encoding: chunked/i.test(fields)
  assert.match(fields, /^HTTP\/1\.1 200/)
  assert.deepEqual(faults, [])
  return {
    coding: /content-encoding: (.*)/i.exec(fields)?.[1],
    body: Buffer.from(isChunked ? dechunked(rest) : rest, 'latin1'),
    isWhole: !isChunked || rest.endsWith('0\r\n\r\n'),
    record: records[0] as AccessRecord,
  }
}

function dechunked(text: string): string {
  return text.replace(/([\da-f]+)\r\n/gi, '').replaceAll('\r\n', '')
}

async function overHttp2(options: ServeOptions, headCame: () => void): Promise<Outcome> {
  await using front = await startHttp2({}, options)
  using session = openSession(front.port)
  const fields = Object.fromEntries(navigation.map((line) => line.toLowerCase().split(': ') as [string, string]))
  const recorded = front.recorded()
  const stream = session.request({ ':path': '/', ...fields })
  stream.once('response', headCame)
  const { headers, body, code } = await replyOf(stream)
  const coding = headers['content-encoding'] as string | undefined
  assert.deepEqual(front.faults, [])
  return { coding, body, isWhole: code === 0, record: await recorded }
}

test('a page in another coding than its field names arrives unchanged, and the log says why it has no client', async () => {
  for (const [coding, content] of [
    ['gzip', Buffer.from(html)],
    ['br', zlib.gzipSync(html)],
    ['deflate', Buffer.from('<!doctype html>')],
  ] as const) {
    for (const { coding: sent, body, isWhole, record } of await outcomesOf(coding, content)) {
      assert.deepEqual([sent, isWhole], [coding, true])
      assert.ok(body.equals(content), coding)
      assert.equal(record.remark, `no live reload: the page is not ${coding}, as its Content-Encoding says`)
      assert.equal(record.refusal, '')
    }
  }
})

test('a truncated page arrives as a truncated message, and the log says so', async () => {
  for (const [coding, encode] of [
    ['gzip', zlib.gzipSync],
    ['br', zlib.brotliCompressSync],
  ] as const) {
    const whole = encode(html)
    const torn = whole.subarray(0, whole.length - 20)
    // A page that arrives at once is sent unchanged, and the browser shows the error.
    for (const { coding: sent, body } of await outcomesOf(coding, torn)) {
      assert.equal(sent, coding)
      assert.ok(body.equals(torn))
    }
    for (const { isWhole, record } of await outcomesOf(coding, torn, { later: 5 })) {
      assert.equal(isWhole, false)
      assert.equal(record.refusal, 'E8008_UPSTREAM_PROTOCOL')
      assert.equal(record.remark, `The ${coding} content ends too early.`)
    }
  }
})

test('bytes after the end of a compressed page are ignored', async () => {
  for (const { coding, body, isWhole } of await outcomesOf(
    'gzip',
    Buffer.concat([zlib.gzipSync(html), Buffer.from('garbage')]),
  )) {
    assert.deepEqual([coding, isWhole], [undefined, true])
    assert.match(body.toString(), /<head><script src="\/__serve8008\/live\.js/)
    assert.match(body.toString(), /no play<\/p>$/)
  }
})

test('a page that expands to more than the limit arrives unchanged', async () => {
  const bomb = zlib.gzipSync(`<!doctype html><head>${' '.repeat(3_000_000)}`)
  for (const { coding, body, isWhole, record } of await outcomesOf('gzip', bomb, {
    limits: { pageBytes: 1_000_000 },
  })) {
    assert.deepEqual([coding, isWhole], ['gzip', true])
    assert.ok(body.equals(bomb))
    assert.equal(record.remark, 'no live reload: the page expands to more than limits.pageBytes')
  }
})
