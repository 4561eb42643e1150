import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wayOut } from '../../../src/cli/way-out.ts'
import { ServeError } from '../../../src/errors/serve-error.ts'

const typed = (...argv: string[]): { argv: string[]; cwd: string } => ({ argv, cwd: import.meta.dirname })

test('hints of the library that name options are in words of the command', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  assert.equal(wayOut(missing, typed(), undefined), 'name a folder that exists')
  assert.equal(wayOut(missing, typed('zzzzzz'), 'zzzzzz'), 'name a folder that exists')
  const users = new ServeError('E8008_AUTH_FILE', '', { hint: 'check authFile: it names a file' })
  assert.equal(wayOut(users, typed(), undefined), 'check --auth-file: it names a file')
})

test('the way back from sharing leaves out the flag that was typed', () => {
  const exposed = { code: 'W8008_EXPOSED', message: '', hint: 'leave out host and lan to serve this machine only' }
  const hint = (...argv: string[]): string | undefined => wayOut(exposed, typed(...argv), undefined)
  assert.equal(hint('--lan'), 'leave out --lan to serve this machine only')
  assert.equal(hint('--host=0.0.0.0'), 'leave out --host to serve this machine only')
  assert.equal(hint(), exposed.hint)
})
