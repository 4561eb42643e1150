import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  renderError,
  renderJsonError,
  renderJsonWarning,
  renderWarning,
  toServeError,
  hintText,
} from '../../../../src/cli/output/render-problem.ts'
import { isCommandHint, isWholeCommand } from '../../../../src/cli/args/command-line.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'

const terminal = { isTerminal: true, color: false, columns: 80 }
const pipe = { isTerminal: false, color: false, columns: 80 }

test('an error is a sentence, a code and the hint', () => {
  const error = new ServeError('E8008_PORT_HELD', 'Port 3000 is in use by node (pid 4242: next dev).')
  const hint = 'serve8008 --port 3001'
  assert.equal(
    renderError(error, hint, terminal, false),
    '\n  Port 3000 is in use by node (pid 4242: next dev).\n  E8008_PORT_HELD   try: serve8008 --port 3001\n\n',
  )
  assert.equal(
    renderError(error, hint, pipe, false),
    'Port 3000 is in use by node (pid 4242: next dev).\nE8008_PORT_HELD   try: serve8008 --port 3001\n',
  )
})

test('several problems have a line each, one is the sentence itself', () => {
  const several = new ServeError('E8008_CONFIG_INVALID', 'The configuration has 2 problems:\n  - a: x; y\n  - b: z', {
    problems: ['a: x; y', 'b: z'],
  })
  assert.equal(
    renderError(several, undefined, pipe, false),
    'The configuration has several problems:\n  - a: x; y\n  - b: z\nE8008_CONFIG_INVALID\n',
  )
  const one = new ServeError('E8008_CONFIG_INVALID', 'a: x', { problems: ['a: x; y'] })
  assert.equal(renderError(one, undefined, pipe, false), 'a: x\nE8008_CONFIG_INVALID\n')
})

test('escapes text from outside before it reaches a terminal', () => {
  const error = new ServeError('E8008_USAGE', 'bad \u001B[2J', { hint: 'x\u0007', problems: ['a\nb', 'c\u009B'] })
  for (const text of [renderError(error, error.hint, pipe, true), renderJsonError(error, error.hint)]) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001F\u007F-\u009F]/)
  }
})

test('the stack and its causes are shown only when verbose', () => {
  const error = toServeError(new TypeError('boom'))
  assert.equal(error.code, 'E8008_INTERNAL')
  assert.equal(error.exitCode, 1)
  assert.doesNotMatch(renderError(error, undefined, pipe, false), /\n\s+at /)
  assert.match(renderError(error, undefined, pipe, true), /\n\s+at [\s\S]*caused by:\nTypeError: boom\n\s+at /)
  assert.match(toServeError('text').message, /: text$/)
  assert.equal(toServeError(error), error)
})

test('what the permission model of Node denies is an error of its own, with the flag', () => {
  const denied = (message: string, resource?: string): unknown[] => {
    const cause = Object.assign(new Error(message), { code: 'ERR_ACCESS_DENIED', resource })
    const { code, exitCode, hint, message: shown } = toServeError(cause)
    return [code, exitCode, shown, hint]
  }
  assert.deepEqual(denied('Restricted. Use --allow-fs-read to manage permissions.', '/a b/c.js'), [
    ...['E8008_PERMISSION', 3, 'The permissions of Node deny /a b/c.js.'],
    'start node with "--allow-fs-read=/a b", or without --permission',
  ])
  assert.equal(
    denied('Use --allow-net to manage permissions.', '')[3],
    'start node with --allow-net, or without --permission',
  )
  // Node 20 names no flag.
  assert.equal(denied('Restricted', '/a')[3], 'start node with --allow-fs-read=/a, or without --permission')
})

test('an error for a program is one JSON line with stable keys', () => {
  const error = new ServeError('E8008_USAGE', 'Unknown flag --x.')
  assert.deepEqual(JSON.parse(renderJsonError(error, undefined)), {
    error: { code: 'E8008_USAGE', message: 'Unknown flag --x.', hint: null, command: null, problems: [], exitCode: 2 },
  })
})

test('a warning is a line, and a second with what to do', () => {
  const warning = { code: 'W8008_BAD_PORT', message: 'Browsers refuse port 1.' } as const
  assert.equal(
    renderWarning(warning, 'serve8008 --port 8008', terminal),
    '  warning  Browsers refuse port 1.\n           try: serve8008 --port 8008\n',
  )
  assert.equal(renderWarning({ code: 'W8008_WATCH', message: 'm' }, undefined, pipe), 'warning  m\n')
  assert.deepEqual(JSON.parse(renderJsonWarning({ code: 'W8008_WATCH', message: 'm' }, undefined)), {
    warning: { code: 'W8008_WATCH', message: 'm', hint: null, command: null },
  })
})

const commands = [
  'kill 4242',
  'docker stop shop-web-1',
  'systemctl --user stop shop.service',
  'serve8008',
  'serve8008 --port 3001',
  'sudo sysctl fs.file-max=2097152',
  'ulimit -n 8192',
]
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

test('a command with a placeholder is not a command for programs', () => {
  const withNames = [
    'serve8008 stop --port PORT',
    'serve8008 cert NAME --json',
    'serve8008 explain METHOD URL',
    'serve8008 --proxy /=URL',
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
  assert.deepEqual(JSON.parse(renderJsonWarning({ code: 'W8008_WATCH', message: 'm' }, 'ulimit -n 8192')), {
    warning: { code: 'W8008_WATCH', message: 'm', hint: 'ulimit -n 8192', command: 'ulimit -n 8192' },
  })
})
