import { writeFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { isServeError } from '../../../src/core/serve-error.ts'
import { createAccessPolicy } from '../../../src/static/access/access-policy.ts'
import { createDenyList } from '../../../src/static/access/apply-deny-list.ts'
import { tryStat } from '../../../src/core/util/disk-name.ts'
import { createBatchStat, statWithin } from '../../../src/static/stat.ts'
import { missingOrThrow } from '../../../src/static/fs-errors.ts'
import type { Exchange } from '../../../src/http/message/exchange.ts'
import { folder } from './site.ts'

test('a missing file is undefined, whatever the error code', (t) => {
  const root = folder(t, { 'a.txt': 'a' })
  const access = createAccessPolicy({
    root,
    followSymlinks: false,
    denied: createDenyList({ dotfiles: false, serve: [] }),
    secretFiles: [],
  })
  for (const name of ['b', 'a.txt/b', 'x'.repeat(300), 'a\0b']) {
    if (!name.includes('\0')) assert.equal(statWithin(join(root, name), access), undefined)
    assert.equal(tryStat(join(root, name)), undefined)
  }
  assert.equal(statWithin(join(root, 'a.txt'), access)?.size, 1n)
})

test('the requests of a batch share one look at a file, and at a missing one', (t) => {
  const root = folder(t, {})
  const access = createAccessPolicy({
    root,
    followSymlinks: false,
    denied: createDenyList({ dotfiles: false, serve: [] }),
    secretFiles: [],
  })
  const look = createBatchStat(access)
  const file = join(root, 'a.txt')
  const size = (batch: number): bigint | undefined => look(file, { batch } as Exchange)?.size
  assert.equal(size(1), undefined)
  writeFileSync(file, 'a')
  assert.deepEqual([size(1), size(2)], [undefined, 1n])
  writeFileSync(file, 'ab')
  assert.deepEqual([size(2), size(Number.NaN), size(Number.NaN)], [1n, 2n, 2n])
})

test('errors of the file system have a status and do not show the path', () => {
  for (const [code, expected] of [
    ['EACCES', 'E8008_FORBIDDEN'],
    ['EPERM', 'E8008_FORBIDDEN'],
    ['EMFILE', 'E8008_BUSY'],
    ['ENFILE', 'E8008_BUSY'],
    ['EIO', 'E8008_INTERNAL'],
  ]) {
    const cause = Object.assign(new Error('at /home/jane/secret'), { code })
    assert.throws(
      () => missingOrThrow(cause),
      (error) => isServeError(error) && error.code === expected && !/jane/.test(error.message + error.hint),
    )
  }
  for (const code of ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']) {
    assert.equal(missingOrThrow(Object.assign(new Error(), { code })), undefined)
  }
})
