import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAccessPolicy, namesBelow } from '../../../../src/static/access/access-policy.ts'
import { createDenyList } from '../../../../src/static/access/apply-deny-list.ts'
import { folder, stat } from '../site.ts'

test('a folder whose name begins like the root is not inside the root', () => {
  assert.deepEqual(namesBelow('/srv/public', '/srv/public/a/b', '/'), ['a', 'b'])
  assert.deepEqual(namesBelow('/srv/public', '/srv/public', '/'), [])
  assert.equal(namesBelow('/srv/public', '/srv/public-secret/a', '/'), undefined)
  assert.equal(namesBelow('/srv/public', '/srv', '/'), undefined)
})

test('the root of a disk contains every path on it', () => {
  assert.deepEqual(namesBelow('/', '/etc/passwd', '/'), ['etc', 'passwd'])
  assert.deepEqual(namesBelow('C:\\', 'C:\\a\\b', '\\'), ['a', 'b'])
  assert.equal(namesBelow('C:\\site', 'D:\\site\\a', '\\'), undefined)
})

test('outside the root the target of a link is judged by its name, not by the folders above it', (t) => {
  const top = folder(t, { '.cache/app.js': 'a', '.cache/id_rsa': 's', 'root/x': '' })
  const access = createAccessPolicy({
    root: join(top, 'root'),
    followSymlinks: true,
    denied: createDenyList({ dotfiles: false, serve: [] }),
    secretFiles: [],
  })
  for (const [name, admitted] of [
    ['app.js', true],
    ['id_rsa', false],
  ] as const) {
    const path = join(top, '.cache', name)
    assert.equal(access.admits(path, stat(path)), admitted, name)
  }
})
