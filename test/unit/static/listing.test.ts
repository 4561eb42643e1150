import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, describe } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Reply } from '../../../src/http/message/reply.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import { createAccessPolicy } from '../../../src/static/access/access-policy.ts'
import { createDenyList } from '../../../src/static/access/apply-deny-list.ts'
import { createListFolder, readFolder, type ReadFolderOptions } from '../../../src/static/listing.ts'
import { parseUrlPath, type UrlPath } from '../../../src/static/url-path.ts'
import { folder, ask, noFolders, site, type Answer } from './site.ts'

function optionsFor(
  root: string,
  more: Partial<ReadFolderOptions & { followSymlinks: boolean; dotfiles: boolean }> = {},
): ReadFolderOptions {
  const { followSymlinks = false, dotfiles = false } = more
  const access = createAccessPolicy({
    root,
    followSymlinks,
    denied: createDenyList({ dotfiles, serve: [] }),
    secretFiles: [],
  })
  return { access, platform: 'posix', signal: new AbortController().signal, ...more }
}

async function namesIn(path: string, options: ReadFolderOptions): Promise<string[] | undefined> {
  return (await readFolder(path, options))?.map(({ name }) => name).toSorted()
}

test('reads name, kind, size and date of each entry', async (t) => {
  const root = folder(t, { 'a.txt': 'abc' })
  mkdirSync(join(root, 'sub'))
  for (const name of ['a.txt', 'sub']) utimesSync(join(root, name), 1_600_000_000, 1_600_000_000)
  const entries = await readFolder(root, optionsFor(root))
  assert.deepEqual(
    entries?.find(({ name }) => name === 'a.txt'),
    { name: 'a.txt', kind: 'file', size: 3, modified: 1_600_000_000_000 },
  )
  assert.equal(entries?.find(({ name }) => name === 'sub')?.kind, 'folder')
  assert.equal(entries?.length, 2)
})

test(
  'leaves out what could not be fetched',
  { skip: process.platform === 'win32' && 'Windows has no such names' },
  async (t) => {
    const top = folder(t, {
      'out/x': '',
      'root/a.txt': '',
      'root/.env': '',
      'root/.hidden': '',
      'root/b.key': '',
      'root/a\\b': '',
      'root/new\nline': '',
    })
    const root = join(top, 'root')
    execFileSync('mkfifo', [join(root, 'pipe')])
    symlinkSync(join(top, 'out'), join(root, 'outside'))
    symlinkSync('nowhere', join(root, 'broken'))
    symlinkSync('.env', join(root, 'innocent'))
    symlinkSync('a.txt', join(root, 'inner'))
    assert.deepEqual(await namesIn(root, optionsFor(root)), ['a.txt', 'inner'])
    assert.deepEqual(await namesIn(root, optionsFor(root, { followSymlinks: true })), ['a.txt', 'inner', 'outside'])
    assert.deepEqual(await namesIn(root, optionsFor(root, { dotfiles: true })), ['.hidden', 'a.txt', 'inner'])
  },
)

test('is undefined for a file, a missing path and a folder outside', async (t) => {
  const top = folder(t, { 'out/x': '', 'root/a.txt': '' })
  const root = join(top, 'root')
  symlinkSync(join(top, 'out'), join(root, 'linked'))
  for (const name of ['a.txt', 'missing', 'linked']) {
    assert.equal(await readFolder(join(root, name), optionsFor(root)), undefined, name)
  }
})

test('does not list a folder that a link replaces while it is read', async (t) => {
  const top = folder(t, { 'out/secret': '', 'root/sub/a.txt': '' })
  const root = join(top, 'root')
  const reading = readFolder(join(root, 'sub'), optionsFor(root))
  renameSync(join(root, 'sub'), join(root, 'moved'))
  symlinkSync(join(top, 'out'), join(root, 'sub'))
  assert.equal(await reading, undefined)
})

test('stops when the client disconnects, and at the limit', async (t) => {
  const root = folder(t)
  for (let i = 0; i < 50; i++) writeFileSync(join(root, `${i}.txt`), '')
  assert.equal(await readFolder(root, optionsFor(root, { signal: AbortSignal.abort() })), undefined)
  assert.equal((await readFolder(root, optionsFor(root, { limit: 20 })))?.length, 20)
})

const json = ['accept: application/json']

/** Asks for the listing of a folder without the file system in between, whose answers come one by one. */
function listerOf(root: string): (target: string, accept: string) => Promise<Reply | undefined> {
  const denied = createDenyList({ dotfiles: false, serve: [] })
  const list = createListFolder({ ...optionsFor(root), served: () => noFolders, denied, advice: async () => undefined })
  return (target, accept) => {
    const x = syntheticExchange({ method: 'GET', target, headers: ['accept', accept] })
    const urlPath = parseUrlPath(x.target.path, { root, prefix: [], denied, platform: 'posix' })
    return list(urlPath as UrlPath, x)
  }
}

function entryNames({ text }: Answer): string[] {
  return JSON.parse(text).entries.map(({ name }: { name: string }) => name)
}

describe('a listing', () => {
  test('is made once for all requests that arrive together', async (t) => {
    const root = folder(t, { 'a.txt': '', 'b.txt': '' })
    const list = listerOf(root)
    const replies = await Promise.all(Array.from({ length: 8 }, () => list('/', 'application/json')))
    const body = Buffer.from(replies[0]?.body as Uint8Array).toString()
    assert.equal(JSON.parse(body).entries.length, 2)
    for (const reply of replies) assert.equal(reply, replies[0])
    assert.ok(Object.isFrozen(replies[0]))
    const others = await Promise.all(
      ['?sort=size', '?filter=a', ''].map((query) => list(`/${query}`, 'application/json')),
    )
    assert.equal(new Set(others).size, 3)
    const [page, data] = await Promise.all([list('/', 'text/html'), list('/', 'application/json')])
    assert.notEqual(page, data)
  })

  test('has every change that finished before its request, also during another run', async (t) => {
    const root = folder(t, Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}.txt`, ''])))
    const from = site(root)
    for (let i = 0; i < 20; i++) {
      const early = ask(from, '/', json)
      // At different moments of the first run.
      for (let turns = 0; turns < i % 10; turns++) await turn()
      const name = `new-${i}.txt`
      writeFileSync(join(root, name), '')
      const late = await Promise.all([ask(from, '/', json), ask(from, '/', json)])
      for (const answer of late) assert.ok(entryNames(answer).includes(name), `after ${i % 10} turns`)
      await early
    }
  })

  test('of a hidden folder is a 404 for each request', async (t) => {
    const from = site(folder(t, { '.hidden/a.txt': '' }))
    const answers = await Promise.all([1, 2, 3].map(() => ask(from, '/.hidden/', json)))
    assert.deepEqual(
      answers.map(({ code }) => code),
      ['E8008_NOT_FOUND', 'E8008_NOT_FOUND', 'E8008_NOT_FOUND'],
    )
  })
})
