import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggestFix } from '../../../../src/cli/args/suggest-fix.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'
import type { Warning } from '../../../../src/core/warning.ts'
import { renewal } from '../../../../src/tls/authority/errors.ts'

const typed = (...argv: string[]): { argv: string[]; cwd: string } => ({ argv, cwd: import.meta.dirname })

test('turns hints of the library about options into flags', () => {
  const users = new ServeError('E8008_AUTH_FILE', '', { hint: 'check authFile: it names a file' })
  assert.equal(suggestFix(users, typed(), undefined), 'check --auth-file: it names a file')
})

test('the hint about sharing names the typed flag', () => {
  const exposed = {
    code: 'W8008_EXPOSED',
    message: '',
    hint: 'leave out lan, and each host that others reach, to serve this machine only',
  } as const
  const hint = (...argv: string[]): string | undefined => suggestFix(exposed, typed(...argv), undefined)
  assert.equal(hint('--lan'), 'leave out --lan to serve this machine only')
  assert.equal(hint('--host=0.0.0.0'), 'leave out --host to serve this machine only')
  assert.equal(hint(), exposed.hint)
})

test('the hint for a new authority is a command', () => {
  const folder = '/home/ann/a folder/serve8008'
  const expired = new ServeError('E8008_AUTHORITY', '', { hint: renewal(folder) })
  assert.equal(suggestFix(expired, typed(), undefined), 'serve8008 trust --renew')
  const open: Warning = {
    code: 'W8008_AUTHORITY',
    message: '',
    hint: `if others use this machine: ${renewal(folder)}`,
  }
  assert.equal(suggestFix(open, typed(), undefined), 'if others use this machine: serve8008 trust --renew')
  const own = new ServeError('E8008_AUTHORITY', '', { hint: 'see that it belongs to you' })
  assert.equal(suggestFix(own, typed(), undefined), 'see that it belongs to you')
})

test('the hint for a wrong port is a command', () => {
  for (const [name, word, hint] of [
    ['--port', '-p', 'serve8008 ./a --port 3000'],
    ['--tls-port', '--tls-port', 'serve8008 ./a --tls-port 8443'],
  ] as const) {
    const message = `${name}: expected a port from 0 to 65535, got "abc"`
    const wrong = new ServeError('E8008_CONFIG_INVALID', message, { hint: 'use a whole number' })
    assert.equal(suggestFix(wrong, typed('./a', word, 'abc'), './a'), hint)
  }
})

test('the command of a project runs in its folder', () => {
  const source = { code: 'W8008_PROJECT', message: '', hint: 'npm run dev' } as const
  const hint = (folder: string): string | undefined => suggestFix(source, typed(folder), folder)
  assert.equal(hint('./web'), 'cd ./web && npm run dev')
  for (const folder of ['.', './', import.meta.dirname]) assert.equal(hint(folder), 'npm run dev', folder)
})

test('a hint that is a command of serve8008 keeps --json', () => {
  const hint = (text: string, ...argv: string[]): string | undefined =>
    suggestFix(new ServeError('E8008_USAGE', '', { hint: text }), typed(...argv), undefined)
  for (const [text, kept] of [
    ['serve8008', 'serve8008 --json'],
    ['serve8008 explain E8008_CERT', 'serve8008 explain E8008_CERT --json'],
    ['serve8008 stop --port PORT', 'serve8008 stop --port PORT --json'],
    ['serve8008 -- check', 'serve8008 --json -- check'],
    ['serve8008 site --json --port 0', 'serve8008 site --json --port 0'],
    // Help is always text; the others are not commands of serve8008.
    ['serve8008 help port', 'serve8008 help port'],
    ['serve8008 stop --help', 'serve8008 stop --help'],
    ['npm run build', 'npm run build'],
    ['run serve8008 trust again', 'run serve8008 trust again'],
  ] as const) {
    assert.equal(hint(text, 'site', '--json'), kept)
    assert.equal(hint(text, 'site'), text)
    assert.equal(hint(text, '--', '--json'), text)
  }
})
