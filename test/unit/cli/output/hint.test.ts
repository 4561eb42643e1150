import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hintText, isCommandHint, isWholeCommand } from '../../../../src/cli/output/hint.ts'
import { renderJsonError, renderJsonWarning } from '../../../../src/cli/output/print.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'

const commands = ['serve8008', 'serve8008 --port 3001', 'sudo sysctl fs.file-max=2097152', 'ulimit -n 8192']
const sentences = [
  'build the app first, or serve the folder that holds its page',
  'did you mean "proxy"?',
  'ulimit -n 8192, or on Linux: sudo sysctl fs.inotify.max_user_instances=1024',
  'serve8008.config.mjs needs a default export',
]

test('a hint is a command only where it can be pasted as it is', () => {
  for (const hint of commands) assert.equal(isCommandHint(hint), true, hint)
  for (const hint of sentences) assert.equal(isCommandHint(hint), false, hint)
})

test('a command with a name in place of a value is none that a program may run', () => {
  const withNames = [
    'serve8008 stop --port PORT',
    'serve8008 --proxy MATCH=TARGET',
    'serve8008 --auth USER:PASSWORD --port 3001',
    'serve8008 --auth=USER:PASSWORD',
    'serve8008 --header "Cookie: VALUE" site',
    'serve8008 -x /api=http://USER:PASSWORD@localhost:3000',
    'serve8008 --passphrase=PASSPHRASE',
  ]
  for (const hint of withNames) assert.deepEqual([isCommandHint(hint), isWholeCommand(hint)], [true, false], hint)
  for (const hint of [...commands, 'serve8008 explain GET /api/x', 'serve8008 README --port 3001']) {
    assert.equal(isWholeCommand(hint), true, hint)
  }
  const { error } = JSON.parse(renderJsonError(new ServeError('E8008_USAGE', 'm'), 'serve8008 --port PORT')) as {
    error: { hint: unknown; command: unknown }
  }
  assert.deepEqual([error.hint, error.command], ['serve8008 --port PORT', null])
})

test('`try:` stands before commands alone; a sentence begins with a capital letter', () => {
  assert.equal(hintText('serve8008 --port 3001'), 'try: serve8008 --port 3001')
  assert.equal(hintText('did you mean "proxy"?'), 'Did you mean "proxy"?')
  assert.equal(hintText('start that server (localhost:3000)'), 'Start that server (localhost:3000)')
})

test('a name that is to be typed stays as it is', () => {
  for (const hint of [
    'timeouts.totalMs is the limit',
    'allowHost with each name',
    'serve8008.config.mjs needs a default',
  ]) {
    assert.equal(hintText(hint), hint)
  }
})

test('in JSON a command has a key of its own beside the hint', () => {
  const error = (hint: string | undefined): unknown =>
    (JSON.parse(renderJsonError(new ServeError('E8008_USAGE', 'm'), hint)) as { error: unknown }).error
  const common = { code: 'E8008_USAGE', message: 'm', problems: [], exitCode: 2 }
  assert.deepEqual(error('serve8008'), { ...common, hint: 'serve8008', command: 'serve8008' })
  assert.deepEqual(error('read the manual'), { ...common, hint: 'read the manual', command: null })
  assert.deepEqual(error(undefined), { ...common, hint: null, command: null })
  assert.deepEqual(JSON.parse(renderJsonWarning({ code: 'W', message: 'm' }, 'ulimit -n 8192')), {
    warning: { code: 'W', message: 'm', hint: 'ulimit -n 8192', command: 'ulimit -n 8192' },
  })
})
