import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Layer, ServeError } from '../../src/index.ts'
import { holdingLayer } from '../support/gate.ts'
import { ask, openSession } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const files = { 'a.txt': 'alpha', 'b.txt': 'beta' }
const link = '</style.css>; rel=preload; as=style'

/** Sends a 103 with a style sheet before the reply. */
const hinting: Layer = (next) => (x) => {
  x.inform(103, ['Link', link])
  return next(x)
}

function message(hostLine: string, target: string, version: string, ...lines: string[]): string {
  return [`GET ${target} HTTP/${version}`, hostLine, ...lines, '', ''].join('\r\n')
}

test('sends an interim reply at once, before the reply is made', async () => {
  const { layer, letGo } = holdingLayer()
  await using started = await startServer(files)
  started.server.use(hinting).use(layer)
  using client = await RawClient.open(started.port)
  const early = await client.send(message(started.hostLine, '/a.txt', '1.1')).reply()
  assert.equal(early.status, 103)
  assert.equal(early.reason, 'Early Hints')
  assert.deepEqual(early.fields, [['link', link]])
  letGo()
  const reply = await client.reply()
  assert.equal(reply.status, 200)
  assert.equal(reply.field('link'), '')
  assert.equal(reply.body.toString(), 'alpha')
})

test('sends several interim replies in order, and keeps the connection usable', async () => {
  await using started = await startServer(files)
  started.server.use(hinting).use((next) => (x) => {
    x.inform(102, [])
    return next(x)
  })
  using client = await RawClient.open(started.port)
  for (const [target, content] of [
    ['/a.txt', 'alpha'],
    ['/b.txt', 'beta'],
  ] as const) {
    client.send(message(started.hostLine, target, '1.1'))
    assert.equal((await client.reply()).status, 103)
    assert.equal((await client.reply()).status, 102)
    assert.equal((await client.reply()).body.toString(), content)
  }
})

test('sends no interim reply to HTTP/1.0', async () => {
  await using started = await startServer(files)
  started.server.use(hinting)
  using client = await RawClient.open(started.port)
  const reply = await client.send(message(started.hostLine, '/a.txt', '1.0')).reply()
  assert.equal(reply.status, 200)
  assert.equal(reply.body.toString(), 'alpha')
  assert.equal((await client.closed()).length, 0)
})

test('never sends an interim reply before the reply to an earlier request', async () => {
  const { layer, reached, letGo } = holdingLayer()
  await using started = await startServer(files)
  started.server.use((next) => {
    const held = layer(next)
    return (x) => (x.target.path === '/a.txt' ? held(x) : hinting(next)(x))
  })
  using client = await RawClient.open(started.port)
  client.send(message(started.hostLine, '/a.txt', '1.1') + message(started.hostLine, '/b.txt', '1.1'))
  await reached
  assert.equal(client.received.length, 0)
  letGo()
  assert.equal((await client.reply()).body.toString(), 'alpha')
  assert.equal((await client.reply()).status, 103)
  assert.equal((await client.reply()).body.toString(), 'beta')
})

test('drops an interim reply after the reply', async () => {
  await using started = await startServer(files)
  let late: () => void = () => {}
  started.server.use((next) => (x) => {
    late = () => x.inform(103, ['Link', link])
    return next(x)
  })
  using client = await RawClient.open(started.port)
  assert.equal((await client.send(message(started.hostLine, '/a.txt', '1.1')).reply()).status, 200)
  late()
  const reply = await client.send(message(started.hostLine, '/b.txt', '1.1')).reply()
  assert.equal(reply.status, 200)
  assert.equal(reply.body.toString(), 'beta')
})

test('refuses a value that would split an interim reply, and keeps running', async () => {
  await using started = await startServer(files)
  const errors: ServeError[] = []
  started.server.on('error', (error) => errors.push(error))
  started.server.use((next) => (x) => {
    x.inform(103, ['Link', decodeURIComponent(x.target.query)])
    return next(x)
  })
  using client = await RawClient.open(started.port)
  const target = '/a.txt?%0d%0a%0d%0aHTTP/1.1%20200%20OK'
  const reply = await client.send(message(started.hostLine, target, '1.1')).reply()
  assert.equal(reply.status, 500)
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['E8008_INTERNAL'],
  )
})

// RFC 9110 section 15.2. Without the check the client reads the final reply as that to its next request.
for (const status of [200, 404, 101, 99, 103.5, Number.NaN]) {
  test(`a layer cannot send ${status} as an interim reply`, async () => {
    await using started = await startServer(files, { h2c: true })
    const errors: string[] = []
    started.server.on('error', ({ message: text }) => errors.push(text))
    started.server.use((next) => (x) => {
      if (x.target.path === '/a.txt') x.inform(status, [])
      return next(x)
    })
    using client = await RawClient.open(started.port)
    assert.equal((await client.send(message(started.hostLine, '/a.txt', '1.1')).reply()).status, 500)
    assert.equal((await client.send(message(started.hostLine, '/b.txt', '1.1')).reply()).body.toString(), 'beta')
    using session = openSession(started.port)
    assert.equal((await ask(session, { ':path': '/a.txt' })).status, 500)
    assert.equal((await started.server.fetch('http://localhost/a.txt')).status, 500)
    assert.equal(errors.length, 3)
    for (const text of errors)
      assert.match(text, new RegExp(`${status} is not the status of an interim reply; use 103`))
  })
}

for (const [name, lines, stays] of [
  ['is closed after its reply', [], false],
  ['stays open when the client asks for it', ['Connection: keep-alive'], true],
] as const) {
  test(`an HTTP/1.0 connection ${name}`, async () => {
    await using started = await startServer(files)
    using client = await RawClient.open(started.port)
    const reply = await client.send(message(started.hostLine, '/a.txt', '1.0', ...lines)).reply()
    assert.equal(reply.body.toString(), 'alpha')
    if (stays) {
      assert.equal(reply.field('connection'), 'keep-alive')
      const again = await client.send(message(started.hostLine, '/b.txt', '1.0')).reply()
      assert.equal(again.body.toString(), 'beta')
    }
    assert.equal((await client.closed()).length, 0)
  })
}

test('sends content without a length to HTTP/1.0 without chunks, ended by the close', async () => {
  await using started = await startServer({ 'large.txt': 'text '.repeat(20_000) })
  using client = await RawClient.open(started.port)
  const reply = await client.send(message(started.hostLine, '/large.txt', '1.0', 'Accept-Encoding: gzip')).reply()
  assert.equal(reply.status, 200)
  assert.equal(reply.field('transfer-encoding'), '')
  if (reply.field('content-encoding') === '') return assert.equal(reply.body.length, 100_000)
  const { gunzipSync } = await import('node:zlib')
  const received = Buffer.concat([reply.body, await client.closed()])
  assert.equal(gunzipSync(received).length, 100_000)
})
