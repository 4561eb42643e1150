import assert from 'node:assert/strict'
import { appendFileSync, closeSync, openSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readStable } from '../../../../src/static/files/stable-read.ts'
import { folder, stat } from '../site.ts'

function open(t: Parameters<typeof folder>[0], content: string): { path: string; fd: number } {
  const path = join(folder(t, { 'a.txt': content }), 'a.txt')
  const fd = openSync(path, 'r')
  t.after(() => closeSync(fd))
  return { path, fd }
}

test('content that did not change is whole', (t) => {
  const { path, fd } = open(t, 'content')
  const read = readStable(fd, stat(path), 100)
  assert.deepEqual([String(read?.bytes), read?.whole], ['content', true])
})

test('content that changed since the stat is read again, until the two agree', (t) => {
  const { path, fd } = open(t, 'content')
  const before = stat(path)
  appendFileSync(path, ' and more')
  assert.deepEqual(String(readStable(fd, before, 100)?.bytes), 'content and more')
  truncateSync(path, 3)
  const cut = readStable(fd, before, 100)
  assert.deepEqual([String(cut?.bytes), cut?.whole], ['con', true])
})

test('content that outgrows the limit is undefined', (t) => {
  const { path, fd } = open(t, 'content')
  const before = stat(path)
  appendFileSync(path, 'x'.repeat(100))
  assert.equal(readStable(fd, before, 100), undefined)
})
