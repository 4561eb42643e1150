import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'
import { text as textReply } from '../../src/index.ts'

/** A server that answers with the content it was sent, and tells how the reading ended. */
async function echo(bodyBytes?: number): Promise<{ started: Started; outcome: Promise<unknown> }> {
  const started = await startServer({}, bodyBytes === undefined ? {} : { limits: { bodyBytes } })
  const outcome = new Promise<unknown>((resolve) => {
    started.server.use((next) => async (x) => {
      if (x.method !== 'POST') return next(x)
      const content = await text(x.body.stream()).catch((error: unknown) => (resolve(error), Promise.reject(error)))
      resolve(content)
      return textReply(content)
    })
  })
  return { started, outcome }
}

test('gives a layer the content, chunked or with a length', async () => {
  const { started } = await echo()
  await using _ = started
  using client = await RawClient.open(started.port)
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 5\r\n\r\nhello`)
  assert.equal((await client.reply()).body.toString(), 'hello')
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n`)
  assert.equal((await client.reply()).body.toString(), 'world')
})

test('invites content that the client holds back when a layer reads it', async () => {
  const { started } = await echo()
  await using _ = started
  using client = await RawClient.open(started.port)
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  assert.equal((await client.reply()).status, 100)
  client.send('hello')
  assert.equal((await client.reply()).body.toString(), 'hello')
})

test('fails the stream of content that is cut off', async () => {
  const { started, outcome } = await echo()
  await using _ = started
  using client = await RawClient.open(started.port)
  const opened = new Promise<void>((resolve) => started.server.on('request', () => resolve()))
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 5\r\n\r\nhe`)
  await opened
  client.end()
  assert.ok((await outcome) instanceof Error)
})

test('fails the stream of content above the limit, and answers with 413', async () => {
  const { started, outcome } = await echo(10)
  await using _ = started
  using client = await RawClient.open(started.port)
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n${'x'.repeat(20)}\r\n`)
  assert.equal((await client.reply()).status, 413)
  assert.match(String(await outcome), /larger than 10 bytes/)
})

for (const [framing, content] of [
  ['Content-Length: 5', 'hello'],
  ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
] as const) {
  for (const [when, pieces] of [
    ['with the head', [content]],
    ['later', ['', content.slice(0, 4), content.slice(4)]],
  ] as const) {
    test(`reads all content of a declined upgrade (${framing}, sent ${when})`, async () => {
      const { started } = await echo()
      await using _ = started
      using client = await RawClient.open(started.port)
      const [first, ...others] = pieces
      const opened = new Promise<void>((resolve) => started.server.on('request', () => resolve()))
      client.send(
        `POST / HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${framing}\r\n\r\n${first}`,
      )
      await opened
      for (const piece of others) client.send(piece)
      const reply = await client.reply()
      assert.deepEqual([reply.status, reply.body.toString()], [200, 'hello'])
      client.end()
      assert.equal((await client.closed()).length, 0)
    })
  }
}

test('reads content of an upgrade after the reply before it, and not the bytes that follow', async () => {
  const { started } = await echo()
  await using _ = started
  await started.folder.write({ 'large.bin': Buffer.alloc(3_000_000) })
  const asked: string[] = []
  started.server.on('request', ({ method, target }) => asked.push(`${method} ${target.path}`))
  using client = await RawClient.open(started.port)
  const get = `GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\n\r\n`
  const post = `POST / HTTP/1.1\r\n${started.hostLine}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello`
  client.send(get + post + get)
  assert.equal((await client.reply()).body.length, 3_000_000)
  assert.equal((await client.reply()).body.toString(), 'hello')
  client.end()
  await client.closed()
  // Where Node does not read such content itself, the connection ends with it.
  assert.deepEqual(asked.slice(0, 2), ['GET /large.bin', 'POST /'])
  assert.ok(asked.length === 2 || asked[2] === 'GET /large.bin', asked.join())
})

test('invites content of an upgrade that the client holds back', async () => {
  const { started } = await echo()
  await using _ = started
  using client = await RawClient.open(started.port)
  const fields = 'Connection: Upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\nContent-Length: 5'
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\n${fields}\r\n\r\n`)
  assert.equal((await client.reply()).status, 100)
  client.send('hello')
  assert.equal((await client.reply()).body.toString(), 'hello')
})
