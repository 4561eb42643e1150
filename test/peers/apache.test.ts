import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { davPrograms, startDav } from './dav-servers.ts'

test('forwards pages, WebDAV with Destination and uploads to Apache', { skip: davPrograms.apache.skip }, async () => {
  await using apache = await startDav('apache')
  await using front = await startServer({}, { proxy: { '/dav': `http://127.0.0.1:${apache.port}/` }, live: false })
  const origin = `http://localhost:${front.port}`
  const at = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${origin}${path}`, { redirect: 'manual', ...init })

  assert.match(await (await at('/dav/')).text(), /from apache/)
  const content = randomBytes(1 << 20)
  assert.equal((await at('/dav/a.bin', { method: 'PUT', body: content })).status, 201)
  assert.deepEqual(Buffer.from(await (await at('/dav/a.bin')).arrayBuffer()), content)
  assert.equal((await at('/dav/folder/', { method: 'MKCOL' })).status, 201)
  const moved = await at('/dav/a.bin', { method: 'MOVE', headers: { destination: `${origin}/dav/folder/b.bin` } })
  assert.equal(moved.status, 201)
  assert.equal((await at('/dav/a.bin')).status, 404)
  assert.deepEqual(Buffer.from(await (await at('/dav/folder/b.bin')).arrayBuffer()), content)
  const found = await at('/dav/folder/', { method: 'PROPFIND', headers: { depth: '1' } })
  assert.equal(found.status, 207)
  assert.match(await found.text(), /b\.bin/)
  assert.equal((await at('/dav/folder/', { method: 'DELETE' })).status, 204)
})

test('a redirect of Apache to its own TLS port stays with this server', { skip: davPrograms.apache.skip }, async () => {
  await using apache = await startDav('apache')
  const to = `http://127.0.0.1:${apache.port}`
  await using front = await startServer({}, { proxy: { '/': { to, aliases: [`:${apache.tlsPort}`] } }, live: false })
  const origin = `http://localhost:${front.port}`
  const moved = await fetch(`${origin}/moved/index.html`, { redirect: 'manual' })
  assert.equal(moved.status, 302)
  assert.equal(moved.headers.get('location'), `${origin}/index.html`)
  assert.match(await (await fetch(`${origin}/moved/index.html`)).text(), /from apache/)
})
