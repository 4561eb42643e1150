import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Server8008 } from '../../src/index.ts'
import { startServer, TempFolder } from '../support/server.ts'

interface Listing {
  readonly parent: boolean
  readonly entries: readonly { readonly name: string; readonly kind: string; readonly href: string }[]
}

async function listing(server: Server8008, path: string): Promise<Listing> {
  const response = await server.fetch(`http://localhost${path}`, { headers: { accept: 'application/json' } })
  assert.equal(response.status, 200, path)
  return (await response.json()) as Listing
}

async function page(server: Server8008, path: string): Promise<string> {
  return (await server.fetch(`http://localhost${path}`, { headers: { accept: 'text/html' } })).text()
}

test('a listing links down to a mount and up from it', async () => {
  using manual = await new TempFolder().write({ 'one.txt': '1' })
  // A file of the same name is hidden by the mount, here as everywhere.
  const mounts = { '/docs': manual.path, '/deep/er/most': manual.path, '/sub/lib': manual.path }
  await using started = await startServer({ 'a.txt': 'a', docs: 'file', 'sub/x.txt': 'x' }, { mounts })
  const { server } = started
  const top = await listing(server, '/')
  assert.equal(top.parent, false)
  assert.deepEqual(
    top.entries.map(({ name, kind, href }) => `${kind} ${name} ${href}`),
    ['folder docs ./docs/', 'folder sub ./sub/', 'file a.txt ./a.txt'],
  )
  assert.match(await page(server, '/'), /<a class="folder" href="\.\/docs\/">docs\/<\/a>/)
  assert.deepEqual(
    (await listing(server, '/sub/')).entries.map(({ name }) => name),
    ['lib', 'x.txt'],
  )
  for (const path of ['/docs/', '/sub/lib/']) {
    assert.equal((await listing(server, path)).parent, true, path)
    assert.match(await page(server, path), /href="\.\.\/" rel="up"/)
  }
  // Nothing is served at /deep/er/, so no link leads there.
  assert.equal((await listing(server, '/deep/er/most/')).parent, false)
})

test('the listing of a base has no link up, and that of a mount links up to it', async () => {
  using manual = await new TempFolder().write({ 'one.txt': '1' })
  await using started = await startServer({ 'a.txt': 'a' }, { base: '/app', mounts: { '/docs': manual.path } })
  const top = await listing(started.server, '/app/')
  assert.deepEqual([top.parent, top.entries.map(({ name }) => name)], [false, ['docs', 'a.txt']])
  assert.equal((await listing(started.server, '/app/docs/')).parent, true)
})
