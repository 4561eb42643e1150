import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { readsContent } from '../../src/http/h1/declined-upgrade.ts'
import { startBackend } from '../support/backend.ts'
import { createGate } from '../support/gate.ts'
import { fetchSession } from '../support/live-page.ts'
import { RawClient } from '../support/raw.ts'
import { openSecure, startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

// `docker attach` and `docker exec` switch to a raw stream with a POST: RFC 9110 section 7.8 allows it for any method
// once the request is complete.
const switching = 'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n'
const answer = `${switching}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const exec = '{"Detach":false,"Tty":true}'

function ask(hostLine: string, lines: readonly string[], method = 'POST', token = 'tcp'): string {
  const upgrade = ['Connection: Upgrade', `Upgrade: ${token}`]
  return [`${method} /exec/1/start HTTP/1.1`, hostLine, ...upgrade, ...lines, '', ''].join('\r\n')
}

const proxyTo = (port: number): object => ({ proxy: { '/': `http://127.0.0.1:${port}` } })

const contents: readonly [name: string, method: string, content: string][] = [
  ['POST without content', 'POST', ''],
  ['POST with JSON', 'POST', exec],
  ['PUT with content', 'PUT', 'x'],
  ['GET with content', 'GET', exec],
  ['POST with 65,535 bytes', 'POST', 'x'.repeat(65_535)],
]

for (const [name, method, content] of contents) {
  for (const cut of ['at once', 'in pieces'] as const) {
    test(`${name} ${cut} switches to another protocol`, async () => {
      await using backend = await startBackend()
      await using front = await startServer({}, proxyTo(backend.port))
      using client = await RawClient.open(front.port)
      const head = ask(front.hostLine, [`Content-Length: ${content.length}`], method)
      if (cut === 'at once') client.send(`${head}${content}ahead`)
      else {
        client.send(head)
        for (let at = 0; at < content.length; at += 10_000) client.send(content.slice(at, at + 10_000))
      }
      const upstream = await backend.next()
      assert.ok(await upstream.sees(`\r\n\r\n${content}`))
      const sent = upstream.text
      assert.match(sent, new RegExp(`^${method} /exec/1/start HTTP/1.1\r\n`))
      assert.match(sent, /\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/)
      if (content !== '') assert.match(sent, new RegExp(`\r\nContent-Length: ${content.length}\r\n`))
      assert.doesNotMatch(sent, /transfer-encoding|ahead/i)
      upstream.send(`${answer}hello`)
      const reply = await client.reply()
      assert.equal(`${reply.status} ${reply.reason}`, '101 UPGRADED')
      assert.equal(reply.field('content-type'), 'application/vnd.docker.raw-stream')
      await client.sees('hello')
      if (cut === 'at once') assert.ok(await upstream.sees('ahead'))
      client.send('typed')
      assert.ok(await upstream.sees('typed'))
    })
  }
}

test('POST with content switches under TLS', async () => {
  await using backend = await startBackend()
  await using front = await startSecure({}, proxyTo(backend.port))
  using client = await openSecure(front)
  client.send(`${ask(front.secureLine, [`Content-Length: ${exec.length}`])}${exec}`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees(exec))
  upstream.send(answer)
  assert.equal((await client.reply()).status, 101)
  upstream.send('hello')
  await client.sees('hello')
})

test('forwards the response of a backend that rejects the switch', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, proxyTo(backend.port))
  using client = await RawClient.open(front.port)
  client.send(`${ask(front.hostLine, [`Content-Length: ${exec.length}`])}${exec}`)
  const upstream = await backend.next()
  assert.ok(await upstream.sees(exec))
  upstream.send('HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno')
  const reply = await client.reply()
  assert.equal(`${reply.status} ${reply.body.toString()}`, '409 no')
})

// Content that is long, incomplete or of unknown length, and upgrades to HTTP/2, stay ordinary requests.
const ordinary: readonly [name: string, lines: readonly string[], content: string, token?: string][] = [
  ['64 KiB', ['Content-Length: 65536'], 'x'.repeat(65_536)],
  ['chunks', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  ['a wish for h2c', ['HTTP2-Settings: AAMAAABk', 'Content-Length: 5'], 'hello', 'h2c'],
]

for (const [name, lines, content, token] of ordinary) {
  test(`forwards POST with ${name} without its upgrade`, async () => {
    await using backend = await startBackend()
    await using front = await startServer({}, proxyTo(backend.port))
    using client = await RawClient.open(front.port)
    client.send(`${ask(front.hostLine, lines, 'POST', token)}${content}`)
    const upstream = await backend.next()
    assert.ok(await upstream.sees(content))
    assert.doesNotMatch(upstream.text, /\r\n(?:upgrade|http2-settings):/i)
    upstream.send(ok)
    assert.equal((await client.reply()).body.toString(), 'ok')
  })
}

// Since version 26 Node itself ends such a connection, without a reply (RFC 9112 section 8 allows both).
test('a client that disconnects before its content is complete reaches no backend', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, proxyTo(backend.port))
  using client = await RawClient.open(front.port)
  client.send(`${ask(front.hostLine, ['Content-Length: 10'])}hello`)
  client.socket.end()
  if (!readsContent) assert.equal((await client.reply()).status, 400)
  assert.equal((await client.closed()).length, 0)
  assert.equal(backend.sockets.length, 0)
})

