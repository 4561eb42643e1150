import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { checkFolders } from '../../../src/config/check-folders.ts'
import { prefixMatch } from '../../../src/config/match.ts'
import type { ResolvedRoute } from '../../../src/config/route-types.ts'
import type { ServeError } from '../../../src/core/serve-error.ts'

describe('checkFolders', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-folders-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  after(() => rmSync(folder, { recursive: true, force: true }))
  const none = join(folder, 'none')
  const good = { base: '/', root: folder, routes: [], authFile: undefined }
  const docs = (root: string): ResolvedRoute => ({
    id: '/docs',
    match: prefixMatch('/docs/'),
    action: { kind: 'folder', root },
  })

  test('says how to make a password file, with its path', () => {
    assert.throws(() => checkFolders({ ...good, authFile: none }), { hint: `create it: htpasswd -cB ${none} USER` })
  })

  test('a password that was given as the password file is not repeated', () => {
    const config = { ...good, root: import.meta.dirname, authFile: join(import.meta.dirname, 'ann:hunter2') }
    assert.throws(
      () => checkFolders(config),
      (error: ServeError) => {
        assert.equal(error.code, 'E8008_AUTH_FILE')
        assert.doesNotMatch(error.message + error.hint, /hunter2/)
        return true
      },
    )
  })

  test('names the file or the variable of a folder', () => {
    const told = (origins: Record<string, string>, config: object): string => {
      try {
        checkFolders({ ...good, ...config }, origins)
      } catch (error) {
        return (error as Error).message.replace(/: [^:]*none$/, '')
      }
      return ''
    }
    const routes = [docs(none)]
    const missing = 'does not exist'
    assert.equal(told({ root: 'file a.json' }, { root: none }), `a.json: root: The folder ${missing}`)
    assert.equal(told({ root: 'env SERVE8008_ROOT' }, { root: none }), `SERVE8008_ROOT: The folder ${missing}`)
    assert.equal(told({ root: 'flag folder' }, { root: none }), `The folder ${missing}`)
    const origin = { 'mounts./docs': 'file a.json', mounts: 'flag --mount' }
    assert.equal(told(origin, { routes }), `a.json: mounts./docs: The folder of /docs ${missing}`)
    assert.equal(
      told({ 'mounts.docs/': 'env SERVE8008_MOUNT' }, { routes }),
      `SERVE8008_MOUNT: The folder of /docs ${missing}`,
    )
    const users = told({ authFile: 'file a.json' }, { authFile: none })
    assert.equal(users, `a.json: authFile: The password file ${missing}`)
  })

  test('accepts folders and a password file that are there', () => {
    checkFolders({ ...good, routes: [docs(folder)], authFile: file })
  })

  test('refuses a root that is missing or is a file', () => {
    assert.throws(() => checkFolders({ ...good, root: none }), {
      code: 'E8008_ROOT_NOT_FOUND',
      message: `The folder does not exist: ${none}`,
    })
    assert.throws(() => checkFolders({ ...good, root: file }), { code: 'E8008_ROOT_NOT_FOLDER' })
    assert.throws(() => checkFolders({ ...good, root: join(file, 'x') }), /does not exist|cannot be read/)
  })

  // Node reads words and the working directory as UTF-8, so such a folder can be reached by a link alone.
  test('says that the name of a folder is not UTF-8', () => {
    const named = `${none}\ufffd`
    const hint = /symbolic link/
    const routes = [docs(named)]
    assert.throws(() => checkFolders({ ...good, root: named }), {
      message: `The folder has a name that is not UTF-8: ${named}`,
      hint,
    })
    assert.throws(() => checkFolders({ ...good, routes }), {
      message: /^The folder of \/docs has a name that is not/,
      hint,
    })
    // A name may hold that character itself.
    mkdirSync(named)
    checkFolders({ ...good, root: named })
  })

  test('names the mount that is wrong', () => {
    const routes = [docs(none)]
    assert.throws(() => checkFolders({ ...good, routes }), {
      code: 'E8008_ROOT_NOT_FOUND',
      message: `The folder of /docs does not exist: ${none}`,
    })
  })

  test('refuses a password file that is missing or a folder', () => {
    assert.throws(() => checkFolders({ ...good, authFile: none }), { code: 'E8008_AUTH_FILE', hint: /htpasswd/ })
    assert.throws(() => checkFolders({ ...good, authFile: folder }), { code: 'E8008_AUTH_FILE' })
  })

  test('refuses a name that is too long for the system', () => {
    assert.throws(() => checkFolders({ ...good, root: join(folder, 'x'.repeat(5000)) }), {
      code: 'E8008_ROOT_UNREADABLE',
    })
  })

  const mayReadAll = process.getuid === undefined || process.getuid() === 0
  test('refuses a folder that may not be read', { skip: mayReadAll && 'permissions do not bind this user' }, () => {
    const locked = join(folder, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0)
    try {
      assert.throws(() => checkFolders({ ...good, root: locked }), { code: 'E8008_ROOT_UNREADABLE' })
    } finally {
      chmodSync(locked, 0o700)
    }
  })
})
