import { optionsByKey } from '../../config/options/option-table.ts'
import { isHostKey } from '../../config/values/host-name.ts'
import type { FlagValues } from '../../config/sources/source.ts'
import { parseArguments, type FlagTexts } from './arguments.ts'
import { commandNamed, commands, typedCommand, authorityNames, type CommandName } from './commands.ts'
import { flags } from './flags.ts'
import { correctedCommand, replaceWord } from './corrected-command.ts'
import type { OutputOptions } from '../output/reporter.ts'
import type { AuthorityFlags } from './authority-command.ts'
import { commandLine, usageError, withoutSecret } from './command-line.ts'

/** What the command line asks for. */
export interface Command extends OutputOptions {
  readonly name: 'serve' | 'version' | CommandName
  /** The word after `completion`. */
  readonly shell: string | undefined
  /** The files after `reload`, the words after `stop`, which takes none, the method and the URL after `explain`, the names after `cert`, the command after `help`. */
  readonly words: readonly string[]
  /** Header fields of the request that `explain` explains. */
  readonly requestHeaders: readonly string[]
  /** The value of each option, by its key. */
  readonly flags: FlagValues
  /** The file named by --config, false for --no-config, undefined to look one up. */
  readonly config: string | false | undefined
  /** Flags of `trust`, `untrust` or `cert`. */
  readonly authority?: AuthorityFlags
}

type Values = ReadonlyMap<string, FlagTexts>

/**
 * Reads the command line. The first word may be a command; the others name the folder and mounts (`/docs=./manual`).
 * A folder that is named like a command is written `./check`, or stands after `--`.
 *
 * @throws ServeError E8008_USAGE
 */
export async function readCommand(typed: readonly string[], isFolder: (word: string) => boolean): Promise<Command> {
  const argv = helpOfFlag(typed)
  const authorityName = authorityNamed(argv)
  if (authorityName !== undefined) {
    const { readAuthorityCommand } = await import('./authority-command.ts')
    const authority = await readAuthorityCommand(authorityName, argv)
    return { ...authority, shell: undefined, requestHeaders: [], config: undefined, flags: {} }
  }
  const guess = typedCommand(argv)
  // The flags of serving, and those of the command where it has more.
  const wide = guess !== undefined && commands[guess].isLikeServing === true ? commands[guess].flags : flags
  const general = await parseArguments(argv, wide, isFolder)
  const command = commandNamed(general.words[0])
  const own = command === undefined ? flags : commands[command].flags
  const { words, literals, values } = own === wide ? general : await parseArguments(argv, own, isFolder)
  const requestHeaders = values.get('requestHeader')
  const places = command === undefined ? words : words.slice(1)
  refuseExtraWords(command, words, argv)
  const name: Command['name'] = isOn(values, 'help')
    ? 'help'
    : isOn(values, 'version')
      ? 'version'
      : (command ?? 'serve')
  const common = {
    name,
    shell: name === 'completion' ? places[0] : undefined,
    words: name === 'help' ? aboutWhat(command, places) : isOfWords(name) ? [...places, ...literals] : [],
    requestHeaders: Array.isArray(requestHeaders) ? requestHeaders : [],
    quiet: isOn(values, 'quiet'),
    verbose: isOn(values, 'verbose'),
    json: isOn(values, 'json'),
    config: configFile(values.get('config'), argv),
  }
  if (name === 'explain') {
    const { sortExplainWords } = await import('./explain-words.ts')
    const sorted = sortExplainWords(common.words, isFolder)
    const served = await placeValues(sorted.places, values, argv, isFolder)
    return { ...common, words: sorted.asked, flags: { ...optionValues(values), ...served } }
  }
  if (isOfWords(name)) return { ...common, flags: optionValues(values) }
  if (name !== 'serve' && name !== 'check') return { ...common, flags: {} }
  return {
    ...common,
    flags: { ...optionValues(values), ...(await placeValues([...places, ...literals], values, argv, isFolder)) },
  }
}

const commonFlagWords: ReadonlySet<string> = new Set(['--json', '--quiet', '-q', '--verbose'])

/** `trust`, `untrust` or `cert`, if it is the first word; only common flags may come before it. */
function authorityNamed(argv: readonly string[]): (typeof authorityNames)[number] | undefined {
  const first = argv.find((word) => !commonFlagWords.has(word))
  return authorityNames.find((each) => each === first)
}

