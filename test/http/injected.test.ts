import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createServer as createHttp2Server } from 'node:http2'
import fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ServeError, Server8008, ServeOptions } from '../../src/index.ts'
import { host, openSite, type EmbeddedSite } from '../support/frameworks.ts'

const large = Buffer.alloc(3_000_000, 'l')
const files = { 'index.html': '<title>home</title>', 'a.txt': 'alpha', 'large.bin': large, 'sub/index.html': 'sub' }
const headers = { host: 'localhost' }

/** What is needed of a server of HTTP/2. */
interface Http2Host {
  listen(port: number, address: string, ready: () => void): unknown
  address(): unknown
  close(): void
}

/** A site in front of Fastify's own routes. */
async function openFastify(options: ServeOptions = {}): Promise<EmbeddedSite & { readonly app: FastifyInstance }> {
  const opened = await openSite(files, options)
  const app = fastify()
  app.addHook('onRequest', (request, reply, done) => opened.site.handler(request.raw, reply.raw, done))
  app.get('/api/hello', async () => ({ hello: 'world' }))
  app.post('/api/echo', async (request) => request.body)
  app.options('/api/hello', async (_, reply) => await reply.code(204).header('x-from', 'fastify').send())
  return {
    ...opened,
    app,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await opened[Symbol.asyncDispose]()
    },
  }
}

/** Fastify with nothing but a handler of node:http, which `inject` (light-my-request) calls without a connection. */
function injectorOf(handler: Server8008['handler']): FastifyInstance {
  return fastify().addHook('onRequest', (request, reply, _done) => handler(request.raw, reply.raw))
}

function failuresOf(site: Server8008): ServeError[] {
  const failures: ServeError[] = []
  site.on('error', (error) => failures.push(error))
  return failures
}

test('Fastify: what is injected gets files, ranges and redirects, and the rest goes to its routes', async () => {
  await using opened = await openFastify()
  const { app, site } = opened
  const failures = failuresOf(site)
  assert.equal((await app.inject({ url: '/a.txt', headers })).body, 'alpha')
  assert.ok((await app.inject({ url: '/large.bin', headers })).rawPayload.equals(large))
  assert.equal((await app.inject({ url: '/large.bin', method: 'HEAD', headers })).headers['content-length'], '3000000')
  const part = await app.inject({ url: '/a.txt', headers: { ...headers, range: 'bytes=1-2' } })
  assert.deepEqual([part.statusCode, part.body], [206, 'lp'])
  assert.equal((await app.inject({ url: '/sub?x', headers })).headers.location, '/sub/?x')
  assert.deepEqual((await app.inject({ url: '/api/hello', headers })).json(), { hello: 'world' })
  const echoed = await app.inject({ url: '/api/echo', method: 'POST', payload: { a: 1 }, headers })
  assert.deepEqual(echoed.json(), { a: 1 })
  assert.equal((await app.inject({ url: '/api/hello', method: 'OPTIONS', headers })).headers['x-from'], 'fastify')
  assert.equal((await app.inject({ url: '/nope', headers })).statusCode, 404)
  assert.equal((await app.inject({ url: '/a.txt', headers: { host: 'evil.test' } })).statusCode, 421)
  assert.deepEqual(failures, [])
})

test('Fastify: what is injected is forwarded, with content of any size', async () => {
  await using upstream = await host((request, response) => void request.pipe(response))
  await using opened = await openFastify({ proxy: { '/up': upstream.port } })
  const { app, site } = opened
  const failures = failuresOf(site)
  const small = await app.inject({ url: '/up', method: 'PUT', payload: 'hello', headers })
  assert.equal(small.body, 'hello')
  const big = await app.inject({ url: '/up', method: 'POST', payload: large, headers })
  assert.ok(big.rawPayload.equals(large))
  assert.deepEqual(failures, [])
})

test('Fastify: over a port it is the same', async () => {
  await using opened = await openFastify()
  const address = await opened.app.listen({ port: 0, host: '127.0.0.1' })
  assert.equal(await (await fetch(`${address}/a.txt`)).text(), 'alpha')
  assert.deepEqual(await (await fetch(`${address}/api/hello`)).json(), { hello: 'world' })
})

test('what is injected into the handler alone is answered, with refusals and content that no handler reads', async () => {
  await using opened = await openSite(files)
  const failures = failuresOf(opened.site)
  const app = injectorOf(opened.site.handler)
  assert.equal((await app.inject({ url: '/', headers })).body, '<title>home</title>')
  assert.equal((await app.inject({ url: '/nope', headers })).statusCode, 404)
  assert.equal((await app.inject({ url: '/a.txt', method: 'POST', payload: large, headers })).statusCode, 405)
  assert.equal((await app.inject({ url: '/a.txt', method: 'OPTIONS', headers })).statusCode, 204)
  const streamed = await app.inject({ url: '/large.bin', headers, payloadAsStream: true })
  let bytes = 0
  for await (const chunk of streamed.stream()) bytes += (chunk as Buffer).byteLength
  assert.equal(bytes, large.byteLength)
  assert.deepEqual(failures, [])
})

test('a layer that waits for the connection to close does not fail where there is none', async () => {
  await using opened = await openSite(files)
  const failures = failuresOf(opened.site)
  opened.site.use((next) => (x) => {
    x.whenGone(() => {})
    assert.equal(x.signal.aborted, false)
    assert.equal(x.peer.encrypted, false)
    x.inform(103, ['Link', '</a.css>; rel=preload'])
    return next(x)
  })
  assert.equal((await injectorOf(opened.site.handler).inject({ url: '/a.txt', headers })).body, 'alpha')
  assert.deepEqual(failures, [])
})

for (const [what, host] of [
  ['node:http2', (handler) => createHttp2Server(handler as never)],
  [
    'Fastify over HTTP/2',
    (handler) => {
      const app = fastify({ http2: true }).addHook('onRequest', (request, reply, done) =>
        handler(request.raw as never, reply.raw as never, done),
      )
      return {
        listen: (_, address, ready) => void app.listen({ port: 0, host: address }).then(ready),
        address: () => app.server.address(),
        close: () => void app.close(),
      }
    },
  ],
] as readonly (readonly [string, (handler: Server8008['handler']) => Http2Host])[]) {
  test(`${what} gets no reply of ours but the reason, whatever is asked for`, async () => {
    await using opened = await openSite(files)
    const server = host(opened.site.handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connect(`http://localhost:${(server.address() as AddressInfo).port}`)
    for (const path of ['/a.txt', '/nope']) {
      const stream = session.request({ ':path': path })
      let status: number | undefined
      stream.on('response', (head) => (status = head[':status']))
      const body = await text(stream)
      assert.equal(status, 505, body)
      assert.match(body, /^The handler does not support node:http2; HTTP\/2 needs a port of serve8008\.$/m)
      assert.match(body, /E8008_HTTP_VERSION {3}Listen with tls: true, or answer with server\.tryFetch\(request\)/)
    }
    session.close()
    server.close()
  })
}
