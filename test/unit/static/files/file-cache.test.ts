import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { FileSlice } from '../../../../src/http/body/file.ts'
import { getField } from '../../../../src/http/message/headers.ts'
import { createAccessPolicy } from '../../../../src/static/access/access-policy.ts'
import { createDenyList } from '../../../../src/static/access/apply-deny-list.ts'
import { OpenFiles } from '../../../../src/http/body/open-files.ts'
import { createFileCache, type FileEntry } from '../../../../src/static/files/file-cache.ts'
import { ask, folder, largeBytes, later, site, stat } from '../site.ts'

/** A cache for one folder, and a function that fetches from it. */
function cacheOf(root: string, cacheBytes = 1024 * 1024): (name: string, seen?: ReturnType<typeof stat>) => FileEntry {
  const access = createAccessPolicy({
    root,
    followSymlinks: false,
    denied: createDenyList({ dotfiles: false, serve: [] }),
    secretFiles: [],
  })
  const cache = createFileCache({ access, cacheControl: 'no-cache', cacheBytes, openFiles: new OpenFiles(32) })
  return (name, seen = stat(join(root, name))) => {
    const entry = cache.fetch(join(root, name), seen)
    assert.ok(entry !== undefined)
    if (entry.reply.body instanceof FileSlice) entry.reply.body.dispose()
    return entry
  }
}

function text({ reply }: FileEntry): string {
  return Buffer.from(reply.body as Uint8Array).toString()
}

