import { parseArguments } from '../args/arguments.ts'
import { describeCommand, type Command } from '../args/command.ts'
import { usageError, withoutSecret, type Line } from '../args/command-line.ts'
import { replaceWord } from '../args/corrected-command.ts'
import { nameOf, type CommandDefinition } from './definition.ts'
import { loadCommand } from './registry.ts'

/**
 * Reads the command line of a command.
 *
 * @throws ServeError E8008_USAGE
 */
export async function readCommandLine(name: string, typed: Line): Promise<Command> {
  const definition = await loadCommand(name)
  const argv = name === 'help' ? pageOfFlag(typed.argv, definition) : typed.argv
  const { isFolder } = typed
  const { words, literals, values } = await parseArguments(argv, definition.flags, isFolder, name)
  const all = [...words.slice(1), ...literals]
  refuseExtraWord(definition, all, argv)
  definition.check?.(values)
  const sorted = definition.sort?.(all, isFolder) ?? { asked: all, places: [] }
  return describeCommand(name, values, sorted, { ...typed, argv })
}

/** `help --port` shows the page of the flag; it does not set the flag. */
function pageOfFlag(argv: readonly string[], { flags }: CommandDefinition): readonly string[] {
  const [first = '', page, ...rest] = argv
  if (page === undefined || rest.length > 0) return argv
  const name = page.replace(/^-+/, '')
  return flags.some((flag) => flag.name === name || flag.aliases.includes(name)) ? argv : [first, name]
}

/** Refuses words after a command that takes none, and a second one after a command that takes one. */
function refuseExtraWord(definition: CommandDefinition, words: readonly string[], argv: readonly string[]): void {
  const { command, flags } = definition
  const most = command.includes('..]') ? Infinity : command.includes('[') ? 1 : 0
  const word = words[most]
  if (word === undefined) return
  const isFlag = flags.some((flag) => flag.kind === 'boolean' && flag.name === word)
  throw usageError(
    `serve8008 ${nameOf(definition)} takes ${most === 0 ? 'no arguments' : 'one argument'}, but got ${withoutSecret(word)}.`,
    replaceWord(argv, word, ...(isFlag ? [`--${word}`] : [])),
  )
}
