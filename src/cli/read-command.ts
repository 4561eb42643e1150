import { describeCommand, type Command } from './args/command.ts'
import { flags } from './args/flags.ts'
import { commandNamed, commandNames } from './commands/registry.ts'

/**
 * Reads the command line. The first word may be a command; the others name the folder and mounts (`/docs=./manual`).
 * A folder that is named like a command is written `./check`, or stands after `--`.
 *
 * @throws ServeError E8008_USAGE
 */
export async function readCommand(argv: readonly string[], isFolder: (word: string) => boolean): Promise<Command> {
  const line = { argv, isFolder, commandNames: commandNames() }
  const mayBeCommand = argv.some((word) => commandNamed(word) !== undefined)
  // Words alone need no parser, which is a large one.
  if (!mayBeCommand && !argv.some((word) => word.startsWith('-')))
    return describeCommand('serve', new Map(), { asked: [], places: argv }, line)
  const { firstWord, parseArguments } = await import('./args/arguments.ts')
  const name = mayBeCommand ? commandNamed(firstWord(argv, flags, isFolder)) : undefined
  if (name !== undefined) {
    const { readCommandLine } = await import('./commands/parse.ts')
    return readCommandLine(name, line, flags)
  }
  const { words, literals, values } = await parseArguments(line, flags)
  return describeCommand('serve', values, { asked: [], places: [...words, ...literals] }, line)
}
