import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createServer, type Server8008, type ServeOptions } from '../../src/index.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { RawUpstream } from '../support/upstream.ts'

const large = 4_000_000

interface Site extends AsyncDisposable {
  readonly server: Server8008
  readonly folder: TempFolder
  get(target: string, init?: RequestInit): Promise<Response>
}

async function openSite(options: ServeOptions = {}): Promise<Site> {
  const folder = await new TempFolder().write({
    'index.html': '<title>home</title>',
    'a.txt': 'alpha',
    'large.bin': Buffer.alloc(large, 'l'),
  })
  const server = createServer({ root: folder.path, ...options })
  return {
    server,
    folder,
    get: (target, init) => server.fetch(new Request(`http://localhost${target}`, init)),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Open descriptors below a folder, which Linux alone tells. */
function openBelow(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      return false
    }
  }).length
}

test('fetch answers a file without a port', async () => {
  await using site = await openSite()
  const response = await site.get('/a.txt')
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(response.headers.get('content-length'), '5')
  assert.equal(await response.text(), 'alpha')
  assert.equal(await (await site.get('/')).text(), '<title>home</title>')
  assert.equal(site.server.port, undefined)
})

test('fetch answers HEAD with the header section alone', async () => {
  await using site = await openSite()
  for (const [target, length] of [
    ['/a.txt', 5],
    ['/large.bin', large],
  ] as const) {
    const response = await site.get(target, { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-length'), String(length))
    assert.equal(response.body, null)
  }
})

test('fetch answers ranges, preconditions, missing files and errors', async () => {
  await using site = await openSite()
  const part = await site.get('/a.txt', { headers: { range: 'bytes=1-2' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), 'bytes 1-2/5')
  assert.equal(await part.text(), 'lp')
  const etag = (await site.get('/a.txt')).headers.get('etag') ?? ''
  const same = await site.get('/a.txt', { headers: { 'if-none-match': etag } })
  assert.equal(same.status, 304)
  assert.equal(same.body, null)
  const missing = await site.get('/missing', { headers: { accept: 'application/json' } })
  assert.equal(missing.status, 404)
  assert.equal(((await missing.json()) as { code: string }).code, 'E8008_NOT_FOUND')
  assert.equal((await site.get('/a.txt', { method: 'PUT', body: 'beta' })).status, 405)
  assert.equal((await site.server.fetch(new Request('http://evil.test/a.txt'))).status, 421)
})

test('fetch streams a large file', async () => {
  await using site = await openSite()
  const response = await site.get('/large.bin')
  assert.equal(response.headers.get('content-length'), String(large))
  const bytes = new Uint8Array(await response.arrayBuffer())
  assert.equal(bytes.byteLength, large)
  assert.ok(bytes.every((byte) => byte === 108))
})

const linux = process.platform === 'linux' ? false : 'the descriptors of a process are not shown here'

for (const [name, leave] of [
  ['cancelled', (response: Response) => response.body?.cancel()],
  [
    'cancelled half-way',
    async (response: Response) => {
      const reader = response.body?.getReader()
      await reader?.read()
      await reader?.cancel()
    },
  ],
] as const) {
  test(`closes the file of a stream that is ${name}`, { skip: linux }, async () => {
    await using site = await openSite()
    const response = await site.get('/large.bin')
    assert.equal(openBelow(site.folder.path), 1)
    await leave(response)
    while (openBelow(site.folder.path) > 0) await turn()
  })
}

test('closes the file of a stream whose request is aborted', { skip: linux }, async () => {
  await using site = await openSite()
  const controller = new AbortController()
  const response = await site.get('/large.bin', { signal: controller.signal })
  controller.abort()
  await assert.rejects(response.arrayBuffer())
  while (openBelow(site.folder.path) > 0) await turn()
})

test('gives layers the content of a fetched request, up to the limit', async () => {
  await using site = await openSite({ limits: { bodyBytes: 10 } })
  site.server.use((next) => async (x) => {
    if (x.method !== 'POST') return next(x)
    const chunks: Buffer[] = []
    for await (const chunk of x.body.stream()) chunks.push(chunk as Buffer)
    return { status: 201, headers: [], body: Buffer.concat(chunks) }
  })
  const posted = await site.get('/notes', { method: 'POST', body: 'hello' })
  assert.equal(posted.status, 201)
  assert.equal(await posted.text(), 'hello')
  assert.equal((await site.get('/notes', { method: 'POST', body: 'too much to take' })).status, 413)
})

test('fetch works beside listening, with the same pipeline', async () => {
  await using site = await openSite({ port: 0, host: '127.0.0.1', headers: { 'x-site': 'yes' } })
  const { url } = await site.server.listen()
  const over = await fetch(new URL('a.txt', url))
  const beside = await site.get('/a.txt')
  for (const name of ['etag', 'x-site', 'cache-control']) {
    assert.equal(beside.headers.get(name), over.headers.get(name), name)
  }
  assert.equal(await beside.text(), await over.text())
})

test('frees unread bodies when the server closes', { skip: linux }, async () => {
  using folder = await new TempFolder().write({ 'large.bin': Buffer.alloc(3_000_000) })
  const server = createServer({ root: folder.path })
  for (let i = 0; i < 20; i++) assert.equal((await server.fetch(new Request('http://localhost/large.bin'))).status, 200)
  assert.equal(openBelow(folder.path), 20)
  await server.close()
  // A close is under way in the thread pool; one that never comes is ended by the runner's deadline.
  while (openBelow(folder.path) > 0) await turn()
})

for (const [name, init, message] of [
  ['longer', { body: 'hello', headers: { 'content-length': '3' } }, /more bytes than its Content-Length says: 3/],
  ['shorter', { body: 'hello', headers: { 'content-length': '9' } }, /5 bytes, and its Content-Length says 9/],
  ['missing', { headers: { 'content-length': '9' } }, /0 bytes, and its Content-Length says 9/],
  ['of a stream that fails', { body: failing(), duplex: 'half' } as RequestInit, /^the disk is gone$/],
] as const) {
  test(`content that is ${name} rejects with the caller's error, and names no upstream`, async () => {
    await using upstream = await RawUpstream.answering(() => {})
    const handler = async (request: Request): Promise<Response> => new Response(await request.text())
    const proxy = { '/h1': upstream.port, '/buffered': { to: upstream.port, buffer: true } }
    await using site = await openSite({ proxy, routes: [{ match: { path: '/own' }, handler }] })
    for (const path of ['/h1', '/buffered', '/own']) {
      const body = name === 'of a stream that fails' ? { body: failing() } : {}
      await assert.rejects(site.get(path, { method: 'POST', ...init, ...body }), { message }, path)
    }
  })
}

/** Content whose second part cannot be read. */
function failing(): ReadableStream<Uint8Array> {
  let parts = 0
  return new ReadableStream({
    pull(controller) {
      if (parts++ > 0) throw new Error('the disk is gone')
      controller.enqueue(Buffer.from('hello'))
    },
  })
}

test('checks the Host field of the request', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const ask = (host: string): Promise<Response> =>
    started.server.fetch(new Request('http://localhost/a.txt', { headers: { host } }))
  assert.equal((await ask('localhost:99')).status, 200)
  assert.equal((await ask('evil.test')).status, 421)
})
