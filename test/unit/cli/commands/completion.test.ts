import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { renderCompletion } from '../../../../src/cli/commands/completion.ts'
import { nameOf } from '../../../../src/cli/commands/definition.ts'
import { loadCommands } from '../../../../src/cli/commands/registry.ts'
import { flags } from '../../../../src/cli/args/flags.ts'
import { limitNames } from '../../../../src/config/options/limits.ts'

const commands = await loadCommands()
const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

for (const [shell, program] of [
  ['bash', ['bash', '-n']],
  ['zsh', ['zsh', '-n']],
  ['fish', ['fish', '--no-execute']],
] as const) {
  test(`the ${shell} script is one that ${shell} reads`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'serve8008-completion-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'script')
    writeFileSync(file, renderCompletion(shell, flags, commands))
    const [command, ...words] = program
    const { error, status, stderr } = spawnSync(command, [...words, file], { encoding: 'utf8' })
    if (error !== undefined) return t.skip(`there is no ${shell} here`)
    assert.deepEqual([stderr, status], ['', 0])
  })
}

test('every shell knows the flags of every command', () => {
  for (const shell of shells) {
    // bash separates words by an escaped line feed, whose n is no part of the word behind it
    const script = renderCompletion(shell, flags, commands).replaceAll(String.raw`\n`, ' ')
    for (const command of commands) {
      const name = nameOf(command)
      assert.match(script, new RegExp(`\\b${name}\\b`), `${shell}: ${name}`)
      for (const flag of command.flags) {
        assert.ok(script.includes(shell === 'fish' ? `-l ${flag.name} ` : `--${flag.name}`), `${shell}: ${flag.name}`)
      }
    }
  }
})

for (const shell of shells) {
  test(`the ${shell} script knows every flag`, () => {
    const script = renderCompletion(shell, flags, commands)
    for (const { name } of flags) {
      assert.ok(script.includes(shell === 'fish' ? `-l ${name} ` : `--${name}`), name)
    }
  })
}

test('an unknown shell is an error that lists the known ones', () => {
  assert.throws(() => renderCompletion('tcsh', flags, commands), {
    code: 'E8008_USAGE',
    message: 'There are no completions for tcsh; it must be one of: bash, zsh, fish, powershell.',
  })
  assert.throws(() => renderCompletion('toString', flags, commands), { code: 'E8008_USAGE' })
})

/** What bash offers for the last of the words. */
function offers(t: TestContext, ...words: string[]): string[] | undefined {
  const script = `${renderCompletion('bash', flags, commands)}
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
  assert.deepEqual(offers(t, '--log', '=', 'j'), ['json'])
  assert.deepEqual(offers(t, '--log', '='), ['pretty', 'common', 'combined', 'json', 'none'])
})

test('bash offers the flags of a command that has its own', (t) => {
  const offered = offers(t, 'trust', '--yes', '--')
  if (offered === undefined) return
  assert.ok(offered.includes('--status') && offered.includes('--ca'))
  assert.equal(offered.includes('--port'), false)
  assert.deepEqual(offers(t, 'untrust', '--ye'), ['--yes'])
  assert.deepEqual(offers(t, 'cert', 'a.localhost', '--o'), ['--out'])
})

test('bash offers what a command takes', (t) => {
  const offered = offers(t, 'help', 'tr')
  if (offered === undefined) return
  assert.deepEqual(offered, ['trust'])
  assert.deepEqual(offers(t, 'trust', '--re'), ['--renew'])
  assert.deepEqual(offers(t, 'explain', '--req'), ['--request-header'])
  assert.deepEqual(offers(t, 'completion', 'zsh', '--js'), ['--json'])
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-completion-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'app.css'), '')
  assert.deepEqual(offers(t, 'reload', join(folder, 'a')), [join(folder, 'app.css')])
})

test('bash offers the names of limits, ready for a value', (t) => {
  const offered = offers(t, '--limit', 'header')
  if (offered === undefined) return
  assert.deepEqual(offered, ['headerBytes=', 'headerCount=', 'headerMs='])
  assert.deepEqual(
    offers(t, '--limit', ''),
    limitNames.map((name) => `${name}=`),
  )
})

test('bash offers folders after the path of a mount, however it splits the word', (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-completion-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'manual'))
  writeFileSync(join(folder, 'map.txt'), '')
  const typed = join(folder, 'ma')
  const split = offers(t, '/docs', '=', typed)
  if (split === undefined) return
  assert.deepEqual(split, [join(folder, 'manual')])
  assert.deepEqual(offers(t, `/docs=${typed}`), [`/docs=${join(folder, 'manual')}`])
  assert.deepEqual(offers(t, '--mount', '/docs', '=', typed), [join(folder, 'manual')])
})

test('every shell completes the values of --limit and --log, and the folder of a mount', () => {
  for (const shell of shells) {
    const script = renderCompletion(shell, flags, commands)
    for (const name of limitNames) assert.ok(script.includes(`${name}=`), `${shell}: ${name}`)
    assert.match(script, /pretty.*common.*combined.*json.*none/)
    assert.match(script, /\/(\*|\[\^=\]\*)=/, shell)
  }
})

test('fish offers a command its own flags and no others', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-completion-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'script')
  writeFileSync(file, renderCompletion('fish', flags, commands))
  const ask = (line: string): string[] | undefined => {
    const words = ['--no-config', '-c', `source ${file}; complete -C '${line}'`]
    const { error, stdout } = spawnSync('fish', words, {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, HOME: folder },
    })
    if (error !== undefined) return undefined
    return stdout
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => row.split('\t')[0] ?? '')
  }
  const offered = ask('serve8008 trust --re')
  if (offered === undefined) return t.skip('there is no fish here')
  assert.deepEqual(offered, ['--renew'])
  assert.deepEqual(ask('serve8008 cert a.test --o'), ['--out'])
  assert.deepEqual(ask('serve8008 reload --js'), ['--json'])
  assert.deepEqual(ask('serve8008 help tr'), ['trust'])
  assert.deepEqual(ask('serve8008 --lis'), ['--listing'])
})
