import assert from 'node:assert/strict'
import { fstatSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { OpenFiles, type FileHandle } from '../../../../src/http/body/open-files.ts'
import { TempFolder } from '../../../support/server.ts'

/** Takes so many descriptors of one file over; `canReopen` false is as if it had been replaced. */
function take(t: TestContext, files: OpenFiles, count: number, canReopen = true) {
  const folder = new TempFolder()
  t.after(() => folder[Symbol.dispose]())
  const path = join(folder.path, 'a.txt')
  writeFileSync(path, 'content')
  return Array.from({ length: count }, () => {
    const fd = openSync(path, 'r')
    return { fd, handle: files.take(fd, () => (canReopen ? openSync(path, 'r') : undefined)) }
  })
}

async function read(handle: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(100)
  return buffer.toString('latin1', 0, await handle.read(buffer, 100, 0))
}

test('closes the least recently read file above the limit, and opens it again for the next read', async (t) => {
  const files = new OpenFiles(2)
  const taken = take(t, files, 2)
  const [first, second] = taken.map(({ handle }) => handle) as [FileHandle, FileHandle]
  assert.equal(await read(first), 'content')
  const [third] = take(t, files, 1)
  assert.equal(files.size, 2)
  // It was `second` that was closed, so reading it again closes `first`.
  assert.equal(await read(second), 'content')
  assert.equal(files.size, 2)
  for (const handle of [first, second, third?.handle as FileHandle]) {
    assert.equal(await read(handle), 'content')
    handle.dispose()
  }
  assert.equal(files.size, 0)
})

test('rejects a read of a file that was replaced while it was closed', async (t) => {
  const files = new OpenFiles(1)
  const [first] = take(t, files, 1, false)
  take(t, files, 1).forEach(({ handle }) => handle.dispose())
  await assert.rejects(read(first?.handle as FileHandle), { code: 'E8008_INTERNAL' })
})

test('keeps a file open during a read, and queues reads above the limit', async (t) => {
  const files = new OpenFiles(20)
  const taken = take(t, files, 100)
  const texts = await Promise.all(taken.map(({ handle }) => read(handle)))
  assert.deepEqual([...new Set(texts)], ['content'])
  assert.ok(files.size <= 20, `${files.size} are open`)
  for (const { handle } of taken) handle.dispose()
  assert.equal(files.size, 0)
})

test('closes a file that is disposed during a read after the read', async (t) => {
  const files = new OpenFiles(20)
  const [first] = take(t, files, 1)
  const { fd, handle } = first as { fd: number; handle: FileHandle }
  const reading = read(handle)
  handle.dispose()
  handle.dispose()
  assert.equal(await reading, 'content')
  assert.equal(files.size, 0)
  await assert.rejects(read(handle), { code: 'E8008_INTERNAL' })
  // The thread pool closes it.
  for (let turn = 0; isOpen(fd); turn++) {
    assert.ok(turn < 10_000)
    await new Promise(setImmediate)
  }
})

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}
