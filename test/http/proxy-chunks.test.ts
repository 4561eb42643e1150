import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend, type Backend } from '../support/backend.ts'
import { startFront } from '../support/proxy.ts'
import { RawClient, type RawReply } from '../support/raw.ts'

const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

/** A backend that answers every request with these chunks. */
function sending(content: string): Promise<Backend> {
  return startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      await connection.head()
      connection.send(head + content)
    }
  })
}

// RFC 9112 section 7.1.1 allows blanks before a chunk extension, and old servers pad the size itself; nginx and Caddy
// accept both. Every parser that accepts them reads the same number, so they allow no smuggling.
const taken: readonly [name: string, content: string][] = [
  ['spaces after the size', '5  \r\nhello\r\n0\r\n\r\n'],
  ['a tab after the size', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['spaces after every size', '2 \r\nhe\r\n3      \r\nllo\r\n0 \r\n\r\n'],
  ['a space before an extension', '5 ;a=b\r\nhello\r\n0\r\n\r\n'],
  ['an extension', '5;a="b c"\r\nhello\r\n0\r\n\r\n'],
  ['leading zeros', '0005\r\nhello\r\n000\r\n\r\n'],
]

for (const [name, content] of taken) {
  test(`accepts chunks with ${name}, and frames them again`, async () => {
    await using backend = await sending(content)
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    for (let i = 0; i < 2; i++) {
      client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
      const reply = await client.reply()
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), 'hello')
    }
    assert.equal(backend.sockets.length, 1)
  })
}

// Two parsers could read these differently.
const refused: readonly [name: string, content: string][] = [
  ['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a prefix of hexadecimal', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['no size', '\r\nhello\r\n0\r\n\r\n'],
  ['a size that overflows', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['words after the size', '5 x\r\nhello\r\n0\r\n\r\n'],
  ['bare line feeds', '5\nhello\n0\n\n'],
  ['content longer than its size', '5\r\nhello!!\r\n0\r\n\r\n'],
]

for (const [name, content] of refused) {
  test(`rejects chunks with ${name}, and names the reason`, async () => {
    await using backend = await sending(content)
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nConnection: close\r\n\r\n`)
    const reply = await client.reply()
    assert.equal(reply.status, 502)
    assert.match(reply.body.toString(), / is not HTTP \([^)]*chunk[^)]*\)\.\nE8008_UPSTREAM_PROTOCOL/i)
  })
}

// These requests use their own connections, which Node parses.
const ways = {
  'a request with trailers': ['Trailer: X-Sum', 'Transfer-Encoding: chunked', '', '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n'],
  'an upgrade that is rejected': ['Connection: Upgrade', 'Upgrade: x', '', ''],
}

for (const [way, lines] of Object.entries(ways)) {
  async function replyTo(content: string): Promise<RawReply> {
    await using backend = await sending(content)
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(['POST / HTTP/1.1', front.hostLine, ...lines].join('\r\n'))
    return await client.reply()
  }

  for (const [name, content] of taken) {
    test(`accepts chunks with ${name} in the response to ${way}`, async () => {
      const reply = await replyTo(content)
      assert.deepEqual([reply.status, reply.body.toString()], [200, 'hello'])
    })
  }

  for (const [name, content] of refused) {
    test(`rejects chunks with ${name} in the response to ${way}`, async () => {
      const reply = await replyTo(content)
      assert.equal(reply.status, 502)
      assert.match(reply.body.toString(), / is not HTTP \([^)]*chunk[^)]*\)\.\nE8008_UPSTREAM_PROTOCOL/i)
    })
  }
}

test("breaks the client's response when a malformed size follows its header section", async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const connection = await backend.next()
  await connection.head()
  connection.send(head)
  await client.sees('\r\n\r\n')
  connection.send('+5\r\nhello\r\n0\r\n\r\n')
  const text = (await client.closed()).toString()
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.doesNotMatch(text, /\r\n0\r\n\r\n$/)
})
