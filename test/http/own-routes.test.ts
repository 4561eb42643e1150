import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer, isServeError } from '../../src/index.ts'
import { deadPort } from '../support/free-port.ts'
import { rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const isOwn = (error: unknown): boolean =>
  isServeError(error) && error.code === 'E8008_CONFIG_INVALID' && / of \S+ is this server itself\.$/.test(error.message)

test('a route to the server itself is refused while it runs, and the routes stay', async () => {
  await using started = await startServer(
    { 'a.txt': 'alpha' },
    { routes: [{ match: { path: '/x' }, reply: { body: 'x' } }] },
  )
  const { server, port } = started
  const before = server.routes.list()
  assert.throws(() => server.routes.add({ match: { path: '/api' }, proxy: port }), isOwn)
  assert.throws(() => server.routes.replace({ proxy: { '/api': `http://127.0.0.1:${port}/v1` } }), isOwn)
  assert.throws(() => server.routes.replace({ proxy: { '/api': `http://0.0.0.0:${port}` } }), isOwn)
  assert.deepEqual(server.routes.list(), before)
  assert.equal((await rawGet(port, '/x')).body.toString(), 'x')
})

test('listen fails when a route added before it points to the server itself', async () => {
  using folder = await new TempFolder().write({ 'a.txt': 'alpha' })
  const port = await deadPort()
  const server = createServer({ root: folder.path, port, host: '127.0.0.1' })
  server.routes.add({ id: 'api', match: { path: '/api' }, proxy: port })
  await assert.rejects(server.listen(), isOwn)
  assert.equal(server.port, undefined)
  server.routes.remove('api')
  assert.equal((await server.listen()).port, port, 'its port was given back')
  await server.close()
})

test('a route to another port, and to another address with the same one, is taken', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const { server, port } = started
  server.routes.add({ match: { path: '/a' }, proxy: port === 65_535 ? 1 : port + 1 })
  server.routes.add({ match: { path: '/b' }, proxy: `http://example.test:${port}` })
  assert.equal(server.routes.list().length, 2)
})
