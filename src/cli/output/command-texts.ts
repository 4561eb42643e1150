import type { CommandName } from '../args/commands.ts'

/** Terms and their descriptions on a help page. */
export type Rows = readonly (readonly [term: string, text: string])[]

/** The texts of a command's help page beside its flags. */
export interface CommandTexts {
  /** One line, as the end of a sentence. */
  readonly summary: string
  /** Its forms. */
  readonly usage: Rows
  readonly examples: Rows
  readonly notes: readonly string[]
}

export const commandTexts: Readonly<Record<CommandName, CommandTexts>> = {
  check: {
    summary: 'show every setting and where it comes from, and serve nothing',
    usage: [['serve8008 check [folder]', 'as serve8008 [folder] would be started']],
    examples: [
      ['serve8008 check', 'the configuration of this folder'],
      ['serve8008 check --json', 'one line for programs, with every origin'],
    ],
    notes: ['It lists all problems and exits with 2 if there are any.'],
  },
  explain: {
    summary: 'show which route answers a request and why, or what an error code means',
    usage: [
      ['serve8008 explain [folder] [METHOD] URL', 'a URL or a path; the method is GET unless named'],
      ['serve8008 explain CODE', 'the code of an error or a warning'],
    ],
    examples: [
      ['serve8008 explain /api/x', 'with the routes of the config file'],
      ['serve8008 explain ./site /certs/dev.pem', 'for that folder; mounts and flags are as in serving'],
      ['serve8008 explain http://localhost:8008/x', 'with the settings of the server that runs on this port'],
      ['serve8008 explain POST /v1 -H x-canary:1', 'for a request with this header field'],
      ['serve8008 explain E8008_CERT', 'meaning, usual cause and what to do'],
    ],
    notes: [
      'No request is sent. The line "Read" names the settings that were read: flags, environment, config file, or those of a running server.',
      'serve8008 help codes lists every code.',
    ],
  },
  reload: {
    summary: 'update the open pages of a running server',
    usage: [['serve8008 reload [files]', 'the pages that use these files, or all pages']],
    examples: [
      ['serve8008 reload', 'reload every page'],
      ['serve8008 reload dist/app.css', 'swap the style sheet where it is used'],
    ],
    notes: ['If several servers run, it is the server of this folder; --port chooses another.'],
  },
  status: {
    summary: 'list your servers that are running',
    usage: [['serve8008 status', 'address, folder and process of each; also: list']],
    examples: [['serve8008 status --json', 'one line for programs']],
    notes: [],
  },
  stop: {
    summary: 'stop a running server',
    usage: [['serve8008 stop', 'open replies finish first, as with ^C']],
    examples: [['serve8008 stop --port 3000', 'the server on this port']],
    notes: ['It stops the server of this folder; --port chooses another.'],
  },
  version: {
    summary: 'print the version',
    usage: [
      ['serve8008 version', 'the same as serve8008 --version'],
      ['serve8008 version --verbose', 'and of each bundled package'],
    ],
    examples: [],
    notes: [],
  },
  trust: {
    summary: 'let the browsers and the system of this user trust the local certificates',
    usage: [['serve8008 trust', 'show every command, ask, and run them']],
    examples: [
      ['serve8008 trust --status', 'which stores trust it; exits with 1 unless all do'],
      ['serve8008 trust --status --json', 'one line for programs'],
      ['export NODE_EXTRA_CA_CERTS="$(serve8008 trust --ca)"', 'for Node'],
      ['serve8008 trust --browsers-only', 'not the system and Java, so that no root is needed'],
      ['serve8008 trust --renew', 'replace it, if its key was lost or seen by others'],
    ],
    notes: [
      'It calls sudo where root is needed. Restart open browsers afterwards. serve8008 untrust removes the trust again.',
    ],
  },
  untrust: {
    summary: 'remove the local authority from every store that trusts it',
    usage: [['serve8008 untrust', 'show every command, ask, and run them']],
    examples: [['serve8008 untrust --yes', 'without a question']],
    notes: ['The authority itself is kept; the last line names its folder.'],
  },
  cert: {
    summary: 'write a certificate of the local authority for another program',
    usage: [['serve8008 cert NAME [NAME]', 'one certificate for all of these names and addresses']],
    examples: [
      ['serve8008 cert app.localhost', 'app.localhost.pem, app.localhost-key.pem'],
      ['serve8008 cert app.test 10.0.0.5 --out tls', 'below ./tls, for a name and an address'],
      ["serve8008 cert '*.app.test'", 'for every name one level below'],
    ],
    notes: [
      'For names below .localhost, .local, .test, .internal and .home.arpa, and for private addresses.',
      'It is valid for 396 days. The same command renews it; other files are never overwritten.',
    ],
  },
  completion: {
    summary: 'print the completion script of a shell',
    usage: [['serve8008 completion SHELL', 'bash, zsh, fish or powershell']],
    examples: [['source <(serve8008 completion bash)', 'load them here and now']],
    notes: ['The first line of each script says how to load it.'],
  },
  help: {
    summary: 'print a help page',
    usage: [['serve8008 help [NAME]', 'the overview, or the page of a group, a command or a flag']],
    examples: [],
    notes: [],
  },
}
