import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDenied } from '../../../src/static/denied.ts'

const secret = [
  'server.pem',
  'server.key',
  'SERVER.KEY',
  'a.p12',
  'a.pfx',
  'a.jks',
  'a.ppk',
  'a.kdbx',
  'server.key.gz',
  'id_rsa',
  'id_rsa.pub',
  'id_rsa.old',
  'id_ed25519',
  'id_ecdsa_sk',
  '.env',
  '.ENV',
  '.env.local',
  '.envrc',
  'production.env',
  '.npmrc',
  '.htpasswd',
  '.netrc',
  '.git-credentials',
  '.ssh',
  '.aws',
  'data.sqlite',
  'data.sqlite3',
  'data.sqlite-wal',
  'index.html~',
  'index.html.bak',
  '.index.html.swp',
  '#notes#',
  'a.orig',
]

test('secrets are denied at any depth, and --dotfiles does not unlock them', () => {
  for (const name of secret) {
    for (const dotfiles of [false, true]) {
      assert.equal(isDenied([name], dotfiles), true, name)
      assert.equal(isDenied(['a', name, 'b'], dotfiles), true, name)
    }
  }
})

test('other dotfiles are denied unless they are asked for', () => {
  for (const names of [['.git', 'HEAD'], ['a', '.hidden'], ['.DS_Store'], ['.vscode', 'settings.json']]) {
    assert.equal(isDenied(names, false), true, names.join('/'))
    assert.equal(isDenied(names, true), false, names.join('/'))
  }
})

test('well-known addresses and package stores are served', () => {
  assert.equal(isDenied(['.well-known', 'security.txt'], false), false)
  assert.equal(isDenied(['.well-known', '.hidden'], false), true)
  assert.equal(isDenied(['node_modules', '.pnpm', 'vue@3', 'node_modules', 'vue', 'index.js'], false), false)
  assert.equal(isDenied(['.pnpm', 'x'], false), true)
  assert.equal(isDenied(['node_modules', '.bin', 'x'], false), true)
})

test('names that merely resemble a secret are served', () => {
  for (const name of [
    'index.html',
    'keyboard.js',
    'pem.html',
    'env.js',
    'config.env.js',
    'key',
    'a.crt',
    'my_id_rsa.html',
    'sqlite.js',
    'backup.html',
    'old',
  ]) {
    assert.equal(isDenied([name], false), false, name)
  }
})
