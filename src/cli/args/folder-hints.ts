import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { nearest } from '../../config/diagnostic.ts'
import { presetNames } from '../../config/presets.ts'
import { ServeError } from '../../core/serve-error.ts'
import { buildFolders, readPackage } from '../../core/util/package-json.ts'
import { buildCommand } from '../../core/util/project-tools.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { withoutSecret, type Line } from './command-line.ts'
import { replaceWord } from './corrected-command.ts'
import type { Typed } from './suggest-fix.ts'

/** What was typed, and every command. */
type TypedLine = Typed & Pick<Line, 'commandNames'>

/** The error for a folder that cannot be served, with a hint for the folder or the mount that was typed. */
export function withFolderHint(error: ServeError, typed: TypedLine, folder: string | undefined): ServeError {
  const { code, message, cause } = error
  return new ServeError(code, message, { cause, hint: folderHint(error, typed, folder) ?? error.hint })
}

/** The hint; undefined where that of the library is right, because a file or the environment names the folder. */
function folderHint({ code, hint }: ServeError, typed: TypedLine, folder: string | undefined): string | undefined {
  if (hint?.startsWith('set it to ') === true) return mountHint(typed)
  if (hint?.startsWith('set root to ') !== true || folder === undefined) return undefined
  if (code === 'E8008_ROOT_NOT_FOLDER') return folderOfFile(folder, typed)
  return (
    presetOf(folder, typed) ??
    buildOf(folder, typed) ??
    existingFolder(folder, typed) ??
    'name a folder that exists, or leave it out to serve this one'
  )
}

/** The preset of that name. */
function presetOf(folder: string, { argv }: Typed): string | undefined {
  return argv.includes(folder) && presetNames().includes(folder)
    ? replaceWord(argv, folder, '--preset', folder)
    : undefined
}

/** Serves the folder of a file, and opens the file. */
function folderOfFile(file: string, { argv }: Typed): string {
  const isOpening = argv.some((word) => /^(?:--open|-o)(?:=|$)/.test(word))
  const page = isOpening ? [] : ['--open', `/${encodeURIComponent(basename(file))}`]
  return replaceWord(argv, file, dirname(file), ...page)
}

/** For the typed mount whose folder is missing, or a file. */
function mountHint({ argv, cwd }: Typed): string | undefined {
  const mounts = argv.flatMap((word) => [/^((?:--mount=)?\/[^=]*=)(.+)$/s.exec(word) ?? []])
  for (const [word = '', start = '', folder = ''] of mounts) {
    const parent = dirname(resolve(cwd, folder))
    const name = basename(folder)
    if (word === '' || foldersIn(parent).includes(name)) continue
    const meant = existsSync(resolve(cwd, folder)) ? '' : nearest(name, foldersIn(parent))
    if (meant === undefined) return `name a folder that exists, or leave out ${shellQuote(withoutSecret(word))}`
    return replaceWord(argv, word, start + join(dirname(folder), meant))
  }
  return undefined
}

/** The build command of the project, if the missing folder has the name of a build folder. */
function buildOf(folder: string, { cwd }: Typed): string | undefined {
  const path = resolve(cwd, folder)
  const project = dirname(path)
  if (!buildFolders.includes(basename(path))) return undefined
  const facts = { names: new Set(namesIn(project)), packageJson: readPackage(join(project, 'package.json')) }
  const build = buildCommand(basename(path), facts)
  if (build === undefined) return undefined
  return project === resolve(cwd) ? build : `cd ${shellQuote(dirname(folder))} && ${build}`
}

/** The folder or command nearest to a name that does not exist. */
function existingFolder(folder: string, { argv, cwd, commandNames }: TypedLine): string | undefined {
  if (!argv.includes(folder)) return undefined
  const parent = dirname(resolve(cwd, folder))
  const isBare = !/[/\\]/.test(folder)
  const meant = nearest(basename(folder), [...foldersIn(parent), ...(isBare ? commandNames : [])])
  // An equal name would suggest the typed command again.
  if (meant === undefined || meant === basename(folder)) return undefined
  return replaceWord(argv, folder, isBare ? meant : join(dirname(folder), meant))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
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
