import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCompletion } from '../../../../src/cli/commands/completion.ts'
import { only, printingFlags, type CommandDefinition } from '../../../../src/cli/commands/definition.ts'
import { renderHelp } from '../../../../src/cli/commands/help.ts'
import { loadCommands, registry, type CommandEntry } from '../../../../src/cli/commands/registry.ts'
import { flags } from '../../../../src/cli/args/flags.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'
import { runHere } from '../../../cli/here.ts'

// own process: it adds a command, which the tests of other files must not see

const locateCommand: CommandDefinition = {
  command: 'locate [names..]',
  describe: 'print where files are',
  flags: [{ ...only('depth', ['d'], 'How deep to look.'), kind: 'value', valueName: 'LEVELS' }, ...printingFlags],
  words: 'files',
  usage: [['serve8008 locate [names]', 'all files, or these']],
  examples: [['serve8008 locate a.css', 'one file']],
  notes: [],
  handler({ words, json }, { cwd }, report) {
    report.print(json ? `${JSON.stringify({ words })}\n` : `${words.join(' ')} in ${cwd}\n`)
    return 1
  },
}

/** A command with a word that it needs. */
const copyCommand: CommandDefinition = {
  command: 'copy <from> [to]',
  describe: 'copy a file',
  flags: printingFlags,
  usage: [['serve8008 copy a.css b.css', 'one file']],
  examples: [],
  notes: [],
  handler: () => 0,
}

// The one line of someone who adds a command.
;(registry as CommandEntry[]).push({ words: ['locate', 'seek'], load: () => Promise.resolve(locateCommand) })
;(registry as CommandEntry[]).push({ words: ['copy', 'cp'], load: () => Promise.resolve(copyCommand) })

const { tables } = await import('../../../../scripts/docs.ts')

const commands = await loadCommands()
const page = (word: string): string =>
  renderHelp(word, '0.1.0', { isTerminal: false, color: false, columns: 80 }, commands)
const read = (...argv: string[]): ReturnType<typeof readCommand> => readCommand(argv, () => false)

describe('a command that was added in one place', () => {
  test('is read with its flags and its words', async () => {
    const { name, words, values } = await read('locate', 'a.css', '-d', '2', '--', '-b')
    assert.deepEqual([name, words, values.get('depth')], ['locate', ['a.css', '-b'], ['2']])
    assert.equal((await read('--json', 'seek')).name, 'locate')
    await assert.rejects(read('locate', '--dept', '3'), {
      message: 'Unknown flag --dept.',
      hint: 'serve8008 locate --depth LEVELS',
    })
    await assert.rejects(read('locate', '--port', '3'), { hint: 'serve8008 locate --help' })
    await assert.rejects(read('locate', '--depth'), { hint: 'serve8008 locate --depth LEVELS' })
  })

  test('gets the words that it needs, and no more', async () => {
    assert.deepEqual((await read('copy', 'a')).words, ['a'])
    assert.deepEqual((await read('cp', 'a', 'b')).words, ['a', 'b'])
    const missing = { code: 'E8008_USAGE', message: 'Missing argument: FROM.' }
    await assert.rejects(read('copy'), { ...missing, hint: 'serve8008 copy FROM' })
    await assert.rejects(read('--json', 'cp', '--quiet'), { ...missing, hint: 'serve8008 --json cp FROM --quiet' })
    await assert.rejects(read('copy', 'a', 'b', 'c'), {
      message: 'serve8008 copy takes at most 2 arguments, but got c.',
      hint: 'serve8008 copy a b',
    })
    assert.equal((await read('copy', '--help')).name, 'help')
  })

  test('offers no command to run where a word has to be filled in', async (t) => {
    const { error } = JSON.parse((await runHere(t, ['copy', '--json'])).stderr) as { error: Record<string, unknown> }
    assert.deepEqual([error['hint'], error['command']], ['serve8008 copy FROM --json', null])
  })

  test('runs, and ends with its exit code', async (t) => {
    const { exitCode, stdout } = await runHere(t, ['locate', 'a.css', '--json'])
    assert.deepEqual([exitCode, stdout], [1, '{"words":["a.css"]}\n'])
    const error = JSON.parse((await runHere(t, ['locate', '--json', '--depth'])).stderr) as { error: object }
    assert.deepEqual(
      { ...error.error, message: '' },
      {
        code: 'E8008_USAGE',
        message: '',
        hint: 'serve8008 locate --json --depth LEVELS',
        command: null,
        problems: [],
        exitCode: 2,
      },
    )
  })

  test('is suggested for a mistyped word', async (t) => {
    assert.match((await runHere(t, ['locat'])).stderr, /try: serve8008 locate\n/)
    await assert.rejects(read('locat', 'a.css'), { hint: 'serve8008 locate a.css' })
  })

  test('is on help pages', () => {
    assert.match(page('help'), /serve8008 COMMAND [^]*\slocate,\s+copy\n/)
    assert.match(page('commands'), /^ {2}serve8008 locate \[names\] +print where files are$/m)
    for (const word of ['locate', 'seek']) assert.match(page(word), /^serve8008 locate: print where files are\n/)
    assert.match(page('locate'), /^ {2}-d, --depth LEVELS {2,}How deep to look\.$/m)
    assert.match(page('depth'), /^--depth\n/)
  })

  test('is completed in every shell', () => {
    for (const [shell, flag] of [
      ['bash', '--depth'],
      ['zsh', '--depth'],
      ['fish', '-l depth'],
    ] as const) {
      assert.match(renderCompletion(shell, flags, commands), new RegExp(`\\blocate\\b[^]*${flag}`), shell)
    }
    assert.match(renderCompletion('powershell', flags, commands), /'locate'/)
  })

  test('is in the table of the reference', () => {
    const table = tables['docs/reference/command-line.md']?.['commands']?.() ?? ''
    assert.match(table, /^\| `serve8008 locate \[names\]` \| Print where files are\. \|$/m)
  })
})
