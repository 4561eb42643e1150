import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { test } from 'node:test'
import { authorityFolder } from '../../../../src/tls/authority/folder.ts'

test('the authority lives where each system keeps the data of a user', () => {
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

test('XDG_DATA_HOME names another place, unless it is relative', () => {
  const home = '/home/ann'
  assert.equal(authorityFolder({ platform: 'linux', home, env: { XDG_DATA_HOME: '/data' } }), '/data/serve8008')
  const env = { XDG_DATA_HOME: 'data' }
  assert.equal(authorityFolder({ platform: 'linux', home, env }), '/home/ann/.local/share/serve8008')
})

test('by default it is that of this user', () => {
  assert.ok(authorityFolder().startsWith(homedir()))
})
