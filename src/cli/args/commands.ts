import { flags, ownFlag, commonFlags, type Flag } from './flags.ts'

/** The commands; a folder of such a name is written ./check. */
export const commandNames = [
  'check',
  'explain',
  'reload',
  'status',
  'stop',
  'trust',
  'untrust',
  'cert',
  'completion',
  'version',
  'help',
] as const

/** Other words for commands. */
const commandAliases: Readonly<Record<string, CommandName>> = { list: 'status', ls: 'status', ps: 'status' }

/** One of them. */
export type CommandName = (typeof commandNames)[number]

/** The commands of the local authority. They share no flags with serving. */
export const authorityNames = ['trust', 'untrust', 'cert'] as const

/** The arguments of a command. Its texts are in `cli/output/command-texts.ts`, which serving never loads. */
export interface CommandEntry {
  /** Every flag that it takes; any other is an error. */
  readonly flags: readonly Flag[]
  /** Whether it takes the flags of serving too, whose help is `help all`. */
  readonly isLikeServing?: true
  /** What its words are, for completions. */
  readonly words: 'folders' | 'files' | 'shells' | 'commands' | 'others' | 'none'
}

const yes = only('yes', ['y'], 'Do not ask for confirmation.')
/** The common flags, described for commands that print and end. */
const own: readonly Flag[] = commonFlags.map((flag) => {
  if (flag.key === 'verbose') return { ...flag, description: 'Print the stacks of errors.' }
  return flag.key === 'json' ? { ...flag, description: 'Print one JSON line, errors too.' } : flag
})

/** Every command: the command line, the flags of the help pages and the completions follow from this table. */
export const commands: Readonly<Record<CommandName, CommandEntry>> = {
  check: {
    flags,
    isLikeServing: true,
    words: 'folders',
  },
  explain: {
    flags: [
      ...flags,
      {
        ...only('request-header', ['H'], 'Header field of the request, as in curl.'),
        key: 'requestHeader',
        kind: 'list',
        repeats: true,
        valueName: 'NAME:VALUE',
      },
    ],
    isLikeServing: true,
    words: 'others',
  },
  reload: {
    flags: [{ ...only('port', ['p'], 'The server on this port.'), kind: 'list', valueName: 'PORT' }, ...own],
    words: 'files',
  },
  status: {
    flags: own,
    words: 'none',
  },
  stop: {
    flags: [{ ...only('port', ['p'], 'The server on this port.'), kind: 'list', valueName: 'PORT' }, ...own],
    words: 'none',
  },
  trust: {
    flags: [
      only('status', [], 'Show which stores trust the local authority; change nothing.'),
      only('ca', [], 'Print only the path of its certificate; create it if needed.'),
      only('renew', [], 'Replace the authority with a new one, and trust that.'),
      only('browsers-only', [], 'Only the stores that browsers read, which takes no root.'),
      yes,
      ...own,
    ],
    words: 'others',
  },
  untrust: {
    flags: [yes, ...own],
    words: 'others',
  },
  cert: {
    flags: [
      {
        ...only('out', ['o'], 'Folder for the two files; by default this one.'),
        kind: 'value',
        valueName: 'DIR',
        isPath: true,
      },
      ...own,
    ],
    words: 'others',
  },
  completion: {
    flags: own,
    words: 'shells',
  },
  version: {
    flags: own,
    words: 'none',
  },
  help: {
    flags: own,
    words: 'commands',
  },
}

/** The command of a word, if it is one. */
export function commandNamed(word: string | undefined): CommandName | undefined {
  if (word !== undefined && Object.hasOwn(commandAliases, word)) return commandAliases[word]
  return commandNames.find((name) => name === word)
}

/** The command of a line, by its first word. A guess: the word may be the value of a flag. */
export function typedCommand(argv: readonly string[]): CommandName | undefined {
  return commandNamed(argv.find((word) => !word.startsWith('-')))
}

function only(name: string, aliases: readonly string[], description: string): Flag {
  return { ...ownFlag(name, aliases, description), canBeOff: false }
}
