import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { renderCompletion } from '../../../src/cli/completion.ts'
import { flags } from '../../../src/cli/flags.ts'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

for (const shell of shells) {
  test(`the ${shell} script knows every flag`, () => {
    const script = renderCompletion(shell, flags)
    for (const { name } of flags) {
      assert.ok(script.includes(shell === 'fish' ? `-l ${name} ` : `--${name}`), name)
    }
  })
}

test('a shell that we do not know is an error that names those we do', () => {
  assert.throws(() => renderCompletion('tcsh', flags), {
    code: 'E8008_USAGE',
    message: 'There are no completions for tcsh.',
  })
  assert.throws(() => renderCompletion(undefined, flags), { hint: /completion bash, .*completion powershell/ })
  assert.throws(() => renderCompletion('toString', flags), { code: 'E8008_USAGE' })
})

/** What bash offers for the last of the words. */
function offers(t: TestContext, ...words: string[]): string[] | undefined {
  const script = `${renderCompletion('bash', flags)}
COMP_WORDS=(serve8008 "$@"); COMP_CWORD=$#; _serve8008; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { error, status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  if (error !== undefined) {
    t.skip('there is no bash here')
    return undefined
  }
  assert.equal(stderr, '')
  assert.equal(status, 0)
  return stdout.split('\n').filter((line) => line !== '')
}

test('bash offers flags, choices and commands', (t) => {
  const flagsOffered = offers(t, '--no-l')
  if (flagsOffered === undefined) return
  assert.ok(flagsOffered.includes('--no-listing'))
  assert.deepEqual(offers(t, '--log', 'c'), ['common', 'combined'])
  assert.deepEqual(offers(t, 'completion', 'z'), ['zsh'])
  assert.deepEqual(offers(t, 'chec'), ['check'])
})
