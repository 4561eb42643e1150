import { ServeError } from '../errors/serve-error.ts'
import { parseArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { authorityFlags } from './flags.ts'

/** What was said to `trust`, `untrust` or `cert`. */
export interface AuthorityCommand {
  readonly yes: boolean
  readonly status: boolean
  readonly ca: boolean
  /** The folder for the files of `cert`. */
  readonly out: string | undefined
}

type Name = keyof typeof authorityFlags

const voices: ReadonlySet<string> = new Set(['--json', '--quiet', '-q', '--verbose'])

/**
 * Reads the command line of `trust`, `untrust` or `cert`, which have flags of their own; undefined for another
 * command. Only flags of the voice may stand before it.
 *
 * @throws ServeError E8008_USAGE
 */
export function readAuthorityCommand(argv: readonly string[]): Command | undefined {
  const at = argv.findIndex((word) => !voices.has(word))
  const name = argv[at]
  if (!isName(name)) return undefined
  const { words, literals, values } = parseArguments(argv, authorityFlags[name], () => false)
  const isOn = (key: string): boolean => values.get(key) === true
  const out = values.get('out')
  const names = [...words.slice(1), ...literals]
  if (name !== 'cert' && names[0] !== undefined) {
    throw new ServeError('E8008_USAGE', `serve8008 ${name} takes no ${names[0]}.`, { hint: `serve8008 ${name}` })
  }
  if (isOn('status') && isOn('ca')) {
    throw new ServeError('E8008_USAGE', '--status and --ca are two questions.', { hint: 'serve8008 trust --status' })
  }
  return {
    name: isOn('help') ? 'help' : isOn('version') ? 'version' : name,
    shell: undefined,
    words: names,
    requestHeaders: [],
    quiet: isOn('quiet'),
    verbose: isOn('verbose'),
    json: isOn('json'),
    config: undefined,
    flags: {},
    authority: {
      yes: isOn('yes'),
      status: isOn('status'),
      ca: isOn('ca'),
      out: Array.isArray(out) ? out.at(-1) : undefined,
    },
  }
}

function isName(word: string | undefined): word is Name {
  return word !== undefined && Object.hasOwn(authorityFlags, word)
}
