import { resolve } from 'node:path'
import type { ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import { flags } from './flags.ts'
import type { Program } from '../process-io.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { guessOutputOptions } from './command.ts'
import { commandLine, isCommandHint } from './command-line.ts'
import { correctedCommand } from './corrected-command.ts'

/** What hints for the command line are made from. */
export type Typed = Pick<Program, 'argv' | 'cwd'>

/**
 * What to try next, as a command or a sentence; where one option helps, the typed command with that option. A command
 * keeps the `--json` that was typed.
 */
export function suggestFix(error: ServeError | Warning, typed: Typed, folder: string | undefined): string | undefined {
  const hint = hintFor(error, typed, folder)
  return hint !== undefined && guessOutputOptions(typed.argv).json ? withJson(hint) : hint
}

/** A command of ours with `--json`. Help pages are always text. */
function withJson(hint: string): string {
  const words = hint.split(' ')
  const isOurs = words[0] === 'serve8008' && isCommandHint(hint)
  if (!isOurs || ['--json', '--help', 'help'].some((word) => words.includes(word))) return hint
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words.toSpliced(end, 0, '--json').join(' ')
}

function hintFor(error: ServeError | Warning, typed: Typed, folder: string | undefined): string | undefined {
  if (error.fix !== undefined) return correctedCommand(typed.argv, error.fix, flags)
  const sentence = commandSentence(error, typed, folder)
  if (sentence !== undefined) return sentence
  const isSilent = error.code === 'E8008_INTERNAL' && error.hint === undefined && !typed.argv.includes('--verbose')
  return isSilent ? commandLine(['--verbose', ...typed.argv]) : error.hint
}

/** The hint where that of the library names options: on a command line they are flags and words. */
function commandSentence({ code, message, hint }: ServeError | Warning, typed: Typed, folder: string | undefined) {
  const [, port] = /^--((?:tls-)?port): expected a port/.exec(message) ?? []
  if (port !== undefined) {
    const fix = port === 'port' ? { option: 'port', value: 3000 } : { option: 'tlsPort', value: 8443 }
    return correctedCommand(typed.argv, fix, flags)
  }
  // The command of a project runs in its folder.
  const isElsewhere = folder !== undefined && resolve(typed.cwd, folder) !== resolve(typed.cwd)
  if (code === 'W8008_PROJECT' && isElsewhere && hint !== undefined) return `cd ${shellQuote(folder)} && ${hint}`
  // The hint of the library describes the manual steps.
  if (code.endsWith('8008_AUTHORITY'))
    return hint?.replace(/delete .* again \(serve8008 trust\)$/s, 'serve8008 trust --renew')
  if (code === 'E8008_AUTH_FILE') return hint?.replace(/\bauthFile\b/, '--auth-file')
  const sharing = ['--lan', '--host'].filter((flag) => typed.argv.some((word) => word.split('=')[0] === flag))
  if (code !== 'W8008_EXPOSED' || sharing.length === 0) return undefined
  return `leave out ${sharing.join(' and ')} to serve this machine only`
}
