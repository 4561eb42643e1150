import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderCommandHelp } from '../../../../src/cli/output/command-help.ts'
import { readCommand } from '../../../../src/cli/args/command.ts'
import { commandTexts } from '../../../../src/cli/output/command-texts.ts'
import { commandNames, commands, type CommandName } from '../../../../src/cli/args/commands.ts'

const pipe = { isTerminal: false, color: false, columns: 80 }

/** Every page but that of `help`, which is the general one. */
const named = commandNames.filter((name) => name !== 'help')

for (const name of named) {
  test(`${name} has a page of its own, with every flag that is its own, in 80 columns`, () => {
    const page = renderCommandHelp(name, pipe)
    assert.match(page, new RegExp(`^serve8008 ${name}: `))
    for (const line of page.split('\n')) assert.ok(line.length <= 80, line)
    const { flags, isLikeServing } = commands[name]
    const shown = flags.filter((flag) => page.includes(`--${flag.name}`))
    if (isLikeServing === true) assert.match(page, /takes the flags of serving too: serve8008 --help\./)
    else assert.deepEqual(shown, flags)
    for (const flag of ['--json', '--quiet', '--help']) assert.ok(page.includes(flag), flag)
  })

  test(`the examples of ${name} are commands that can be read`, () => {
    for (const [line] of [...commandTexts[name].examples, ...commandTexts[name].usage]) {
      const words =
        /serve8008 (.*?)\)?"?$/
          .exec(line)?.[1]
          ?.replace(/[[\]']/g, '')
          .split(' ') ?? []
      const command = readCommand(words, () => false)
      assert.equal(command.name satisfies CommandName | 'serve' | 'version', name, line)
    }
  })
}

test('trust tells of all it can do, cert where the files go', () => {
  for (const flag of ['--status', '--ca', '--renew', '-y, --yes']) {
    assert.ok(renderCommandHelp('trust', pipe).includes(`  ${flag} `), flag)
  }
  assert.match(renderCommandHelp('cert', pipe), /^ {2}-o, --out DIR {2,}/m)
  assert.match(renderCommandHelp('explain', pipe), /^ {2}-H, --request-header NAME:VALUE$/m)
})

test('a word that is no command is an error with the one that was meant', () => {
  assert.throws(() => renderCommandHelp('trsut', pipe), {
    code: 'E8008_USAGE',
    message: 'There is no command or flag "trsut".',
    hint: 'serve8008 help trust',
  })
  assert.throws(() => renderCommandHelp('constructor', pipe), { code: 'E8008_USAGE', hint: 'serve8008 --help' })
})
