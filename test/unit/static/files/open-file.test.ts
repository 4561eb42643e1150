import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAccessPolicy, type AccessPolicy } from '../../../../src/static/access/access-policy.ts'
import { createDenyList } from '../../../../src/static/access/apply-deny-list.ts'
import { openFile } from '../../../../src/static/files/open-file.ts'
import { folder, openBelow, stat } from '../site.ts'

// own process: it becomes another user for some tests

function accessOf(root: string): AccessPolicy {
  return createAccessPolicy({
    root,
    followSymlinks: false,
    denied: createDenyList({ dotfiles: false, serve: [] }),
    secretFiles: [],
  })
}

test('opens a regular file, and returns the state of the descriptor', (t) => {
  const root = folder(t, { 'a.txt': 'a' })
  const file = openFile(join(root, 'a.txt'), accessOf(root))
  assert.ok(file !== undefined)
  assert.equal(file.stat.ino, stat(join(root, 'a.txt')).ino)
  closeSync(file.fd)
})

test('does not open what replaced the file since the stat: a link out, a folder, a pipe, nothing', (t) => {
  const top = folder(t, { 'out.txt': 'secret', 'root/a.txt': 'a' })
  const root = join(top, 'root')
  const path = join(root, 'a.txt')
  const swaps = [
    () => symlinkSync(join(top, 'out.txt'), path),
    () => mkdirSync(path),
    ...(process.platform === 'win32' ? [] : [() => execFileSync('mkfifo', [path])]),
    () => {},
  ]
  for (const swap of swaps) {
    rmSync(path, { recursive: true, force: true })
    swap()
    assert.equal(openFile(path, accessOf(root)), undefined, String(swap))
  }
  if (process.platform === 'linux') assert.deepEqual(openBelow(top), [])
})

test('a file replaced between open and check is opened again', (t) => {
  const root = folder(t, { 'a.txt': 'old', 'new.txt': 'new' })
  const path = join(root, 'a.txt')
  const access = accessOf(root)
  let judged = 0
  const file = openFile(path, {
    ...access,
    admits(real, seen) {
      if (judged++ === 0) {
        renameSync(join(root, 'new.txt'), path)
        throw Object.assign(new Error('gone'), { code: 'ENOENT' })
      }
      return access.admits(real, seen)
    },
  })
  assert.ok(file !== undefined)
  assert.equal(readFileSync(file.fd, 'utf8'), 'new')
  closeSync(file.fd)
})

test('gives up on a file that changes each time, and closes every descriptor', (t) => {
  const root = folder(t, { 'a.txt': 'a' })
  const restless: AccessPolicy = {
    admitsIn: () => () => true,
    denialOf: () => undefined,
    admits() {
      throw new Error('gone again')
    },
  }
  assert.equal(openFile(join(root, 'a.txt'), restless), undefined)
  if (process.platform === 'linux') assert.deepEqual(openBelow(root), [])
})

test('a verified state is not resolved again, any other is', (t) => {
  const root = folder(t, { 'a.txt': 'a' })
  const path = join(root, 'a.txt')
  let judged = 0
  const access: AccessPolicy = { admitsIn: () => () => true, denialOf: () => undefined, admits: () => ++judged > 0 }
  const seen = stat(path)
  for (const verified of [undefined, seen, { ...seen, ctimeNs: seen.ctimeNs - 1n } as typeof seen]) {
    const file = openFile(path, access, verified)
    assert.ok(file !== undefined)
    closeSync(file.fd)
  }
  assert.equal(judged, 2)
})

const swapper = `
  const { renameSync, symlinkSync, writeFileSync } = require('node:fs')
  const [root, secret] = process.argv.slice(1)
  process.on('disconnect', () => process.exit())
  process.send('ready')
  setInterval(() => {
    for (let i = 0; i < 500; i++) {
      symlinkSync(secret, root + '/link'); renameSync(root + '/link', root + '/a.txt')
      writeFileSync(root + '/file', 'public'); renameSync(root + '/file', root + '/a.txt')
    }
  }, 0)
`

test('a file that a link out of the root replaces at any time is not read', async (t) => {
  const top = folder(t, { 'secret.txt': 'secret', 'root/a.txt': 'public' })
  const root = join(top, 'root')
  const child = spawn(process.execPath, ['-e', swapper, root, join(top, 'secret.txt')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  const gone = once(child, 'exit')
  await once(child, 'message')
  const access = accessOf(root)
  const outcomes = { public: 0, refused: 0 }
  // Both outcomes must occur, or there was no race. 4,000 attempts are far more than that takes.
  for (let tries = 0; tries < 4000 || Math.min(outcomes.public, outcomes.refused) === 0; tries++) {
    const file = openFile(join(root, 'a.txt'), access)
    if (file === undefined) {
      outcomes.refused++
      continue
    }
    assert.notEqual(readFileSync(file.fd, 'utf8'), 'secret')
    closeSync(file.fd)
    outcomes.public++
  }
  child.disconnect()
  await gone
  writeFileSync(join(root, 'a.txt'), '')
})

const noModes = process.platform === 'win32' && 'Windows has no file modes'

test('a file that cannot be opened is reported only if it would be served', { skip: noModes }, (t) => {
  const top = folder(t, { 'out/locked.txt': 'x', 'root/locked.txt': 'x', 'root/.env': 'x' })
  const root = join(top, 'root')
  symlinkSync(join(top, 'out'), join(root, 'link'))
  symlinkSync(join(root, '.env'), join(root, 'a.txt'))
  for (const name of ['../out/locked.txt', 'locked.txt', '.env']) chmodSync(join(root, name), 0)
  chmodSync(top, 0o755)
  // The superuser may read everything, so the process becomes another user.
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(65534)
  try {
    assert.throws(() => openFile(join(root, 'locked.txt'), accessOf(root)), { code: 'E8008_FORBIDDEN' })
    assert.equal(openFile(join(root, 'link/locked.txt'), accessOf(root)), undefined)
    assert.equal(openFile(join(root, 'a.txt'), accessOf(root)), undefined)
  } finally {
    if (user === 0) process.seteuid?.(0)
  }
})
