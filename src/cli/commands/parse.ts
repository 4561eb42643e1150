import yargs, { type Options } from 'yargs'
import {
  checkParsed,
  firstWord,
  parserConfiguration,
  readSwitches,
  unknownIn,
  type ParserResult,
} from '../args/arguments.ts'
import { describeCommand, type Command } from '../args/command.ts'
import { addPlaceholders, usageError, withoutSecret, type Line } from '../args/command-line.ts'
import { replaceWord } from '../args/corrected-command.ts'
import type { Flag } from '../args/flags.ts'
import { unknownFlag } from '../args/unknown-flag.ts'
import type { ServeError } from '../../core/serve-error.ts'
import { nameOf, type CommandDefinition } from './definition.ts'
import { loadCommand } from './registry.ts'

/**
 * Reads the command line of a command, with yargs.
 *
 * @param servingFlags Flags that may stand before the name of the command.
 * @throws ServeError E8008_USAGE
 */
export async function readCommandLine(name: string, typed: Line, servingFlags: readonly Flag[]): Promise<Command> {
  const definition = await loadCommand(name)
  const { flags } = definition
  const argv = name === 'help' ? pageOfFlag(typed.argv, definition) : (definition.respell?.(typed.argv) ?? typed.argv)
  const line = { ...typed, argv }
  const parsed = parseCommandLine(definition, line, servingFlags)
  const { words, literals, values } = await checkParsed(parsed, line, flags, name)
  const all = [...words, ...literals]
  const extra = extraWord(definition, all)
  if (extra !== undefined) throw refusedWord(definition, extra, argv)
  definition.check?.(values)
  const sorted = definition.sort?.(all, line.isFolder) ?? { asked: all, places: [] }
  const command = await describeCommand(name, values, sorted, line)
  const missing = wordsOf(definition)[all.length]
  // With --help the command is help.
  if (missing?.startsWith('<') === true && command.name === name) throw missingWord(definition, missing, all, argv)
  return command
}

/** The name under which yargs keeps the words of a command. No flag has it. */
const wordsKey = ':words'

/** Lets yargs find the flags and the words of a command. */
function parseCommandLine(definition: CommandDefinition, line: Line, servingFlags: readonly Flag[]): ParserResult {
  const { argv, isFolder } = line
  const { flags, describe, aliases = [] } = definition
  let found: ParserResult | undefined
  const program = yargs([], '/')
    .scriptName('serve8008')
    .exitProcess(false)
    .help(false)
    .version(false)
    .detectLocale(false)
    .parserConfiguration(parserConfiguration)
    .strict()
    .fail((_message, error: Error | undefined) => {
      throw error ?? refused()
    })
    .command({
      command: mostWords(definition) === 0 ? nameOf(definition) : `${nameOf(definition)} [${wordsKey}..]`,
      aliases,
      describe,
      builder: Object.fromEntries(flags.map((flag) => [flag.name, optionOf(flag)])),
      handler: ({ $0: _name, [wordsKey]: words = [], ...rest }) => {
        found = { ...rest, _: words as string[] }
      },
    })
  program.parseSync(commandFirst(readSwitches(argv, flags)))
  if (found === undefined) throw new Error('yargs has called no command')
  return found

  /** What yargs, which is strict, refuses: a flag or a word. */
  function refused(): ServeError {
    const { $0: _name, _: all, ...rest } = (program.parsed as { readonly argv: ParserResult }).argv
    const [, ...words] = all
    const unknown = unknownIn({ ...rest, _: words }, flags)
    return unknown === undefined
      ? refusedWord(definition, String(words[0]), argv)
      : unknownFlag(unknown, line, flags, nameOf(definition))
  }

  /** yargs knows the flags of a command behind its name only. */
  function commandFirst(words: readonly string[]): string[] {
    const isCommand = (word: string): boolean => word === nameOf(definition) || aliases.includes(word)
    const at = words.findIndex(
      (word, i) => isCommand(word) && firstWord(words.slice(0, i + 1), servingFlags, isFolder) === word,
    )
    return [...words.slice(at, at + 1), ...words.toSpliced(at, 1)]
  }
}

/**
 * A flag as yargs declares it. Its values are checked by the option that it sets. It is hidden from the help of yargs, which
 * is rendered at each run and never shown.
 */
function optionOf({ kind, aliases }: Flag): Options {
  return { type: kind === 'boolean' ? 'boolean' : 'string', alias: [...aliases], hidden: true }
}

/** `help --port` shows the page of the flag; it does not set the flag. */
function pageOfFlag(argv: readonly string[], { flags }: CommandDefinition): readonly string[] {
  const [first, page, ...rest] = argv
  if (first !== 'help' || page === undefined || rest.length > 0) return argv
  const name = page.replace(/^-+/, '')
  return flags.some((flag) => flag.name === name || flag.aliases.includes(name)) ? argv : [first, name]
}

/** The words of a command as it declares them: `<file>`, `[folder]`, `[names..]`. */
function wordsOf({ command }: CommandDefinition): string[] {
  return command.split(' ').slice(1)
}

function mostWords(definition: CommandDefinition): number {
  const words = wordsOf(definition)
  return words.some((word) => word.includes('..')) ? Infinity : words.length
}

/** The error for a word that a command needs, with a command that has it. */
function missingWord(
  definition: CommandDefinition,
  word: string,
  given: readonly string[],
  argv: readonly string[],
): ServeError {
  const { aliases = [], words } = definition
  const name = word.replaceAll(/\W/g, '').toUpperCase()
  addPlaceholders([name])
  const [first = name, ...others] = typeof words === 'object' ? words : []
  const last = given.at(-1) ?? argv.find((each) => each === nameOf(definition) || aliases.includes(each)) ?? ''
  return usageError(
    `Missing argument: ${name}${others.length === 0 ? '' : `; it must be one of: ${[first, ...others].join(', ')}`}.`,
    replaceWord(argv, last, last, first),
  )
}

/** The first word that a command does not take. */
function extraWord(definition: CommandDefinition, words: readonly string[]): string | undefined {
  return words[mostWords(definition)]
}

/** The error for it. `trust status` was meant as `trust --status`. */
function refusedWord(definition: CommandDefinition, word: string, argv: readonly string[]): ServeError {
  const isFlag = definition.flags.some(({ kind, name }) => kind === 'boolean' && name === word)
  const most = mostWords(definition)
  const takes = ['no arguments', 'one argument'][most] ?? `at most ${most} arguments`
  return usageError(
    `serve8008 ${nameOf(definition)} takes ${takes}, but got ${withoutSecret(word)}.`,
    replaceWord(argv, word, ...(isFlag ? [`--${word}`] : [])),
  )
}
