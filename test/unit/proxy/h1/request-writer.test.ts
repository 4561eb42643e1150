import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { writeRequest } from '../../../../src/proxy/h1/request-writer.ts'
import type { UpstreamRequest } from '../../../../src/proxy/types.ts'

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A request whose content is pushed, on a connection that records its writes. */
function begin(length: number | undefined, takesAll = true) {
  const writes: string[] = []
  const waiting: (() => void)[] = []
  const take = (data: readonly Uint8Array[], done: () => void): void => {
    writes.push(Buffer.concat(data).toString('latin1'))
    if (takesAll) done()
    else waiting.push(done)
  }
  const socket = new Writable({
    write: (chunk: Uint8Array, _, done) => take([chunk], done),
    writev: (chunks, done) =>
      take(
        chunks.map(({ chunk }) => chunk as Uint8Array),
        done,
      ),
  })
  const freed: Uint8Array[] = []
  const body = Object.assign(new Readable({ read: () => {} }), { free: (chunk: Uint8Array) => void freed.push(chunk) })
  const events: string[] = []
  const request = { method: 'PUT', path: '/x', headers: ['Host', 'h'], body, length } as unknown as UpstreamRequest
  writeRequest(socket as Socket, request, false, {
    begun: () => void events.push('begun'),
    sent: (isReusable) => void events.push(`sent ${isReusable}`),
    broken: ({ fault }) => void events.push(fault),
  })
  return { body, events, freed, waiting, writes }
}

/** Pushes each chunk after the reader got the one before, within one turn of the event loop. */
async function push(body: Readable, ...chunks: readonly (string | Buffer | null)[]): Promise<void> {
  for (const chunk of chunks) {
    body.push(chunk)
    for (let tick = 0; tick < 4; tick++) await new Promise<void>((resolve) => process.nextTick(resolve))
  }
}

const head = 'PUT /x HTTP/1.1\r\nHost: h\r\n'

test('content that arrives in one turn leaves in one write with the header section', async () => {
  const { body, events, writes } = begin(5)
  await push(body, 'ab', 'cde')
  assert.deepEqual([writes, events], [[], []])
  await later()
  assert.deepEqual([writes, events], [[`${head}Content-Length: 5\r\n\r\nabcde`], ['begun']])
  await push(body, null)
  assert.deepEqual(events, ['begun', 'sent true'])
})

test('complete content leaves at once, in chunks too', async () => {
  const { body, events, writes } = begin(undefined)
  await push(body, 'ab', 'cde', null)
  assert.deepEqual(writes, [`${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n`])
  assert.deepEqual(events, ['begun', 'sent true'])
})

test('the header section waits for the content of its turn only', async () => {
  const { body, events, writes } = begin(3)
  await later()
  assert.deepEqual([writes, events], [[`${head}Content-Length: 3\r\n\r\n`], ['begun']])
  await push(body, 'abc')
  assert.equal(writes[1], 'abc')
})

test('much content of one turn is not held back', async () => {
  const { body, writes } = begin(300_000)
  await push(body, Buffer.alloc(200_000), Buffer.alloc(100_000))
  assert.equal(writes.length, 1)
})

test('content that turns out too long in its first turn sends nothing', async () => {
  const { body, events, writes } = begin(3)
  await push(body, 'ab', 'cde')
  await later()
  assert.deepEqual([writes, events], [[], ['protocol']])
})

test('reads on where the system has taken a large chunk, else waits for it', async () => {
  const taken = begin(200_000)
  await push(taken.body, Buffer.alloc(100_000))
  await later()
  assert.equal(taken.body.isPaused(), false)
  const stuck = begin(200_000, false)
  await push(stuck.body, Buffer.alloc(100_000))
  await later()
  assert.equal(stuck.body.isPaused(), true)
  stuck.waiting.forEach((done) => done())
  await later()
  assert.equal(stuck.body.isPaused(), false)
})

test('frees each chunk when it is sent', async () => {
  const { body, freed, waiting } = begin(4, false)
  const chunks = [Buffer.from('ab'), Buffer.from('cd')]
  await push(body, ...chunks)
  await later()
  assert.deepEqual(freed, [])
  waiting.forEach((done) => done())
  await later()
  assert.deepEqual(freed, chunks)
})
