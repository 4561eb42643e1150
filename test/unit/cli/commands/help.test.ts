import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presetNames } from '../../../../src/config/presets.ts'
import { nameOf } from '../../../../src/cli/commands/definition.ts'
import { renderHelp } from '../../../../src/cli/commands/help.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'
import { helpGroups } from '../../../../src/cli/commands/help-pages.ts'
import { errorTexts } from '../../../../src/core/error-texts.ts'
import { checkTexts, doctorTexts, scanTexts } from '../../../../src/core/finding-texts.ts'
import { warningTexts } from '../../../../src/core/warning-texts.ts'
import { commandNamed, loadCommands } from '../../../../src/cli/commands/registry.ts'

const commands = await loadCommands()
const page = (word: string): string =>
  renderHelp(word, '0.1.0', { isTerminal: false, color: false, columns: 80 }, commands)

/** Every page but that of `help`, which is the general one. */
const named = commands.filter((command) => nameOf(command) !== 'help')

for (const definition of named) {
  const name = nameOf(definition)
  test(`${name} has a help page with all its own flags in 80 columns`, () => {
    const text = page(name)
    assert.match(text, new RegExp(`^serve8008 ${name}: `))
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
    const { flags, isLikeServing } = definition
    const shown = flags.filter((flag) => text.includes(`--${flag.name}`))
    if (isLikeServing === true) assert.match(text, /takes the flags of serving too: serve8008 help all\./)
    else assert.deepEqual(shown, flags)
    for (const flag of ['--json', '--quiet', '--help']) assert.ok(text.includes(flag), flag)
  })

  test(`the examples of ${name} can be parsed`, async () => {
    for (const [line] of [...definition.examples, ...definition.usage]) {
      const words =
        /serve8008 (.*?)\)?"?$/
          .exec(line)?.[1]
          ?.replace(/[[\]']/g, '')
          .split(' ') ?? []
      const command = await readCommand(words, () => false)
      assert.equal(command.name, name, line)
    }
  })
}

test('the page of trust shows all its flags, that of cert the folder of the files', () => {
  for (const flag of ['--status', '--ca', '--renew', '-y, --yes']) {
    assert.ok(page('trust').includes(`  ${flag} `), flag)
  }
  assert.match(page('cert'), /^ {2}-o, --out DIR {2,}/m)
  assert.match(page('explain'), /^ {2}-H, --request-header NAME:VALUE$/m)
})

test('help of a preset says that it is one, with the commands that use it', () => {
  for (const name of presetNames()) {
    const text = page(name)
    // Also a flag elsewhere: --spa.
    if (name === 'spa') continue
    assert.match(text, new RegExp(`^The preset ${name}: `))
    for (const command of [`--preset ${name}`, `presets ${name}`, `init ${name}`])
      assert.ok(text.includes(`serve8008 ${command}`), command)
    assert.ok(
      text.split('\n').every((line) => line.length <= 80),
      text,
    )
  }
  assert.throws(() => page('matrx'), { hint: 'serve8008 help matrix' })
})

test('help codes lists every error, warning and finding in 80 columns', () => {
  const text = page('codes')
  for (const code of [
    ...Object.keys(errorTexts),
    ...Object.keys(warningTexts),
    ...Object.keys({ ...scanTexts, ...checkTexts, ...doctorTexts }),
  ])
    assert.match(text, new RegExp(`^  ${code}\\b`, 'm'))
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
  assert.throws(() => page('code'), { hint: 'serve8008 help codes' })
})

test('an unknown word is an error with the nearest one', () => {
  assert.throws(() => page('trsut'), {
    code: 'E8008_USAGE',
    message: 'There is no command, flag, preset or help group "trsut".',
    hint: 'serve8008 help trust',
  })
  assert.throws(() => page('constructor'), { code: 'E8008_USAGE', hint: 'serve8008 --help' })
  assert.throws(() => page('exmples'), { hint: 'serve8008 help examples' })
  assert.throws(() => page('E8008_CERT'), { hint: 'serve8008 explain E8008_CERT' })
})

test('no group has the name of a command, and the page of a flag names its group', () => {
  for (const word of Object.keys(helpGroups(commands))) assert.equal(commandNamed(word), undefined, word)
  assert.match(page('port'), /^--port\n/)
  assert.match(page('tls'), /^--tls\n[\s\S]*Related flags: serve8008 help https\n/)
  assert.match(page('header'), /^--header\n/)
  assert.match(page('headers'), /^serve8008 help headers: /)
  for (const word of ['no-live', 'spa-fallback', 'p']) assert.match(page(word), /^--(?:live|single|port)\n/, word)
})

test('help, --help and help help are the overview, help all has everything', () => {
  assert.match(page('help'), /^serve8008 0\.1\.0, [\s\S]*serve8008 help NAME/)
  assert.match(page('all'), /^Limits, as --limit[\s\S]*^Notes/m)
})
