import assert from 'node:assert/strict'
import { createServer as createNodeServer } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { H3, toNodeHandler } from 'h3'
import { createServer, type Body, type Reply, type Server8008 } from '../../src/index.ts'
import { host } from '../support/frameworks.ts'

/** A server that answers everything with this reply. */
function answering(reply: Reply): Server8008 {
  return createServer().use(() => () => reply)
}

const bytes = Buffer.from('abc')
// RFC 9110 section 8.6: one length, that of the content, and none beside a 204.
for (const [name, reply, method, length] of [
  ['named by the reply too', { status: 200, headers: ['content-length', '3'], body: bytes }, 'GET', '3'],
  ['named wrongly', { status: 200, headers: ['Content-Length', '1'], body: bytes }, 'GET', '3'],
  ['of a HEAD', { status: 200, headers: ['content-length', '3'], body: bytes }, 'HEAD', '3'],
  ['of a HEAD without content', { status: 200, headers: ['content-length', '3'], body: null }, 'HEAD', '3'],
  ['of a stream', { status: 200, headers: ['content-length', '3'], body: Readable.from([bytes]) }, 'GET', null],
  ['of a 204', { status: 204, headers: ['content-length', '3'], body: bytes }, 'GET', null],
] as const) {
  test(`fetch states the length once: ${name}`, async () => {
    await using server = answering(reply)
    const response = await server.fetch('http://localhost/', { method })
    assert.equal(response.headers.get('content-length'), length)
    await response.body?.cancel()
  })
}

test('fetch omits the fields that frame a message', async () => {
  await using server = answering({
    status: 200,
    headers: ['Transfer-Encoding', 'chunked', 'Connection', 'close', 'Keep-Alive', 'timeout=5', 'X-A', 'b'],
    body: bytes,
  })
  const response = await server.fetch('http://localhost/')
  assert.deepEqual(
    [...response.headers.keys()].filter((name) => /^(trans|conn|keep|x-)/.test(name)),
    ['x-a'],
  )
})

// RFC 9110 section 15: a client treats a status that it does not know as the first of its class; `new Response()` takes none above 599.
for (const status of [600, 777, 999]) {
  test(`fetch and tryFetch answer with the status ${status} of a program`, async () => {
    await using server = answering({ status, reason: 'Odd', headers: ['X-A', 'b'], body: bytes })
    for (const name of ['fetch', 'tryFetch'] as const) {
      const response = await server[name]('http://localhost/')
      assert.ok(response)
      assert.deepEqual([response.status, response.statusText, response.ok], [status, 'Odd', false])
      assert.equal(response.headers.get('x-a'), 'b')
      const copy = response.clone().clone()
      assert.deepEqual([copy.status, await copy.text(), await response.text()], [status, 'abc', 'abc'])
    }
  })
}

test('fetch and tryFetch state the length of a forwarded reply once', async () => {
  await using upstream = await host((_request, response) =>
    response.writeHead(200, { 'content-length': 13 }).end('from upstream'),
  )
  await using server = createServer({ proxy: { '/up': upstream.port } })
  for (const name of ['fetch', 'tryFetch'] as const) {
    const response = await server[name]('http://localhost/up')
    assert.equal(response?.headers.get('content-length'), '13')
    assert.equal(await response.text(), 'from upstream')
    assert.equal((await server[name]('http://localhost/up', { method: 'HEAD' }))?.headers.get('content-length'), '13')
  }
})

test('a framework that writes a forwarded Response sends a valid message', async () => {
  await using upstream = await host((_request, response) => response.end('from upstream'))
  await using server = createServer({ proxy: { '/up': upstream.port } })
  const app = new H3().use((event) => server.tryFetch(event.req))
  const program = createNodeServer(toNodeHandler(app))
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve))
  const { port } = program.address() as { port: number }
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/up`)).text(), 'from upstream')
  program.closeAllConnections()
  await new Promise((resolve) => program.close(resolve))
})

for (const [name, body] of [
  ['text', () => Readable.from(['al', 'pha'])],
  ['bytes', () => Readable.from([Buffer.from('al'), Buffer.from('pha')])],
] as const satisfies readonly (readonly [string, () => Body])[]) {
  test(`fetch reads a stream of ${name}, as a connection does`, async () => {
    await using server = answering({ status: 200, headers: [], body: body() })
    assert.equal(await (await server.fetch('http://localhost/')).text(), 'alpha')
  })
}

// https://fetch.spec.whatwg.org/#dom-global-fetch: an aborted signal rejects with its reason.
test('fetch rejects with the reason of a signal that was aborted before', async () => {
  await using server = createServer().use(() => () => assert.fail('the request was handled'))
  const reason = new Error('no longer needed')
  await assert.rejects(server.fetch('http://localhost/', { signal: AbortSignal.abort(reason) }), reason)
})

test('fetch rejects with the reason of a signal that aborts before the reply', async () => {
  const controller = new AbortController()
  await using upstream = await host(() => controller.abort(new Error('too slow')))
  await using server = createServer({ proxy: { '/up': upstream.port } })
  await assert.rejects(server.fetch('http://localhost/up', { signal: controller.signal }), /too slow/)
})

test('content rejects with the reason of a signal that aborts half-way', async () => {
  await using upstream = await host((_request, response) => response.write('begun'))
  await using server = createServer({ proxy: { '/up': upstream.port } })
  const controller = new AbortController()
  const response = await server.fetch('http://localhost/up', { signal: controller.signal })
  const reader = response.body?.getReader()
  assert.equal(String(Buffer.from((await reader?.read())?.value ?? '')), 'begun')
  controller.abort(new Error('too slow'))
  await assert.rejects(async () => await reader?.read(), /too slow/)
})
