import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandLine } from '../../../../src/cli/args/command-line.ts'
import { shellQuote } from '../../../../src/core/util/shell-quote.ts'

test('a word is quoted where a shell would read it as something else', () => {
  assert.deepEqual(['./site', '-p', 'a b', '~root/x', '=ls', '$(id)', "it's !", 'a=b'].map(shellQuote), [
    './site',
    '-p',
    '"a b"',
    '"~root/x"',
    '"=ls"',
    "'$(id)'",
    `'it'\\''s !'`,
    'a=b',
  ])
})

test('a corrected command contains no password and no credentials of a field', () => {
  const repeated = commandLine([
    ...['site', '--auth', 'ann:hunter2', '--auth=ann:hunter2', '-p', '1', '--header', 'Authorization: Bearer hunter2'],
    ...[
      '--header=x-api-key:hunter2',
      '--header',
      'Authorization hunter2',
      '--headers',
      'x-color: red',
      '--passphrase',
      'hunter2',
    ],
  ])
  assert.doesNotMatch(repeated, /hunter2/)
  assert.equal(
    repeated,
    'serve8008 site --auth USER:PASSWORD --auth=USER:PASSWORD -p 1 --header "Authorization: VALUE" ' +
      '"--header=x-api-key: VALUE" --header NAME:VALUE --headers "x-color: red" --passphrase PASSPHRASE',
  )
})
