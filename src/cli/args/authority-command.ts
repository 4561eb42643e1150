import type { OutputOptions } from '../output/reporter.ts'
import { parseArguments } from './arguments.ts'
import { usageError, withoutSecret } from './command-line.ts'
import { commands, type authorityNames } from './commands.ts'

/** Flags of `trust`, `untrust` or `cert`. */
export interface AuthorityFlags {
  readonly yes: boolean
  readonly status: boolean
  readonly ca: boolean
  readonly renew: boolean
  readonly browsersOnly: boolean
  /** The folder for the files of `cert`. */
  readonly out: string | undefined
}

/** One of these commands, or the help or version page. */
export interface AuthorityCommand extends OutputOptions {
  readonly name: Name | 'help' | 'version'
  /** The names after `cert`, or the command of the help page. */
  readonly words: readonly string[]
  readonly authority: AuthorityFlags
}

type Name = (typeof authorityNames)[number]

const questions = ['status', 'ca', 'renew'] as const

/**
 * Reads the command line of `trust`, `untrust` or `cert`, which do not share the flags of serving.
 *
 * @throws ServeError E8008_USAGE
 */
export async function readAuthorityCommand(name: Name, argv: readonly string[]): Promise<AuthorityCommand> {
  const { words, literals, values } = await parseArguments(argv, commands[name].flags, () => false)
  const isOn = (key: string): boolean => values.get(key) === true
  const output = { quiet: isOn('quiet'), verbose: isOn('verbose'), json: isOn('json') }
  const out = values.get('out')
  const authority = {
    yes: isOn('yes'),
    status: isOn('status'),
    ca: isOn('ca'),
    renew: isOn('renew'),
    browsersOnly: isOn('browsers-only'),
    out: Array.isArray(out) ? out.at(-1) : undefined,
  }
  if (isOn('help')) return { ...output, name: 'help', words: [name], authority }
  const names = [...words.slice(1), ...literals]
  if (name !== 'cert' && names[0] !== undefined) {
    const asked = questions.find((key) => key === names[0])
    const hint = asked === undefined || name !== 'trust' ? `serve8008 ${name}` : `serve8008 trust --${asked}`
    throw usageError(`serve8008 ${name} takes no arguments, but got ${withoutSecret(names[0])}.`, hint)
  }
  const [one, other] = questions.filter((key) => authority[key])
  if (other !== undefined) {
    throw usageError(`--${one} and --${other} cannot be combined.`, `serve8008 trust --${one}`)
  }
  return { ...output, name: isOn('version') ? 'version' : name, words: names, authority }
}
