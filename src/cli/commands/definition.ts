import type { ServeError } from '../../core/serve-error.ts'
import type { Arguments } from '../args/arguments.ts'
import type { Command } from '../args/command.ts'
import type { SortedWords } from '../args/explain-words.ts'
import { commonFlags, ownFlag, type Flag } from '../args/flags.ts'
import type { Reporter } from '../output/reporter.ts'
import type { Program } from '../process-io.ts'

/** Terms and their descriptions on a help page. */
export type Rows = readonly (readonly [term: string, text: string])[]

/** A command. The command line, help, completions and the reference follow from it. */
export interface CommandDefinition {
  /** Its name and its words, if it takes any, as yargs writes them: `check [places..]`, `free <port>`, `cert <name..>`. */
  readonly command: string
  /** Other words that call it: those of the registry. */
  readonly aliases?: readonly string[]
  /** One line, as the end of a sentence. */
  readonly describe: string
  /** Every flag that it takes; any other is an error. */
  readonly flags: readonly Flag[]
  /** Whether it takes the flags of serving too, whose help is `help all`. */
  readonly isLikeServing?: true
  /** What its words are, for completions: files, folders, help pages, presets or these words. Default: nothing to offer. */
  readonly words?: 'files' | 'folders' | 'pages' | 'presets' | readonly string[]
  /** Its forms. */
  readonly usage: Rows
  readonly examples: Rows
  readonly notes: readonly string[]
  /** Its line in the list of commands, false for none. Default: the first form, and `describe`. */
  readonly row?: Rows[number] | false
  /** Writes words that look like flags in a form that does not. */
  respell?(argv: readonly string[]): readonly string[]
  /** Which of its words name folders and mounts, as in serving. Default: none. */
  sort?(words: readonly string[], isFolder: (word: string) => boolean): SortedWords
  /**
   * Checks what the flags say together.
   *
   * @throws ServeError E8008_USAGE
   */
  check?(values: Arguments['values']): void
  /** What is wrong where the event loop runs empty before the end. Default: a fault of serve8008. */
  unfinished?(command: Command): ServeError
  /** Runs it and returns the exit code. Help loads every definition, so a handler imports what takes long to load. */
  handler(
    command: Command,
    program: Program,
    report: Reporter,
    commands: () => Promise<readonly CommandDefinition[]>,
  ): number | Promise<number>
}

/** The first word. */
export function nameOf({ command }: Pick<CommandDefinition, 'command'>): string {
  return command.replace(/ .*$/s, '')
}

/** The common flags, described for commands that print and end. */
export const printingFlags: readonly Flag[] = commonFlags.map((flag) => {
  if (flag.key === 'verbose') return { ...flag, description: 'Print the stacks of errors.' }
  return flag.key === 'json' ? { ...flag, description: 'Print one JSON line, errors too.' } : flag
})

/** A switch of one command. */
export function only(name: string, aliases: readonly string[], description: string): Flag {
  return { ...ownFlag(name, aliases, description), canBeOff: false }
}

/** Names the running server that is meant. */
export const serverPort: Flag = { ...only('port', ['p'], 'The server on this port.'), kind: 'list', valueName: 'PORT' }

/** Changes something without a question. */
export const yesFlag: Flag = only('yes', ['y'], 'Do not ask for confirmation.')
