import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { createServer } from '../../src/index.ts'
import { startServer } from '../support/server.ts'

let release: () => void = () => {}

const started = await startServer({ 'a.txt': 'alpha', 'b.txt': 'beta' })
started.server.use((next) => async (x) => {
  if (x.target.query === '?held') await new Promise<void>((resolve) => (release = resolve))
  return next(x)
})
after(() => started[Symbol.asyncDispose]())

const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${started.hostLine}\r\n\r\n`

/** Resolves when the server has read the next header section. */
function nextRequest(): Promise<void> {
  return new Promise((resolve) => {
    const listener = (): void => {
      started.server.off('request', listener)
      resolve()
    }
    started.server.on('request', listener)
  })
}

test('answers pipelined requests one by one, in order', async () => {
  using client = await RawClient.open(started.port)
  client.send(get('/a.txt') + get('/missing') + get('/b.txt'))
  assert.equal((await client.reply()).body.toString(), 'alpha')
  assert.equal((await client.reply()).status, 404)
  assert.equal((await client.reply()).body.toString(), 'beta')
})

test('checks every pipelined request in the guard', async () => {
  using client = await RawClient.open(started.port)
  client.send(get('/a.txt') + 'GET /b.txt HTTP/1.1\r\nHost: evil.test\r\n\r\n')
  assert.equal((await client.reply()).status, 200)
  assert.equal((await client.reply()).status, 421)
})

for (const [name, broken] of [
  ['garbage', 'GARBAGE\r\n\r\n'],
  ['a double length', 'GET /b.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['a missing Host', 'GET /b.txt HTTP/1.1\r\n\r\n'],
] as const) {
  test(`answers a malformed second message after the first reply: ${name}`, async () => {
    using client = await RawClient.open(started.port)
    const opened = nextRequest()
    client.send(get('/a.txt?held') + broken)
    await opened
    assert.equal(client.received.length, 0)
    release()
    const first = await client.reply()
    assert.equal(first.status, 200)
    assert.equal(first.body.toString(), 'alpha')
    assert.equal((await client.reply()).status, 400)
    assert.equal((await client.closed()).length, 0)
  })
}

for (const [name, second] of [
  ['CONNECT', 'CONNECT localhost:80 HTTP/1.1'],
  ['an upgrade', 'GET /b.txt HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x'],
] as const) {
  test(`answers ${name} after a pending reply`, async () => {
    await using other = await startServer({ 'large.bin': Buffer.alloc(3_000_000), 'b.txt': 'beta' })
    await using layered = await startLayered(other.folder.path)
    for (const port of [other.port, layered.port]) {
      using client = await RawClient.open(port)
      client.send(`GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n${second}\r\nHost: localhost\r\n\r\n`)
      assert.equal((await client.reply()).body.length, 3_000_000)
      assert.equal((await client.reply()).status, name === 'CONNECT' ? 405 : 200)
    }
  })
}

/** A server with a layer from the start, which gets the upgrades. */
async function startLayered(root: string): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer({ root, port: 0, host: '127.0.0.1' }).use((next) => (x) => next(x))
  const { port } = await server.listen()
  return { port, [Symbol.asyncDispose]: () => server.close() }
}

test('runs one of many pipelined requests at a time', async () => {
  let working = 0
  let most = 0
  await using other = await startServer({ 'a.txt': 'alpha' })
  other.server.use((next) => async (x) => {
    most = Math.max(most, ++working)
    await new Promise((resolve) => setImmediate(resolve))
    working--
    return next(x)
  })
  using client = await RawClient.open(other.port)
  const count = 300
  client.send(`GET /a.txt HTTP/1.1\r\n${other.hostLine}\r\n\r\n`.repeat(count))
  for (let i = 0; i < count; i++) assert.equal((await client.reply()).body.toString(), 'alpha')
  assert.equal(most, 1)
})

test('sends no second reply to a message that fails after the first', async () => {
  using client = await RawClient.open(started.port)
  started.server.use((next) => (x) => {
    if (x.target.query !== '?at-once') return next(x)
    // the program reads the content itself and answers before its end
    x.body
      .stream()
      .resume()
      .on('error', () => {})
    return { status: 204, headers: [], body: null }
  })
  client.send(`POST /?at-once HTTP/1.1\r\n${started.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n`)
  assert.equal((await client.reply()).status, 204)
  client.send('zz\r\n')
  assert.equal((await client.closed()).length, 0)
})

test('answers a client that closed its sending side', async () => {
  using client = await RawClient.open(started.port)
  const opened = nextRequest()
  client.send(get('/a.txt?held'))
  client.socket.end()
  await opened
  await ended(client)
  release()
  assert.equal((await client.reply()).body.toString(), 'alpha')
})

test('closes a half-closed connection without progress', async () => {
  await using other = await startServer({}, { limits: { halfClosedMs: 50 } })
  const aborted = new Promise<void>((resolve) => {
    other.server.use(() => (x) => {
      x.signal.addEventListener('abort', () => resolve())
      return new Promise(() => {})
    })
  })
  using client = await RawClient.open(other.port)
  client.send(`GET / HTTP/1.1\r\n${other.hostLine}\r\n\r\n`)
  client.socket.end()
  await aborted
  assert.equal((await client.closed()).length, 0)
})

/** Resolves when the server has received the end of the client's sending side. */
async function ended(client: RawClient): Promise<void> {
  if (!client.socket.writableFinished) await new Promise((resolve) => client.socket.once('finish', resolve))
  // Both sides live in this process and its loop: the end was sent before, and a round trip on another
  // connection is read after it.
  using other = await RawClient.open(started.port)
  await other.send(get('/b.txt')).reply()
}

test('never reads the bytes after a declined upgrade as another request', async () => {
  await using other = await startServer({ 'a.txt': 'alpha' })
  const upgrade = `GET /a.txt HTTP/1.1\r\n${other.hostLine}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`
  const smuggled = `GET /smuggled HTTP/1.1\r\n${other.hostLine}\r\n\r\n`
  const outer = `POST /outer HTTP/1.1\r\n${other.hostLine}\r\nContent-Length: ${smuggled.length}\r\n\r\n`
  const asked: string[] = []
  other.server.on('request', ({ target }) => asked.push(target.path))
  using client = await RawClient.open(other.port)
  client.send(upgrade + outer)
  const reply = await client.reply()
  assert.deepEqual([reply.status, reply.body.toString(), reply.field('connection')], [200, 'alpha', 'close'])
  client.send(smuggled)
  assert.equal((await client.closed()).length, 0)
  assert.deepEqual(asked, ['/a.txt'])
})

test('answers a declined upgrade with content, and closes', async () => {
  await using other = await startServer({ 'a.txt': 'alpha' })
  using client = await RawClient.open(other.port)
  const head = `POST /a.txt HTTP/1.1\r\n${other.hostLine}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\n`
  client.send(`${head}hello`)
  assert.equal((await client.reply()).status, 405)
  assert.equal((await client.closed()).length, 0)
})