/** Sets the mtime of a file to a whole second, as some tools and attackers do. */
function backdate(path: string): void {
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

describe('an edit is seen by the next request', () => {
  const edits: Record<string, (path: string, t: TestContext) => void> = {
    'that changes the size': (path) => appendFileSync(path, 'more'),
    'that keeps the size': (path) => writeFileSync(path, 'BBBB'),
    'that keeps the size and sets the date back': (path) => {
      writeFileSync(path, 'BBBB')
      backdate(path)
    },
    'by another file of the same size and date in its place': (path) => {
      writeFileSync(`${path}.new`, 'BBBB')
      backdate(`${path}.new`)
      renameSync(`${path}.new`, path)
    },
    'by a link in its place': (path) => {
      writeFileSync(join(path, '../other.txt'), 'BBBB')
      rmSync(path)
      symlinkSync('other.txt', path)
    },
  }
  for (const [how, edit] of Object.entries(edits)) {
    for (const rested of [true, false]) {
      test(`${how}, ${rested ? 'long after' : 'right after'} it was read`, async (t) => {
        const root = folder(t, { 'a.txt': 'AAAA' })
        backdate(join(root, 'a.txt'))
        if (rested) later(t)
        const from = site(root)
        const before = await ask(from, '/a.txt')
        assert.equal(before.text, 'AAAA')
        edit(join(root, 'a.txt'), t)
        const after = await ask(from, '/a.txt')
        assert.notEqual(after.text, 'AAAA')
        assert.notEqual(after.field('etag'), before.field('etag'))
      })
    }
  }

  test('a deleted file is missing, and one that is created again is served', async (t) => {
    const root = folder(t, { 'a.txt': 'one' })
    later(t)
    const from = site(root)
    assert.equal((await ask(from, '/a.txt')).text, 'one')
    rmSync(join(root, 'a.txt'))
    assert.equal((await ask(from, '/a.txt')).status, 404)
    writeFileSync(join(root, 'a.txt'), 'two')
    assert.equal((await ask(from, '/a.txt')).text, 'two')
  })

  test('a file that moves out of the root and leaves a link is missing', async (t) => {
    const top = folder(t, { 'public/a.txt': 'a' })
    const path = join(top, 'public/a.txt')
    later(t)
    const from = site(join(top, 'public'))
    assert.equal((await ask(from, '/a.txt')).text, 'a')
    renameSync(path, join(top, 'moved.txt'))
    symlinkSync(join(top, 'moved.txt'), path)
    assert.equal((await ask(from, '/a.txt')).status, 404)
  })
})

describe('a recently changed file', () => {
  test('is read for each request, since an edit within one tick of the clock changes no field of its state', (t) => {
    const root = folder(t, { 'a.txt': 'AAAA' })
    const fetch = cacheOf(root)
    const seen = stat(join(root, 'a.txt'))
    const first = fetch('a.txt', seen)
    writeFileSync(join(root, 'a.txt'), 'BBBB')
    // The state before the edit, which a coarse clock would not change.
    const second = fetch('a.txt', seen)
    assert.deepEqual([text(first), text(second)], ['AAAA', 'BBBB'])
    assert.notEqual(first.reply.validators?.etag, second.reply.validators?.etag)
  })

  test('keeps its entity tag and bytes while it is unchanged', (t) => {
    const fetch = cacheOf(folder(t, { 'a.txt': 'AAAA' }))
    const [first, second] = [fetch('a.txt'), fetch('a.txt')]
    assert.notEqual(first, second)
    assert.equal(first.reply.body, second.reply.body)
    assert.equal(first.reply.validators?.etag, second.reply.validators?.etag)
  })

  test('is cached if it was read 2 s after its last change', (t) => {
    const root = folder(t, { 'a.txt': 'AAAA' })
    const fetch = cacheOf(root)
    const fresh = fetch('a.txt')
    later(t)
    const rested = fetch('a.txt')
    assert.notEqual(rested, fresh)
    assert.equal(fetch('a.txt'), rested)
  })

  test('with a time in the future is not cached, and has no Last-Modified', (t) => {
    const root = folder(t, { 'a.txt': 'AAAA' })
    later(t)
    utimesSync(join(root, 'a.txt'), 4_000_000_000, 4_000_000_000)
    const fetch = cacheOf(root)
    const first = fetch('a.txt')
    assert.notEqual(fetch('a.txt'), first)
    assert.equal(first.reply.validators?.modified, undefined)
    assert.equal(getField(first.reply.headers, 'last-modified'), undefined)
    assert.match(first.reply.validators?.etag ?? '', /^"/)
  })

  test('that is large has no validators until its state is settled', (t) => {
    const root = folder(t, { 'large.bin': Buffer.alloc(largeBytes) })
    const fetch = cacheOf(root)
    const fresh = fetch('large.bin').reply
    assert.deepEqual(fresh.validators, {})
    assert.deepEqual(
      [getField(fresh.headers, 'etag'), getField(fresh.headers, 'last-modified')],
      [undefined, undefined],
    )
    later(t)
    const rested = fetch('large.bin').reply
    assert.match(rested.validators?.etag ?? '', /^"[\w-]{22}"$/)
    assert.equal(getField(rested.headers, 'etag'), rested.validators?.etag)
    assert.equal(getField(rested.headers, 'accept-ranges'), 'bytes')
  })
})

describe('entity tags and dates', () => {
  test('equal content has the same tag, with any date and path', async (t) => {
    const root = folder(t, { 'a.txt': 'same', 'b/c.txt': 'same' })
    backdate(join(root, 'a.txt'))
    const from = site(root)
    const tags = [(await ask(from, '/a.txt')).field('etag'), (await ask(from, '/b/c.txt')).field('etag')]
    assert.equal(tags[0], tags[1])
  })

  test('a date of an earlier version is not sent again', (t) => {
    const root = folder(t, { 'a.txt': 'AAAA' })
    const path = join(root, 'a.txt')
    backdate(path)
    const fetch = cacheOf(root)
    const first = fetch('a.txt').reply
    assert.equal(first.validators?.modified, 1_600_000_000_000)
    writeFileSync(path, 'BBBB')
    backdate(path)
    const second = fetch('a.txt').reply
    assert.equal(second.validators?.modified, undefined)
    assert.equal(getField(second.headers, 'last-modified'), undefined)
    utimesSync(path, 1_500_000_000, 1_500_000_000)
    assert.equal(fetch('a.txt').reply.validators?.modified, undefined)
    utimesSync(path, 1_600_000_001, 1_600_000_001)
    assert.equal(fetch('a.txt').reply.validators?.modified, 1_600_000_001_000)
  })

  test('a large file gets another tag with every change of its state', (t) => {
    const root = folder(t, { 'large.bin': Buffer.alloc(largeBytes) })
    const path = join(root, 'large.bin')
    backdate(path)
    later(t)
    const fetch = cacheOf(root)
    const first = fetch('large.bin').reply
    assert.equal(fetch('large.bin').reply.headers, first.headers)
    writeFileSync(path, Buffer.alloc(largeBytes, 1))
    backdate(path)
    const second = fetch('large.bin').reply
    assert.notEqual(second.validators?.etag, first.validators?.etag)
    assert.equal(second.validators?.modified, undefined)
    copyFileSync(path, `${path}.new`)
    renameSync(`${path}.new`, path)
    assert.notEqual(fetch('large.bin').reply.validators?.etag, second.validators?.etag)
  })
})

describe('memory', () => {
  test('is bounded: the least recently used file is read again', (t) => {
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.bin`, Buffer.alloc(10_000, i)]))
    const root = folder(t, files)
    later(t)
    const fetch = cacheOf(root, 30_000)
    const first = fetch('0.bin')
    assert.equal(fetch('0.bin'), first)
    for (const name of Object.keys(files)) fetch(name)
    assert.notEqual(fetch('0.bin'), first)
  })

  test('of 0 bytes streams every file', async (t) => {
    const root = folder(t, { 'a.txt': 'AAAA', 'empty.txt': '' })
    later(t)
    const from = site(root, { cacheBytes: 0 })
    const answer = await ask(from, '/a.txt')
    assert.ok(answer.reply.body instanceof FileSlice)
    assert.equal(answer.text, 'AAAA')
    assert.match(answer.field('etag') ?? '', /^"/)
    assert.equal((await ask(from, '/empty.txt')).status, 200)
  })

  test('does not keep a file that grew between two requests', (t) => {
    const root = folder(t, { 'a.txt': 'AAAA' })
    const fetch = cacheOf(root)
    const seen = stat(join(root, 'a.txt'))
    writeFileSync(join(root, 'a.txt'), Buffer.alloc(largeBytes))
    assert.ok(fetch('a.txt', seen).reply.body instanceof FileSlice)
    assert.equal(statSync(join(root, 'a.txt')).size, largeBytes)
  })
})

test('a change of mode or links alone keeps the content and its tag', (t) => {
  const root = folder(t, { 'a.txt': 'AAAA' })
  later(t)
  const fetch = cacheOf(root)
  const first = fetch('a.txt')
  chmodSync(join(root, 'a.txt'), 0o600)
  linkSync(join(root, 'a.txt'), join(root, 'b.txt'))
  const second = fetch('a.txt')
  assert.equal(second.reply.validators?.etag, first.reply.validators?.etag)
  assert.equal(second.edited, false)
})
