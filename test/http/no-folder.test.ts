import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { createServer, isServeError } from '../../src/index.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const options = { root: false, routes: [{ match: { exact: '/known' }, reply: { body: 'known' } }] } as const

describe('root: false', () => {
  test('answers what no route does with 404, whatever the working directory holds', async () => {
    await using started = await startServer({}, options)
    const { port } = started
    assert.equal((await rawGet(port, '/known')).body.toString(), 'known')
    for (const path of ['/', '/package.json', '/src', '/src/', '/a%2Fb', '/../package.json']) {
      assert.equal((await rawGet(port, path)).status, 404, path)
    }
    for (const method of ['POST', 'PUT', 'PROPFIND', 'OPTIONS']) {
      const message = `${method} /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
      assert.equal((await rawRequest(port, message)).status, 404, method)
    }
    assert.equal(started.server.config.root, undefined)
  })

  test('watches nothing, and lists no folder', async () => {
    await using started = await startServer({ 'a.txt': '' }, { ...options, live: true, single: true })
    const { port, server } = started
    const listed = await rawGet(port, '/', ['Accept: application/json'])
    assert.equal(listed.status, 404)
    // A page of a single-page app would be one of the folder.
    const page = await rawGet(port, '/users/7', ['Accept: text/html', 'Sec-Fetch-Dest: document'])
    assert.equal(page.status, 404)
    assert.deepEqual((await server.reload()).paths, [])
  })

  test('leaves mounts, routes to folders and a handler to answer', async () => {
    await using started = await startServer({ 'a.txt': 'alpha' }, {})
    const folder = started.server.config.root ?? ''
    await using other = await startServer(
      {},
      { root: false, mounts: { '/m': folder }, handler: () => new Response('app') },
    )
    assert.equal((await rawGet(other.port, '/m/a.txt')).body.toString(), 'alpha')
    assert.equal((await rawGet(other.port, '/a.txt')).body.toString(), 'app')
  })

  test('holds for a site, and makes none of the options beside sites', async () => {
    const routes = [{ match: { path: '/b' }, reply: { body: 'b' } }]
    const sites = [{ host: 'b.localhost', root: false, routes }] as const
    await using started = await startServer({}, { root: false, sites })
    const ask = async (host: string, path: string): Promise<number> =>
      (await rawRequest(started.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status
    assert.equal(await ask('b.localhost', '/b'), 200)
    assert.equal(await ask('b.localhost', '/'), 404)
    assert.equal(await ask('localhost', '/'), 421)
  })

  test('keeps its base', async () => {
    await using started = await startServer({}, { ...options, base: '/app' })
    assert.equal((await rawGet(started.port, '/app/known')).body.toString(), 'known')
    assert.equal((await rawGet(started.port, '/app/none')).status, 404)
    assert.equal((await rawGet(started.port, '/none')).status, 404)
  })

  test('is explained', async () => {
    const explained = await explainRequest(resolveConfig(options), { method: 'GET', url: '/x', headers: [] })
    assert.equal(explained?.text, '404: no route or folder matches')
    assert.equal(explained?.kind, 'none')
  })

  test('is no other switch', () => {
    assert.throws(
      () => createServer({ root: true as never }),
      (error) => isServeError(error) && error.message === 'root: expected the path of a folder, or false, got true',
    )
  })
})
