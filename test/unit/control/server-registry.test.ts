import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runningServers } from '../../../src/cli/server-process.ts'
import { processStart, registerServer, startField, type RunningServer } from '../../../src/control/server-registry.ts'

// own process: `node:os` is replaced

const skip = process.platform === 'win32' ? 'Windows has a name for every user' : false

test('a user whom the system has no name for, as in a container, finds servers too', { skip }, (t) => {
  const folder = mkdtempSync(join(os.tmpdir(), 'serve8008-servers-'))
  const { userInfo, tmpdir } = os
  t.after(() => {
    Object.assign(os, { userInfo, tmpdir })
    syncBuiltinESMExports()
    rmSync(folder, { recursive: true })
  })
  // As Node does for an id that /etc/passwd does not hold.
  const nameless = (): never => {
    throw Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' })
  }
  Object.assign(os, { userInfo: nameless, tmpdir: () => folder })
  syncBuiltinESMExports()

  const server = {
    pid: process.pid,
    url: 'http://localhost:8008/',
    port: 8008,
    tlsPort: 0,
    root: folder,
    cwd: folder,
    reload: '/__serve8008/reload',
    token: '',
    settings: 'none',
    script: '',
  }
  const registration = registerServer(server, {})
  const started = processStart(process.pid)
  assert.deepEqual(runningServers({}), [{ ...server, ...(started === undefined ? {} : { processStart: started }) }])
  registration.remove()
  assert.deepEqual(runningServers({}), [])
})

test('ignores a record whose id would signal a group of processes', { skip }, (t) => {
  const folder = mkdtempSync(join(os.tmpdir(), 'serve8008-servers-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = { XDG_RUNTIME_DIR: folder }
  const named = {
    url: '',
    port: 8008,
    tlsPort: 0,
    root: folder,
    cwd: folder,
    reload: '',
    token: '',
    settings: '',
    script: '',
  }
  const found = [process.pid, 0, -1, -process.pid, 1.5].filter((pid) => {
    const registration = registerServer({ ...named, pid }, env)
    const isFound = runningServers(env).length > 0
    registration.remove()
    return isFound
  })
  assert.deepEqual(found, [process.pid])
})

const uid = process.getuid?.()

/** A registry of its own, and an entry of this process. */
function registryOf(t: TestContext): { env: { XDG_RUNTIME_DIR: string }; folder: string; entry: RunningServer } {
  const runtime = mkdtempSync(join(os.tmpdir(), 'serve8008-servers-'))
  t.after(() => rmSync(runtime, { recursive: true, force: true }))
  const entry = {
    pid: process.pid,
    url: 'http://localhost:8008/',
    port: 8008,
    tlsPort: 0,
    root: runtime,
    cwd: runtime,
    reload: '/__serve8008/reload',
    token: 'secret',
    settings: '',
    script: '',
  }
  return { env: { XDG_RUNTIME_DIR: runtime }, folder: join(runtime, 'serve8008'), entry }
}

function foundPids(env: { XDG_RUNTIME_DIR: string }): number[] {
  return runningServers(env).map(({ pid }) => pid)
}

test('removes the entry of a process that was killed, and what it left half written', { skip }, async (t) => {
  const { env, folder, entry } = registryOf(t)
  registerServer(entry, env)
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const pid = child.pid as number
  writeFileSync(join(folder, `${pid}.json`), JSON.stringify({ ...entry, pid }))
  writeFileSync(join(folder, `${pid}.json.0123456789ab.tmp`), '{"pid":')
  assert.deepEqual(new Set(foundPids(env)), new Set([process.pid, pid]))
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.deepEqual(foundPids(env), [process.pid])
  assert.deepEqual(readdirSync(folder), [`${process.pid}.json`])
})

test('takes no later process with the same id for a server', { skip: process.platform !== 'linux' }, (t) => {
  const { env, folder, entry } = registryOf(t)
  registerServer({ ...entry, script: process.argv[1] ?? '' }, env)
  const file = join(folder, `${process.pid}.json`)
  const stored = JSON.parse(readFileSync(file, 'utf8')) as RunningServer
  assert.match(String(stored.processStart), /^\d+$/)
  // It runs the same script, but it was started later.
  writeFileSync(file, JSON.stringify({ ...stored, processStart: '1' }))
  assert.deepEqual(foundPids(env), [])
  assert.deepEqual(readdirSync(folder), [])
})

test('reads the start of a process whose name holds spaces and parentheses', () => {
  const fields = Array.from({ length: 52 }, (_, i) => (i === 19 ? '4711' : String(i)))
  assert.equal(startField(`12 (a) b (c) ${fields.join(' ')}`), '4711')
  assert.equal(startField(''), undefined)
})

test('skips a broken entry, and removes it when its process has ended', { skip }, (t) => {
  const { env, folder, entry } = registryOf(t)
  registerServer(entry, env).remove()
  // What a newer version wrote stays: its server runs.
  const whole = JSON.stringify({ ...entry, pid: process.pid })
  const tooLarge = whole.padEnd(4 * 1024 * 1024 + 1)
  for (const text of ['', '{', '[]', 'null', '{"pid":"1"}', JSON.stringify({ ...entry, port: '8008' }), tooLarge]) {
    writeFileSync(join(folder, `${process.pid}.json`), text)
    assert.deepEqual([foundPids(env), readdirSync(folder)], [[], [`${process.pid}.json`]], text.slice(0, 100))
  }
  writeFileSync(join(folder, `${process.pid}.json`), whole)
  assert.deepEqual(foundPids(env), [process.pid])
  // No system has as many processes.
  writeFileSync(join(folder, '99999999.json'), '{')
  writeFileSync(join(folder, 'notes.txt'), 'mine')
  assert.deepEqual(foundPids(env), [process.pid])
  assert.deepEqual(readdirSync(folder).toSorted(), [`${process.pid}.json`, 'notes.txt'].toSorted())
})

test('skips details that are damaged, and keeps the server', { skip }, (t) => {
  const { env, folder, entry } = registryOf(t)
  registerServer({ ...entry, urls: ['http://localhost:8008/'], routes: [{ route: '/api', to: 'localhost:3000' }] }, env)
  const [whole] = runningServers(env)
  assert.deepEqual(
    [whole?.urls, whole?.routes],
    [['http://localhost:8008/'], [{ route: '/api', to: 'localhost:3000' }]],
  )
  const damaged = { urls: [1], routes: [{ route: '/api' }], sites: [null], startedAt: 'now', processStart: 3 }
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ ...entry, ...damaged }))
  assert.deepEqual(runningServers(env), [entry])
})