/** `help --port` shows the page of the flag; it does not set the flag. */
function helpOfFlag(argv: readonly string[]): readonly string[] {
  const [first, about, ...rest] = argv
  if (first !== 'help' || about === undefined || rest.length > 0) return argv
  const name = about.replace(/^-+/, '')
  const isOwn = commands.help.flags.some((flag) => flag.name === name || flag.aliases.includes(name))
  return isOwn ? argv : [first, name]
}

/** The output options, for errors of a command line that cannot be parsed. */
export function guessOutputOptions(argv: readonly string[]): OutputOptions {
  const end = argv.indexOf('--')
  const before = end === -1 ? argv : argv.slice(0, end)
  return { quiet: false, verbose: before.includes('--verbose'), json: before.includes('--json') }
}

/** Whether the words of the command are not folders. */
function isOfWords(name: Command['name']): boolean {
  return name === 'reload' || name === 'explain' || name === 'stop'
}

/** Refuses words after a command that takes none. */
function refuseExtraWords(
  command: CommandName | undefined,
  [, word]: readonly string[],
  argv: readonly string[],
): void {
  if (command === undefined || commands[command].words !== 'none' || word === undefined) return
  // Its hint names the port of a server that runs.
  if (command === 'stop') return
  throw usageError(`serve8008 ${command} takes no arguments, but got ${withoutSecret(word)}.`, replaceWord(argv, word))
}

/** What the help page is about: `help trust`, `check --help`. */
function aboutWhat(command: CommandName | undefined, places: readonly string[]): readonly string[] {
  if (command === 'help') return places
  return command === undefined ? [] : [command]
}

function isOn(values: Values, key: string): boolean {
  return values.get(key) === true
}

function configFile(texts: FlagTexts | undefined, argv: readonly string[]): string | false | undefined {
  if (texts === undefined || typeof texts === 'boolean') return texts === false ? false : undefined
  const text = texts.at(-1) ?? ''
  if (!/^-?\d+$/.test(text)) return text
  // `-c-1` and `-c 10` are the cache of another server.
  const cache = Number(text) < 0 ? 'off' : text
  throw usageError(
    `--config takes a file, not ${text}.`,
    correctedCommand(withoutConfig(argv), { option: 'cache', value: cache }, flags),
  )
}

function withoutConfig(argv: readonly string[]): string[] {
  const at = argv.findIndex((word) => /^(-c|--config)(=|-?\d|$)/.test(word))
  return argv.toSpliced(at, /^(-c|--config)$/.test(argv[at] ?? '') ? 2 : 1)
}

function optionValues(values: Values): FlagValues {
  return Object.fromEntries([...values].filter(([key]) => optionsByKey.has(key)))
}

/** The folder and the mounts among the words. */
async function placeValues(
  words: readonly string[],
  values: Values,
  argv: readonly string[],
  isFolder: (word: string) => boolean,
): Promise<FlagValues> {
  refuseApart(words, values, argv)
  // A mount of a host name is refused with the other mounts.
  const mounts = words.filter((word) => (/^\/[^=]*=/.test(word) || isHostMount(word)) && !isFolder(word))
  const folders = words.filter((word) => !mounts.includes(word))
  const [folder] = folders
  if (folders.length > 1 || !folders.every(isFolder) || words.some((word) => word.includes(':/'))) {
    const { refuseWords } = await import('./refuse-words.ts')
    refuseWords({ words, folders, values, argv, isFolder })
  }
  const named = values.get('mounts')
  return {
    ...(folder === undefined ? {} : { root: folder }),
    ...(mounts.length === 0 ? {} : { mounts: Array.isArray(named) ? [...named, ...mounts] : mounts }),
  }
}

/** Whether a word is `docs.localhost=./docs`. */
function isHostMount(word: string): boolean {
  const border = word.indexOf('=')
  return border > 0 && isHostKey(word.slice(0, border)) && !/^(?:https?|wss?):\/\//.test(word.slice(border + 1))
}

/** Refuses `-x /api 3000`: the value of the flag is one word. */
function refuseApart(words: readonly string[], values: Values, argv: readonly string[]): void {
  for (const { key, name, valueName } of flags) {
    const given = values.get(key)
    if (!valueName.includes('=') || !Array.isArray(given)) continue
    for (const value of given as readonly string[]) {
      const at = argv.findIndex((word) => word === value || (word.startsWith('-') && word.endsWith(`=${value}`)))
      const rest = argv[at + 1]
      if (value.includes('=') || at === -1 || rest === undefined || !words.includes(rest)) continue
      throw usageError(
        `--${name} takes ${valueName} in one word.`,
        commandLine(argv.toSpliced(at, 2, `${argv[at]}=${rest}`)),
      )
    }
  }
}
