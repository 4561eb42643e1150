import assert from 'node:assert/strict'
import { createServer as createNodeServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from '../../src/index.ts'
import { answering } from '../support/backend.ts'
import { rawGet, rawRequest, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

// Service Workers section 6.4: browsers ask for the script of a worker with this field.
const asWorker = [
  'Service-Worker: script',
  'Sec-Fetch-Dest: serviceworker',
  'Sec-Fetch-Mode: same-origin',
  'Accept: */*',
]

test('a missing service worker is replaced by one that unregisters itself', async () => {
  for (const options of [{}, { live: false }, { single: true }, { isolate: true }]) {
    await using started = await startServer({ 'index.html': 'home', '404.html': 'gone' }, options)
    const reply = await rawGet(started.port, '/old/sw.js', asWorker)
    assert.equal(reply.status, 200)
    assert.match(textOf(reply), /registration\s*\.unregister\(\)/)
    assert.equal(reply.field('content-type'), 'text/javascript; charset=utf-8')
    assert.equal(reply.field('cache-control'), 'no-store')
    assert.equal(reply.field('service-worker-allowed'), '/')
    if (options.isolate === true) assert.equal(reply.field('cross-origin-embedder-policy'), 'require-corp')
  }
})

test('a script, a path of the program and every other request are unchanged', async () => {
  await using started = await startServer({ 'index.html': 'home', 'sw.js': 'mine', '.env': 'secret' })
  started.server.use(
    (next) => (x) => (x.target.path === '/layer.js' ? { status: 404, headers: [], body: null } : next(x)),
  )
  assert.equal(textOf(await rawGet(started.port, '/sw.js', asWorker)), 'mine')
  assert.equal((await rawGet(started.port, '/layer.js', asWorker)).status, 404)
  assert.equal((await rawGet(started.port, '/a%2fb.js', asWorker)).status, 400)
  assert.equal((await rawGet(started.port, '/old.js')).status, 404)
  assert.equal((await rawGet(started.port, '/old.js', ['Sec-Fetch-Dest: script'])).status, 404)
  assert.equal((await rawGet(started.port, '/old.js', ['Service-Worker-Navigation-Preload: true'])).status, 404)
  const head = `HEAD /old.js HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n${asWorker.join('\r\n')}\r\n\r\n`
  assert.equal((await rawRequest(started.port, head, 'HEAD')).status, 404)
  assert.doesNotMatch(textOf(await rawGet(started.port, '/.env', asWorker)), /secret/)
})

test('replies of upstreams and fixed replies are unchanged', async () => {
  await using backend = await answering('HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nnot here')
  await using started = await startServer(
    { 'index.html': 'home' },
    {
      proxy: { '/app': `http://127.0.0.1:${backend.port}` },
      routes: [{ match: { path: '/fixed' }, reply: { status: 404, body: 'fixed' } }],
    },
  )
  assert.deepEqual(await statusAndText(started.port, '/app/sw.js'), [404, 'not here'])
  assert.deepEqual(await statusAndText(started.port, '/fixed/sw.js'), [404, 'fixed'])
})

test('an embedding server answers for its own workers', async () => {
  await using started = await startServer({})
  const site = createServer({ root: started.folder.path })
  const warnings: string[] = []
  site.on('warning', ({ code }) => warnings.push(code))
  const outer = createNodeServer((request, response) =>
    site.handler(request, response, () => response.end(`its own ${request.url}`)),
  )
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve))
  const { port } = outer.address() as AddressInfo
  try {
    assert.equal(textOf(await rawGet(port, '/sw.js', asWorker)), 'its own /sw.js')
    assert.deepEqual(warnings, [])
  } finally {
    outer.close()
    await site.close()
  }
})

test('each missing worker is reported once, and no more than twenty', async () => {
  await using started = await startServer({})
  const warnings: string[] = []
  started.server.on('warning', ({ code, message }) => warnings.push(`${code} ${message}`))
  for (let i = 0; i < 2; i++) await rawGet(started.port, '/sw.js', asWorker)
  assert.deepEqual(warnings, ['W8008_WORKER A browser requested the service worker /sw.js, which does not exist.'])
  for (let i = 0; i < 30; i++) await rawGet(started.port, `/${i}.js`, asWorker)
  assert.equal(warnings.length, 20)
})

async function statusAndText(port: number, target: string): Promise<[number, string]> {
  const reply = await rawGet(port, target, asWorker)
  return [reply.status, textOf(reply)]
}

function textOf({ body }: RawReply): string {
  return body.toString()
}