test('updates what a server answers, and nothing after its end', { skip }, (t) => {
  const { env, folder, entry } = registryOf(t)
  const registration = registerServer(entry, env)
  registration.update({ routes: [{ route: '/a', to: 'localhost:1' }] })
  assert.deepEqual(runningServers(env)[0]?.routes, [{ route: '/a', to: 'localhost:1' }])
  registration.remove()
  registration.update({ routes: [] })
  assert.deepEqual(readdirSync(folder), [])
})

test('uses no registry that is a link, and follows no link in it', { skip }, (t) => {
  const { env, folder, entry } = registryOf(t)
  const elsewhere = mkdtempSync(join(os.tmpdir(), 'serve8008-elsewhere-'))
  t.after(() => rmSync(elsewhere, { recursive: true }))
  symlinkSync(elsewhere, folder)
  registerServer(entry, env)
  assert.deepEqual([foundPids(env), readdirSync(elsewhere)], [[], []])

  rmSync(folder)
  registerServer(entry, env)
  const file = join(folder, `${process.pid}.json`)
  renameSync(file, join(elsewhere, 'entry.json'))
  symlinkSync(join(elsewhere, 'entry.json'), file)
  assert.deepEqual(foundPids(env), [])
  // A registration replaces the link, and not what it points to.
  writeFileSync(join(elsewhere, 'entry.json'), 'mine')
  registerServer(entry, env)
  assert.deepEqual([lstatSync(file).isFile(), foundPids(env)], [true, [process.pid]])
  assert.equal(readFileSync(join(elsewhere, 'entry.json'), 'utf8'), 'mine')
})

const root = uid === 0 ? false : 'only root can give files away'

test('reads no entry of another user, and uses no folder of another user', { skip: root }, (t) => {
  const { env, folder, entry } = registryOf(t)
  registerServer(entry, env)
  const file = join(folder, `${process.pid}.json`)
  chownSync(file, 65_534, 65_534)
  assert.deepEqual(foundPids(env), [])
  rmSync(folder, { recursive: true })
  mkdirSync(folder, { mode: 0o700 })
  chownSync(folder, 65_534, 65_534)
  registerServer(entry, env)
  assert.deepEqual([foundPids(env), readdirSync(folder)], [[], []])
})
