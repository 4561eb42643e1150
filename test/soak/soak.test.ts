import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const requests = Number(process.env['SOAK_REQUESTS'] ?? 100_000)
const connections = 8

interface Held {
  /** What each open descriptor is. */
  readonly descriptors: readonly string[]
  readonly heap: number
  readonly rss: number
}

async function ask(child: ChildProcess): Promise<Held> {
  child.send('report')
  const [held] = (await once(child, 'message')) as [Held]
  return held
}

/** Milliseconds after which every connection is closed, also one whose end the server has to find by its own timeouts. */
const restMs = 60_000

/** Asks until the connections that the clients have left are gone from the server too; gives up after a while. */
async function askAtRest(child: ChildProcess, descriptors: number): Promise<Held> {
  const deadline = performance.now() + restMs
  let held = await ask(child)
  while (held.descriptors.length > descriptors && performance.now() < deadline) {
    await setTimeout(50)
    held = await ask(child)
  }
  return held
}

/** Asks until no more connections of clients that have left are closed. */
async function askSettled(child: ChildProcess): Promise<Held> {
  for (let held = await ask(child); ;) {
    await setTimeout(200)
    const next = await ask(child)
    if (next.descriptors.length >= held.descriptors.length) return held
    held = next
  }
}

/** One client: every kind of request in turn, over a connection kept open as long as it can be. */
async function work(port: number, count: number, etag: string): Promise<void> {
  const head = (target: string, lines = ''): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`
  const kinds: readonly (readonly [message: string, status: number, method: string])[] = [
    [head('/small.txt'), 200, 'GET'],
    [head('/'), 200, 'GET'],
    [head('/small.txt', `If-None-Match: ${etag}\r\n`), 304, 'GET'],
    [head('/small.txt', 'Range: bytes=1-3\r\n'), 206, 'GET'],
    [head('/large.bin', 'Range: bytes=-5\r\n'), 206, 'GET'],
    [head('/large.bin', 'Range: bytes=0-0,1000000-1000001\r\n'), 206, 'GET'],
    [head('/large.bin', 'Range: bytes=99999999-\r\n'), 416, 'GET'],
    [head('/missing.txt'), 404, 'GET'],
    [head('/folder/'), 200, 'GET'],
    [head('/text.txt', 'Accept-Encoding: gzip\r\n'), 200, 'GET'],
    [`HEAD /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n`, 200, 'HEAD'],
    [`POST /small.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc`, 405, 'POST'],
  ]
  let client = await RawClient.open(port)
  for (let i = 0; i < count; i++) {
    const [message, status, method] = kinds[i % kinds.length] as (typeof kinds)[number]
    if (i % 50 === 49) {
      // leaves in the middle of a large file
      client.send(head('/large.bin'))
      await client.bytes(10_000)
      client.end()
      client = await RawClient.open(port)
      continue
    }
    assert.equal((await client.send(message).reply(method)).status, status)
  }
  client.end()
}

test('mixed requests and aborts leak no descriptor and no memory', { timeout: 900_000 }, async (t) => {
  using folder = new TempFolder()
  await folder.write({
    'index.html': '<p>home</p>',
    'small.txt': 'small file',
    'text.txt': 'compress me '.repeat(500),
    'large.bin': '',
    'folder/a.txt': 'a',
  })
  await truncate(folder.join('large.bin'), 4_000_000)
  const entry = fileURLToPath(new URL('server.ts', import.meta.url))
  const child = fork(entry, [folder.path], { execArgv: ['--expose-gc', '--import', 'tsx'] })
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    using first = await RawClient.open(port)
    const etag = (await first.send('GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n').reply()).field('etag')
    first.end()
    // What is loaded with the first requests belongs to the state at rest, as does the compiler that loads it.
    await work(port, 60, etag)
    const run = (count: number): Promise<unknown> =>
      Promise.all(Array.from({ length: connections }, () => work(port, Math.ceil(count / connections), etag)))
    const fresh = await askSettled(child)
    const atRest = fresh.descriptors.length
    await run(requests / 5)
    const before = await askAtRest(child, atRest)
    await run(requests)
    const after = await askAtRest(child, atRest)
    t.diagnostic(JSON.stringify({ fresh, before, after }))
    const more = after.descriptors.filter((each) => !fresh.descriptors.includes(each))
    assert.ok(after.descriptors.length <= atRest, `more than ${atRest} descriptors, also ${more.join(', ')}`)
    const grown = (after.heap - before.heap) / 2 ** 20
    assert.ok(grown < 4, `the heap grew by ${grown.toFixed(1)} MiB`)
  } finally {
    child.disconnect()
    await once(child, 'exit')
  }
})
