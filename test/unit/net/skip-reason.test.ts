import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skippedPort } from '../../../src/net/skip-reason.ts'
import type { Holder } from '../../../src/net/types.ts'

function reason(holder: Partial<Holder> | undefined, code: 'EADDRINUSE' | 'EACCES' = 'EADDRINUSE'): string {
  const whole = { pid: undefined, name: undefined, command: undefined, uid: undefined, ...holder }
  return skippedPort(8008, code, holder === undefined ? undefined : whole, 'linux').reason
}

test('describes a holder as far as it is known, and never calls its port free', () => {
  assert.equal(reason({ pid: 4242, name: 'node', command: 'vite' }), '8008 is in use by node (pid 4242: vite)')
  assert.equal(reason({ pid: 77, name: 'nginx' }), '8008 is in use by nginx (pid 77)')
  assert.equal(reason({ pid: 77 }), '8008 is in use by a program (pid 77)')
  assert.equal(reason({ uid: 1000, hidden: 'user' }), '8008 is in use by a process of another user (uid 1000)')
  assert.equal(reason({}), '8008 is in use; the system does not tell by whom')
  assert.equal(reason(undefined), '8008 is in use; the system does not tell by whom')
  assert.equal(reason({ pid: process.pid, name: 'node' }), '8008 is in use by this very process')
})

test('says what a denied port needs', () => {
  assert.equal(skippedPort(591, 'EACCES', undefined, 'linux').reason, '591 needs administrator rights')
  assert.equal(skippedPort(8008, 'EACCES', undefined, 'darwin').reason, '8008 is not allowed here')
  assert.equal(skippedPort(8008, 'EACCES', undefined, 'win32').reason, '8008 is reserved by Windows')
})

test('names the holder of a port that Windows denies because it is held', () => {
  assert.equal(reason({ pid: 4, name: 'http.sys' }, 'EACCES'), '8008 is in use by http.sys (pid 4)')
})

test('mentions another user only if the holder belongs to one', () => {
  assert.equal(
    reason({ uid: 1000, hidden: 'elsewhere' }),
    '8008 is in use by a process of yours that is not visible here (a container or another pid namespace)',
  )
  assert.equal(
    reason({ uid: 1000, hidden: 'search' }),
    '8008 is in use by a process (uid 1000) that was not found within 1 s',
  )
  assert.equal(
    reason({ uid: 0, hidden: 'closing' }),
    '8008 is in use by a connection that was closed, for up to a minute (TIME_WAIT)',
  )
  assert.equal(reason({ uid: 1000 }), '8008 is in use; the system does not tell by whom')
})
