import { nearest } from '../../config/diagnostic.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
import type { ServeError } from '../../core/serve-error.ts'
import type { Arguments } from './arguments.ts'
import { usageError, withoutSecret, type Line } from './command-line.ts'
import { correctedCommand, replaceWord } from './corrected-command.ts'
import { flags } from './flags.ts'
import { foreignWords } from './foreign-flags.ts'

/** The words of a command line. */
export interface Words extends Line {
  /** Those that name folders and mounts. */
  readonly words: readonly string[]
  /** Those of them that are no mounts. */
  readonly folders: readonly string[]
  readonly values: Arguments['values']
  /** Whether no command was named. */
  readonly isServing: boolean
}

/**
 * Refuses words that mean something else than a folder to serve, or two folders. One folder that does not exist passes:
 * the check of folders refuses it.
 *
 * @throws ServeError E8008_USAGE, whose hint is the corrected command
 */
export function refuseWords(given: Words): void {
  const { words, folders, values, argv, isFolder } = given
  const [first] = words
  if (first !== undefined && Object.hasOwn(foreignWords, first) && !isFolder(first)) {
    // `stop` ends servers of ours, by folder.
    const isOfPort = first === 'kill' && /^:?\d+$/.test(words[1] ?? '')
    throw usageError(
      `There is no folder ${first}, and no command ${first}.`,
      replaceWord(argv, first, ...(isOfPort ? ['free'] : (foreignWords[first] ?? []))),
    )
  }
  const [folder, second] = folders
  const url = words.find((word) => /(^|=)[a-z][a-z0-9+.-]+:\//.test(word) && !isFolder(word))
  if (url !== undefined) {
    const route = url.includes('=') ? url : `/=${url}`
    throw usageError(
      `${withoutSecret(url)} is a URL, not a folder. To forward requests to it, use --proxy.`,
      replaceWord(argv, url, '--proxy', route),
    )
  }
  const mount = folders.find((word) => /^[\w.-]+=./.test(word) && !isFolder(word))
  if (mount !== undefined) {
    throw usageError(
      `${mount} is not a folder. The path of a mount begins with a slash.`,
      replaceWord(argv, mount, `/${mount}`),
    )
  }
  if (folder !== undefined && second !== undefined) {
    if (argv[argv.indexOf(folder) - 1] === '--cors' && folder.includes('.') && !isFolder(folder)) {
      throw usageError(
        `${folder} is not an origin. An origin begins with a scheme such as https://.`,
        replaceWord(argv, folder, `https://${folder}`),
      )
    }
    const before = argv[argv.indexOf(second) - 1] ?? ''
    if (/^(?:-s|--single|--spa)$/.test(before) && !isFolder(second)) {
      const joined = replaceWord(argv.toSpliced(argv.indexOf(second) - 1, 1), second, `${longName(before)}=${second}`)
      throw usageError(`${second} is not a folder. As the value of ${before} it is written after a =.`, joined)
    }
    // Every value of the flag has been recognised by its form.
    if (before === '--cache' && !isFolder(second)) {
      const accepts = optionsByKey.get('cache')?.accepts
      throw usageError(`${second} is neither a folder nor a value of --cache: ${accepts}.`, replaceWord(argv, second))
    }
  }
  refusePort(folders, values, argv, isFolder)
  if (folder !== undefined && second !== undefined) throw secondFolder(folder, second, given)
}

/** Refuses `3000`, `:3000` and `localhost:3000`. */
function refusePort(
  folders: readonly string[],
  values: Arguments['values'],
  argv: readonly string[],
  isFolder: (word: string) => boolean,
): void {
  const word = folders.find((each) => /^(?:localhost)?:?\d+$/.test(each) && !isFolder(each))
  if (word === undefined) return
  const port = word.replace(/^.*:/, '')
  const others = argv.toSpliced(argv.lastIndexOf(word), 1)
  const hint = values.has('port')
    ? correctedCommand(others, { option: 'port', value: port }, flags)
    : replaceWord(argv, word, '--port', port)
  throw usageError(`There is no folder ${word}. To set the port: --port ${port}.`, hint)
}

/** The error for two words: a command with a typing error, a word that is not a folder, or a folder that needs a path. */
function secondFolder(folder: string, second: string, { argv, isFolder, commandNames, isServing }: Words): ServeError {
  // Behind -- a word is a folder, also where it is that of a command.
  const mayBeCommand = isServing && !isFolder(folder) && !commandNames.includes(folder)
  const command = mayBeCommand ? nearest(folder, commandNames) : undefined
  if (command !== undefined) {
    return usageError(`There is no folder ${folder}, and no command ${folder}.`, replaceWord(argv, folder, command))
  }
  const missing = [second, folder].filter((word) => !isFolder(word))
  if (missing.length === 2)
    return usageError(
      `${withoutSecret(folder)} and ${withoutSecret(second)} are not folders.`,
      'name one folder that exists',
    )
  const only = 'Only one folder can be served at /'
  if (missing[0] !== undefined) {
    const other = missing[0] === second ? folder : second
    return usageError(`${only}: ${other}. ${withoutSecret(missing[0])} is not a folder.`, replaceWord(argv, missing[0]))
  }
  const name = second.replace(/^[./\\]+|[/\\]+$/g, '') || 'more'
  return usageError(
    `${only}: ${folder}. To add ${second}, give it a path.`,
    replaceWord(argv, second, `/${name}=${second}`),
  )
}

function longName(word: string): string {
  return word === '-s' ? '--single' : word
}
