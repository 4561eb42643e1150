import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggestFix } from '../../../../src/cli/args/suggest-fix.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'
import type { Warning } from '../../../../src/core/warning.ts'
import { renewal } from '../../../../src/tls/authority/errors.ts'
import { TempFolder } from '../../../support/server.ts'

const anyFolder = 'name a folder that exists, or leave it out to serve this one'

const typed = (...argv: string[]): { argv: string[]; cwd: string } => ({ argv, cwd: import.meta.dirname })

test('turns hints of the library about options into flags', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  // Set in a file or the environment, where it is called root.
  assert.equal(suggestFix(missing, typed(), undefined), missing.hint)
  assert.equal(suggestFix(missing, typed('zzzzzz'), 'zzzzzz'), anyFolder)
  const unreadable = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'rename it' })
  assert.equal(suggestFix(unreadable, typed('caf\ufffd'), 'caf\ufffd'), 'rename it')
  const users = new ServeError('E8008_AUTH_FILE', '', { hint: 'check authFile: it names a file' })
  assert.equal(suggestFix(users, typed(), undefined), 'check --auth-file: it names a file')
})

test('the hint about sharing names the typed flag', () => {
  const exposed = {
    code: 'W8008_EXPOSED',
    message: '',
    hint: 'leave out host and lan to serve this machine only',
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

test('the hint for a folder that is missing is never the command that was typed', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  assert.equal(suggestFix(missing, typed('check', 'trust'), 'trust'), anyFolder)
})

test('the hint for a missing build is the script that makes it', async () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  const scripts = '{"scripts":{"build":"vite build"}}'
  using folder = await new TempFolder().write({
    'package.json': scripts,
    'distr/a.txt': '',
    'a b/package.json': scripts,
    'a b/pnpm-lock.yaml': '',
    'plain/package.json': '{"scripts":{"dev":"vite"}}',
    'broken/package.json': '{',
  })
  for (const [word, hint] of [
    ['dist', 'npm run build'],
    ['./build', 'npm run build'],
    ['a b/out', 'cd "a b" && pnpm build'],
    // A name that no build writes, a project without a build, no project.
    ['distrr', 'serve8008 distr'],
    ['plain/dist', anyFolder],
    ['broken/dist', anyFolder],
    ['distr/dist', anyFolder],
  ] as const) {
    assert.equal(suggestFix(missing, { argv: [word], cwd: folder.path }, word), hint, word)
  }
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
