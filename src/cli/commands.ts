import { flags, ownFlag, voice, type Flag } from './flags.ts'

/** The words that may stand in the folder's place. */
export const commandNames = ['check', 'explain', 'reload', 'trust', 'untrust', 'cert', 'completion', 'help'] as const

/** One of them. */
export type CommandName = (typeof commandNames)[number]

/** The commands that look after the local authority. They share no flags with serving. */
export const authorityNames = ['trust', 'untrust', 'cert'] as const

/** What stands before its description on a help page. */
export type Rows = readonly (readonly [term: string, text: string])[]

/** A command: what it takes, and what its help page says. */
export interface CommandEntry {
  /** One line, as the end of a sentence. */
  readonly summary: string
  /** Its forms. */
  readonly usage: Rows
  /** Every flag that it takes; any other is an error. */
  readonly flags: readonly Flag[]
  /** Whether it takes the flags of serving too, which have a page of their own. */
  readonly isLikeServing?: true
  /** What its words are, for completions. */
  readonly words: 'folders' | 'files' | 'shells' | 'commands' | 'others'
  readonly examples: Rows
  readonly notes: readonly string[]
}

const yes = only('yes', ['y'], 'Ask nothing, as in scripts.')
/** As every command speaks; those that end have less to say than a server. */
const own: readonly Flag[] = voice.map((flag) => {
  if (flag.key === 'verbose') return { ...flag, description: 'Print the stacks of errors.' }
  return flag.key === 'json' ? { ...flag, description: 'Print one JSON line, errors too.' } : flag
})

/** Every command: the command line, the help pages and the completions follow from this table. */
export const commands: Readonly<Record<CommandName, CommandEntry>> = {
  check: {
    summary: 'show every setting and where it comes from, and serve nothing',
    usage: [['serve8008 check [folder]', 'as serve8008 [folder] would be started']],
    flags,
    isLikeServing: true,
    words: 'folders',
    examples: [
      ['serve8008 check', 'the configuration of this folder'],
      ['serve8008 check --json', 'one line for programs, with every origin'],
    ],
    notes: ['It ends with 2 where something is wrong, and tells of every problem at once.'],
  },
  explain: {
    summary: 'which route answers a request, and why no other does',
    usage: [['serve8008 explain [METHOD] URL', 'a URL or a path; the method is GET unless named']],
    flags: [
      // As curl does, it takes header fields by -H, which elsewhere is the host.
      ...flags.map((flag) => ({ ...flag, aliases: flag.aliases.filter((alias) => alias !== 'H') })),
      {
        ...only('request-header', ['H'], 'Header field of the request that is asked about.'),
        key: 'requestHeader',
        kind: 'list',
        repeats: true,
        valueName: 'NAME:VALUE',
      },
    ],
    isLikeServing: true,
    words: 'others',
    examples: [
      ['serve8008 explain /api/x', 'with the routes of the config file'],
      ['serve8008 explain POST /v1 -H x-canary:1', 'for a request with this header field'],
    ],
    notes: ['Nothing is sent.'],
  },
  reload: {
    summary: 'update the open pages of a server that runs',
    usage: [['serve8008 reload [files]', 'those that use these files, or all of them']],
    flags: [{ ...only('port', ['p'], 'The server on this port.'), kind: 'list', valueName: 'PORT' }, ...own],
    words: 'files',
    examples: [
      ['serve8008 reload', 'reload every page'],
      ['serve8008 reload dist/app.css', 'swap the style sheet where it is used'],
    ],
    notes: ['Of several servers it is the one of this folder; otherwise name its port.'],
  },
  trust: {
    summary: 'let the browsers and the system of this user trust the local certificates',
    usage: [['serve8008 trust', 'show every command that it takes, ask, and run them']],
    flags: [
      only('status', [], 'Change nothing and tell who trusts the local authority.'),
      only('ca', [], 'Print the path of its certificate and nothing else; make it if needed.'),
      only('renew', [], 'Make a new authority in the place of the old one, and trust that.'),
      yes,
      ...own,
    ],
    words: 'others',
    examples: [
      ['serve8008 trust --status', 'who trusts it; exits with 1 unless all do'],
      ['serve8008 trust --status --json', 'one line for programs'],
      ['export NODE_EXTRA_CA_CERTS="$(serve8008 trust --ca)"', 'for Node'],
      ['serve8008 trust --renew', 'after its key was lost or seen by others'],
    ],
    notes: [
      'Where root is needed it calls sudo itself. Restart open browsers afterwards; serve8008 untrust takes all back.',
    ],
  },
  untrust: {
    summary: 'take the local authority out of every store that trusts it',
    usage: [['serve8008 untrust', 'show every command that it takes, ask, and run them']],
    flags: [yes, ...own],
    words: 'others',
    examples: [['serve8008 untrust --yes', 'without a question']],
    notes: ['The authority itself stays, for serve8008 trust; its folder is named at the end.'],
  },
  cert: {
    summary: 'write a certificate of the local authority for another program',
    usage: [['serve8008 cert NAME [NAME]', 'one certificate for all of these names and addresses']],
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
    examples: [
      ['serve8008 cert app.localhost', 'app.localhost.pem, app.localhost-key.pem'],
      ['serve8008 cert app.test 10.0.0.5 --out tls', 'below ./tls, for a name and an address'],
      ["serve8008 cert '*.app.test'", 'for every name one level below'],
    ],
    notes: [
      'For names below .localhost, .local, .test, .internal and .home.arpa, and for private addresses.',
      'It holds for 396 days. The same command renews it; files of others are never overwritten.',
    ],
  },
  completion: {
    summary: 'print the completions of a shell',
    usage: [['serve8008 completion SHELL', 'bash, zsh, fish or powershell']],
    flags: own,
    words: 'shells',
    examples: [['source <(serve8008 completion bash)', 'load them here and now']],
    notes: ['Each script says in its first line how to load it.'],
  },
  help: {
    summary: 'print a help page',
    usage: [['serve8008 help [COMMAND]', 'this page, or that of a command']],
    flags: own,
    words: 'commands',
    examples: [],
    notes: [],
  },
}

/** The command of a word, if it is one. */
export function commandOf(word: string | undefined): CommandName | undefined {
  return commandNames.find((name) => name === word)
}

/** The command that a line names, by its first word; what follows a flag may be its value, so it is a guess. */
export function typedCommand(argv: readonly string[]): CommandName | undefined {
  return commandOf(argv.find((word) => !word.startsWith('-')))
}

function only(name: string, aliases: readonly string[], description: string): Flag {
  return { ...ownFlag(name, aliases, description), canBeOff: false }
}
