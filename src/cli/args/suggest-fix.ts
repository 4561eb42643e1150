import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { nearest } from '../../config/diagnostic.ts'
import type { ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import { commandNames } from './commands.ts'
import { flags } from './flags.ts'
import type { Program } from '../process-io.ts'
import { buildFolders, readPackage, runScript } from '../../core/util/package-json.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { guessOutputOptions } from './command.ts'
import { commandLine, isCommandHint } from './command-line.ts'
import { correctedCommand, replaceWord } from './corrected-command.ts'

/** What hints for the command line are made from. */
type Typed = Pick<Program, 'argv' | 'cwd'>

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
function commandSentence({ code, hint }: ServeError | Warning, typed: Typed, folder: string | undefined) {
  if (code === 'E8008_ROOT_NOT_FOUND' && folder?.includes('\ufffd') === false) {
    return (
      buildOf(folder, typed) ??
      existingFolder(folder, typed) ??
      'name a folder that exists, or leave it out to serve this one'
    )
  }
  if (code === 'E8008_ROOT_NOT_FOLDER') return 'name the folder that holds it'
  // The command of a project runs in its folder.
  if (code === 'W8008_PROJECT' && folder !== undefined && hint !== undefined)
    return `cd ${shellQuote(folder)} && ${hint}`
  // The hint of the library describes the manual steps.
  if (code.endsWith('8008_AUTHORITY'))
    return hint?.replace(/delete .* again \(serve8008 trust\)$/s, 'serve8008 trust --renew')
  if (code === 'E8008_AUTH_FILE') return hint?.replace(/\bauthFile\b/, '--auth-file')
  const sharing = ['--lan', '--host'].filter((flag) => typed.argv.some((word) => word.split('=')[0] === flag))
  if (code !== 'W8008_EXPOSED' || sharing.length === 0) return undefined
  return `leave out ${sharing.join(' and ')} to serve this machine only`
}

/** The build command of the project, if the missing folder has the name of a build folder. */
function buildOf(folder: string, { cwd }: Typed): string | undefined {
  const path = resolve(cwd, folder)
  const project = dirname(path)
  if (!buildFolders.includes(basename(path))) return undefined
  if (readPackage(join(project, 'package.json'))?.scripts['build'] === undefined) return undefined
  const build = runScript('build', { has: (name) => existsSync(join(project, name)) })
  return project === resolve(cwd) ? build : `cd ${shellQuote(dirname(folder))} && ${build}`
}

/** The folder or command nearest to a name that does not exist. */
function existingFolder(folder: string, { argv, cwd }: Typed): string | undefined {
  if (!argv.includes(folder)) return undefined
  const parent = dirname(resolve(cwd, folder))
  const isBare = !/[/\\]/.test(folder)
  const meant = nearest(basename(folder), [...foldersIn(parent), ...(isBare ? commandNames : [])])
  // An equal name would suggest the typed command again.
  if (meant === undefined || meant === basename(folder)) return undefined
  return replaceWord(argv, folder, isBare ? meant : join(dirname(folder), meant))
}

function foldersIn(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
  } catch {
    return []
  }
}
