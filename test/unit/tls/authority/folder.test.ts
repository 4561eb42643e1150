import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { test } from 'node:test'
import { authorityFolder } from '../../../../src/tls/authority/folder.ts'

test('uses the data folder of each system', () => {
  const home = '/home/ann'
  assert.equal(authorityFolder({ platform: 'linux', home }), '/home/ann/.local/share/serve8008')
  assert.equal(
    authorityFolder({ platform: 'darwin', home: '/Users/ann' }),
    '/Users/ann/Library/Application Support/serve8008',
  )
  const windows = { platform: 'win32', home: String.raw`C:\Users\ann` }
  assert.equal(authorityFolder(windows), String.raw`C:\Users\ann\AppData\Local\serve8008`)
  const env = { LOCALAPPDATA: String.raw`D:\local` }
  assert.equal(authorityFolder({ ...windows, env }), String.raw`D:\local\serve8008`)
})

test('uses XDG_DATA_HOME unless it is relative', () => {
  const home = '/home/ann'
  assert.equal(authorityFolder({ platform: 'linux', home, env: { XDG_DATA_HOME: '/data' } }), '/data/serve8008')
  const env = { XDG_DATA_HOME: 'data' }
  assert.equal(authorityFolder({ platform: 'linux', home, env }), '/home/ann/.local/share/serve8008')
})

test('defaults to the folder of this user', () => {
  assert.ok(authorityFolder().startsWith(homedir()))
})
