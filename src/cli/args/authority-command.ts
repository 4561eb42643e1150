import { ServeError } from '../../core/serve-error.ts'
import { parseArguments } from './arguments.ts'
import { authorityNames, commands } from './commands.ts'
import type { Manner } from '../output/reporter.ts'

/** What was said to `trust`, `untrust` or `cert`. */
export interface AuthorityFlags {
  readonly yes: boolean
  readonly status: boolean
  readonly ca: boolean
  readonly renew: boolean
  /** The folder for the files of `cert`. */
  readonly out: string | undefined
}

/** One of these commands, or a question about it. */
export interface AuthorityCommand extends Manner {
  readonly name: Name | 'help' | 'version'
  /** The names after `cert`, or the command whose help page is asked for. */
  readonly words: readonly string[]
  readonly authority: AuthorityFlags
}

type Name = (typeof authorityNames)[number]

const voices: ReadonlySet<string> = new Set(['--json', '--quiet', '-q', '--verbose'])
const questions = ['status', 'ca', 'renew'] as const

/**
 * Reads the command line of `trust`, `untrust` or `cert`, which have flags of their own; undefined for another
 * command. Only flags of the voice may stand before it.
 *
 * @throws ServeError E8008_USAGE
 */
export function readAuthorityCommand(argv: readonly string[]): AuthorityCommand | undefined {
  const first = argv.find((word) => !voices.has(word))
  const name = authorityNames.find((each) => each === first)
  if (name === undefined) return undefined
  const { words, literals, values } = parseArguments(argv, commands[name].flags, () => false)
  const isOn = (key: string): boolean => values.get(key) === true
  const manner = { quiet: isOn('quiet'), verbose: isOn('verbose'), json: isOn('json') }
  const out = values.get('out')
  const authority = {
    yes: isOn('yes'),
    status: isOn('status'),
    ca: isOn('ca'),
    renew: isOn('renew'),
    out: Array.isArray(out) ? out.at(-1) : undefined,
  }
  if (isOn('help')) return { ...manner, name: 'help', words: [name], authority }
  const names = [...words.slice(1), ...literals]
  if (name !== 'cert' && names[0] !== undefined) {
    const asked = questions.find((key) => key === names[0])
    const hint = asked === undefined || name !== 'trust' ? `serve8008 ${name}` : `serve8008 trust --${asked}`
    throw new ServeError('E8008_USAGE', `serve8008 ${name} takes no ${names[0]}.`, { hint })
  }
  const [one, other] = questions.filter((key) => authority[key])
  if (other !== undefined) {
    throw new ServeError('E8008_USAGE', `--${one} and --${other} are two things.`, { hint: `serve8008 trust --${one}` })
  }
  return { ...manner, name: isOn('version') ? 'version' : name, words: names, authority }
}
