import assert from 'node:assert/strict'
import { truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { text } from '../../src/index.ts'
import { onEachListener } from '../support/listeners.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }

test('answers a header section that does not end with 408, and closes', async () => {
  await using started = await startServer(files, { limits: { headerMs: 100, requestMs: 1000 } })
  using client = await RawClient.open(started.port)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\nX-Slow: `)
  assert.equal((await client.reply()).status, 408)
  await client.closed()
})

test('closes a connection without a request silently', async () => {
  await using started = await startServer(files, { limits: { headerMs: 100, requestMs: 1000 } })
  using client = await RawClient.open(started.port)
  assert.equal((await client.closed()).length, 0)
})

test('answers content that does not arrive with 408, and closes', async () => {
  await using started = await startServer(files, { limits: { headerMs: 100, requestMs: 200 } })
  started.server.use(() => async (x) => {
    await x.body.drain()
    return text('whole')
  })
  using client = await RawClient.open(started.port)
  client.send(`POST /a.txt HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 5\r\n\r\nab`)
  assert.equal((await client.reply()).status, 408)
  await client.closed()
})

for (const idleMs of [100, 1200]) {
  test(`closes a connection that idles for ${idleMs} ms then, not a second later`, async () => {
    await using started = await startServer(files, { limits: { idleMs } })
    using client = await RawClient.open(started.port)
    client.send(`GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).status, 200)
    const since = performance.now()
    assert.equal((await client.closed()).length, 0)
    const ms = performance.now() - since
    assert.ok(ms < idleMs + 500, `${ms} ms`)
  })
}

test('states less idle time than it allows, so that no request meets the close', async () => {
  await using started = await startServer(files)
  using client = await RawClient.open(started.port)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  assert.equal((await client.reply()).field('keep-alive'), 'timeout=9')
})

test('closes the connection of a client that does not read its reply', async () => {
  await using started = await startServer({ 'large.bin': '' }, { limits: { writeMs: 100 } })
  await truncate(started.folder.join('large.bin'), 200_000_000)
  using client = await RawClient.open(started.port)
  const record = new Promise<boolean>((resolve) => started.server.on('reply', ({ aborted }) => resolve(aborted)))
  client.socket.pause()
  client.send(`GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  assert.equal(await record, true)
})

test('refuses more header fields than allowed, and drops none silently', async () => {
  await using started = await startServer(files, { limits: { headerCount: 20, headerBytes: 65_536 } })
  const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-${i}: y`)
  assert.equal((await rawGet(started.port, '/a.txt', lines(18))).status, 200)
  assert.equal((await rawGet(started.port, '/a.txt', lines(19))).status, 431)
  assert.equal((await rawGet(started.port, '/a.txt', lines(3000))).status, 431)
  // Node itself would keep the first thousand and drop the others.
  await using widest = await startServer(files, { limits: { headerCount: 1000, headerBytes: 65_536 } })
  assert.equal((await rawGet(widest.port, '/a.txt', lines(998))).status, 200)
  assert.equal((await rawGet(widest.port, '/a.txt', lines(1001))).status, 431)
})

test('lets a client read an error that arrives while it sends', async () => {
  await using started = await startServer(files, { limits: { bodyBytes: 1000 } })
  using client = await RawClient.open(started.port)
  client.send(`POST /a.txt HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 20000000\r\n\r\n`)
  const content = Buffer.alloc(100_000)
  for (let sent = 0; sent < 3_000_000; sent += content.length) client.send(content)
  const flushed = new Promise((resolve) => client.socket.write(content, resolve))
  await flushed
  assert.equal((await client.reply()).status, 413)
})

await onEachListener(files, {}, ({ isSecure, get }) => {
  test('refuses a header section larger than allowed', async () => {
    assert.equal((await get('/a.txt', [`Cookie: ${'c'.repeat(9000)}`])).status, 200)
    assert.equal((await get('/a.txt', [`Cookie: ${'c'.repeat(17_000)}`])).status, 431)
  })

  test('refuses a request-target longer than allowed', async () => {
    for (const length of [8193, 17_000]) {
      const reply = await get(`/${'a'.repeat(length)}`)
      // A TLS record holds 16 KiB: where Node's parser gives up, the beginning of the line is gone.
      assert.equal(reply.status, isSecure && length > 16_384 ? 431 : 414)
      assert.equal(reply.field('connection'), 'close')
    }
    assert.equal((await get(`/a.txt?${'a'.repeat(8000)}`)).status, 200)
  })
})

test('answers many or overlapping ranges with the full file', async () => {
  await using started = await startServer({ 'nums.txt': '123456789' })
  const many = Array.from({ length: 1000 }, (_, i) => `${i % 9}-`).join(',')
  const reply = await rawGet(started.port, '/nums.txt', [`Range: bytes=${many}`])
  assert.ok(reply.status === 200 || (reply.status === 206 && reply.body.length <= 9))
})