test('sends 408 if the content does not arrive in time', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, { ...proxyTo(backend.port), limits: { requestMs: 100 } })
  using client = await RawClient.open(front.port)
  client.send(`${ask(front.hostLine, ['Content-Length: 10'])}hello`)
  assert.equal((await client.reply()).status, 408)
  await client.closed()
  assert.equal(backend.sockets.length, 0)
})

test('an upgrade with content outside of every route is an ordinary request', async () => {
  await using front = await startServer({ 'a.txt': 'a' })
  using client = await RawClient.open(front.port)
  client.send(`${ask(front.hostLine, ['Content-Length: 5'])}hello`)
  assert.equal((await client.reply()).status, 405)
  await client.closed()
})

test('an embedding program can read the content of an upgrade', async () => {
  await using front = await startServer({})
  front.server.use(() => async (x) => {
    let text = ''
    for await (const chunk of x.body.stream()) text += String(chunk)
    return { status: 200, headers: [], body: Buffer.from(text) }
  })
  using client = await RawClient.open(front.port)
  client.send(`${ask(front.hostLine, ['Content-Length: 5'])}hello`)
  assert.equal((await client.reply()).body.toString(), 'hello')
})

for (const [name, sent, status] of [
  ['opens', 'helloworld', 101],
  ['refuses', 'hello', readsContent ? undefined : 400],
] as const) {
  test(`${name} a socket of live reload whose request has ${sent.length} of 10 bytes of content`, async () => {
    await using front = await startServer({}, { live: true })
    const { token } = await fetchSession(front.port)
    using client = await RawClient.open(front.port)
    const own = `Origin: http://localhost:${front.port}`
    const lines = ['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${btoa('x'.repeat(16))}`, 'Content-Length: 10', own]
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', ...lines]
    client.send([`GET /__serve8008/socket?token=${token} HTTP/1.1`, front.hostLine, ...upgrade, '', ''].join('\r\n'))
    client.send(sent)
    if (status !== 101) client.socket.end()
    if (status === undefined) assert.equal((await client.closed()).length, 0)
    else assert.equal((await client.reply()).status, status)
  })
}

// Node loses what comes behind the content in the same packet (22 and later).
for (const [name, lines, content, token] of [
  ['a wish for h2c', ['Content-Length: 5'], 'hello', 'h2c'],
  ['chunks', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n', 'tcp'],
  ['Expect', ['Expect: 100-continue', 'Content-Length: 5'], 'hello', 'tcp'],
] as const) {
  test(`reads no request behind a declined upgrade with ${name}`, async () => {
    await using front = await startServer({ 'a.txt': 'alpha' })
    const records: string[] = []
    front.server.on('reply', ({ target, status }) => records.push(`${target} ${status}`))
    using client = await RawClient.open(front.port)
    const inner = `GET /a.txt HTTP/1.1\r\n${front.hostLine}\r\n\r\n`
    const second = `POST /second HTTP/1.1\r\n${front.hostLine}\r\nContent-Length: ${inner.length}\r\n\r\n`
    client.send(`${ask(front.hostLine, lines, 'POST', token)}${content}${second}`)
    const reply = await client.reply()
    assert.deepEqual([reply.status, reply.field('connection')], [405, 'close'])
    client.send(inner)
    assert.equal((await client.closed()).length, 0)
    assert.deepEqual(records, ['/exec/1/start 405'])
  })
}

test('closes a connection that sends too much before its upgrade is answered', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, proxyTo(backend.port))
  using client = await RawClient.open(front.port)
  client.send(ask(front.hostLine, ['Content-Length: 0']))
  const upstream = await backend.next()
  await upstream.head()
  client.socket.on('error', () => {}).write(Buffer.alloc(300_000))
  await client.closed()
  await backend.quiet()
})

test('a layer that reads no content takes over every byte behind it', async () => {
  await using front = await startServer({})
  const [sent, tunneled] = [createGate(), createGate()]
  const behind = 300_000
  let bytes = 0
  const count = (chunk: Uint8Array): void => {
    bytes += chunk.byteLength
    if (bytes === behind) tunneled.open()
  }
  front.server.use(() => async () => {
    await sent.opened
    const takeover = (socket: Duplex, head: Uint8Array): void => {
      count(head)
      socket.on('data', count).on('end', () => socket.end())
    }
    return { status: 101, headers: ['Upgrade', 'tcp'], body: null, takeover }
  })
  using client = await RawClient.open(front.port)
  client.send(ask(front.hostLine, ['Content-Length: 65535']))
  client.socket.write(Buffer.alloc(65_535), () => setImmediate(() => setImmediate(sent.open)))
  assert.equal((await client.reply()).status, 101)
  client.send(Buffer.alloc(behind))
  await tunneled.opened
})
