import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runningServers } from '../../../src/cli/server-process.ts'
import { registerServer } from '../../../src/control/server-registry.ts'

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
  const strikeOut = registerServer(server, {})
  assert.deepEqual(runningServers({}), [server])
  strikeOut()
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
    const strikeOut = registerServer({ ...named, pid }, env)
    const isFound = runningServers(env).length > 0
    strikeOut()
    return isFound
  })
  assert.deepEqual(found, [process.pid])
})
