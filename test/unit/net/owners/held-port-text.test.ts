import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skippedPort } from '../../../../src/net/owners/held-port-text.ts'
import type { Holder } from '../../../../src/net/types.ts'

function reason(
  holder: Partial<Holder> | undefined,
  code: 'EADDRINUSE' | 'EACCES' = 'EADDRINUSE',
  product?: string,
): string {
  const none = { address: '127.0.0.1', pid: undefined, name: undefined, command: undefined, uid: undefined }
  const whole = holder && { ...none, ...holder }
  return skippedPort({ port: 8008, code, holder: whole }, product, 'linux').reason
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
  const denied = (port: number, platform: NodeJS.Platform): string =>
    skippedPort({ port, code: 'EACCES', holder: undefined }, undefined, platform).reason
  assert.equal(denied(591, 'linux'), '591 needs administrator rights')
  assert.equal(denied(8008, 'darwin'), '8008 is not allowed here')
  assert.equal(denied(8008, 'win32'), '8008 is reserved by Windows')
})

test('names the holder of a port that Windows denies because it is held', () => {
  assert.equal(reason({ pid: 4, name: 'http.sys' }, 'EACCES'), '8008 is in use by http.sys (pid 4)')
})

test('mentions another user only if the holder belongs to one', () => {
  assert.equal(
    reason({ uid: 1000, hidden: 'elsewhere' }),
    '8008 is in use by a process of yours that is not visible here (a container, another pid namespace, or a program with capabilities)',
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

test('names the product that answers, and what its process runs where that says more', () => {
  const named = (holder: Partial<Holder> | undefined, product: string): string => reason(holder, 'EADDRINUSE', product)
  const synapse = { pid: 812, name: 'python', command: 'synapse.app.homeserver' }
  assert.equal(named(synapse, 'Synapse 1.67.0'), '8008 is in use by Synapse 1.67.0 (pid 812)')
  const django = { pid: 7, name: 'python', command: 'manage.py runserver' }
  assert.equal(named(django, 'Django'), '8008 is in use by Django (pid 7: manage.py runserver)')
  const ours = { pid: 9, name: 'node', command: 'serve8008 site' }
  assert.equal(named(ours, 'serve8008'), '8008 is in use by serve8008 (pid 9: serve8008 site)')
  assert.equal(
    named({ uid: 0, hidden: 'user' }, 'nginx 1.22.1'),
    '8008 is in use by nginx 1.22.1 of another user (uid 0)',
  )
  assert.equal(
    named({ uid: 0, hidden: 'elsewhere' }, 'Vite'),
    '8008 is in use by Vite of yours that is not visible here (a container, another pid namespace, or a program with capabilities)',
  )
  assert.equal(
    named({ uid: 0, hidden: 'search' }, 'Vite'),
    '8008 is in use by Vite (uid 0), whose process was not found within 1 s',
  )
  assert.equal(named(undefined, 'Vite'), '8008 is in use by Vite')
})
