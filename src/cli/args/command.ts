import { foreignWords } from './foreign-flags.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
import { nearest } from '../../config/diagnostic.ts'
import { isHostKey } from '../../config/resolve/host-name.ts'
import type { FlagValues } from '../../config/sources/source.ts'
import { ServeError } from '../../core/serve-error.ts'
import { parseArguments, type FlagTexts } from './arguments.ts'
import { commandNamed, commandNames, commands, typedCommand, authorityNames, type CommandName } from './commands.ts'
import { flags } from './flags.ts'
import { correctedCommand, replaceWord } from './corrected-command.ts'
import type { OutputOptions } from '../output/reporter.ts'
import { commandLine, withoutSecret } from './command-line.ts'

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
export function readCommand(typed: readonly string[], isFolder: (word: string) => boolean): Command {
  const argv = helpOfFlag(typed)
  const authority = readAuthorityCommand(argv)
  if (authority !== undefined) {
    return { ...authority, shell: undefined, requestHeaders: [], config: undefined, flags: {} }
  }
  const guess = typedCommand(argv)
  // The flags of serving, and those of the command where it has more.
  const wide = guess !== undefined && commands[guess].isLikeServing === true ? commands[guess].flags : flags
  const general = parseArguments(argv, wide, isFolder)
  const command = commandNamed(general.words[0])
  const own = command === undefined ? flags : commands[command].flags
  const { words, literals, values } = own === wide ? general : parseArguments(argv, own, isFolder)
  const requestHeaders = values.get('requestHeader')
  const places = command === undefined ? words : words.slice(1)
  refuseWords(command, words, argv)
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
  if (isOfWords(name)) return { ...common, flags: optionValues(values) }
  if (name !== 'serve' && name !== 'check') return { ...common, flags: {} }
  return {
    ...common,
    flags: { ...optionValues(values), ...placeValues([...places, ...literals], values, argv, isFolder) },
  }
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
function refuseWords(command: CommandName | undefined, [, word]: readonly string[], argv: readonly string[]): void {
  if (command === undefined || commands[command].words !== 'none' || word === undefined) return
  // Its hint names the port of a server that runs.
  if (command === 'stop') return
  throw usage(`serve8008 ${command} takes no arguments, but got ${withoutSecret(word)}.`, replaceWord(argv, word))
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
  throw new ServeError('E8008_USAGE', `--config takes a file, not ${text}.`, {
    hint: correctedCommand(withoutConfig(argv), { option: 'cache', value: cache }, flags),
  })
}

function withoutConfig(argv: readonly string[]): string[] {
  const at = argv.findIndex((word) => /^(-c|--config)(=|-?\d|$)/.test(word))
  return argv.toSpliced(at, /^(-c|--config)$/.test(argv[at] ?? '') ? 2 : 1)
}

function optionValues(values: Values): FlagValues {
  return Object.fromEntries([...values].filter(([key]) => optionsByKey.has(key)))
}

/** The folder and the mounts among the words. */
function placeValues(
  words: readonly string[],
  values: Values,
  argv: readonly string[],
  isFolder: (word: string) => boolean,
): FlagValues {
  refuseApart(words, values, argv)
  const [first] = words
  if (first !== undefined && Object.hasOwn(foreignWords, first) && !isFolder(first)) {
    throw usage(
      `There is no folder ${first}, and no command ${first}.`,
      replaceWord(argv, first, ...(foreignWords[first] ?? [])),
    )
  }
  // A mount of a host name is refused with the other mounts.
  const mounts = words.filter((word) => (/^\/[^=]*=/.test(word) || isHostMount(word)) && !isFolder(word))
  const folders = words.filter((word) => !mounts.includes(word))
  const [folder, second] = folders
  const url = words.find((word) => /(^|=)[a-z][a-z0-9+.-]+:\//.test(word) && !isFolder(word))
  if (url !== undefined) {
    const route = url.includes('=') ? url : `/=${url}`
    throw usage(
      `${withoutSecret(url)} is a URL, not a folder. To forward requests to it, use --proxy.`,
      replaceWord(argv, url, '--proxy', route),
    )
  }
  const mount = folders.find((word) => /^[\w.-]+=./.test(word) && !isFolder(word))
  if (mount !== undefined) {
    throw usage(
      `${mount} is not a folder. The path of a mount begins with a slash.`,
      replaceWord(argv, mount, `/${mount}`),
    )
  }
  if (folder !== undefined && second !== undefined) {
    if (argv[argv.indexOf(folder) - 1] === '--cors' && folder.includes('.') && !isFolder(folder)) {
      throw usage(
        `${folder} is not an origin. An origin begins with a scheme such as https://.`,
        replaceWord(argv, folder, `https://${folder}`),
      )
    }
    const before = argv[argv.indexOf(second) - 1] ?? ''
    if (/^(?:-s|--single|--spa|--cache)$/.test(before) && !isFolder(second)) {
      const joined = replaceWord(argv.toSpliced(argv.indexOf(second) - 1, 1), second, `${longName(before)}=${second}`)
      throw usage(`${second} is not a folder. As the value of ${before} it is written after a =.`, joined)
    }
    throw secondFolder(folder, second, argv, isFolder)
  }
  const [, port] = /^(?:localhost)?:?(\d+)$/.exec(folder ?? '') ?? []
  if (folder !== undefined && port !== undefined && !isFolder(folder)) {
    const others = argv.toSpliced(argv.lastIndexOf(folder), 1)
    const hint = values.has('port')
      ? correctedCommand(others, { option: 'port', value: port }, flags)
      : replaceWord(argv, folder, '--port', port)
    throw usage(`There is no folder ${folder}. To set the port: --port ${port}.`, hint)
  }
  const named = values.get('mounts')
  return {
    ...(folder === undefined ? {} : { root: folder }),
    ...(mounts.length === 0 ? {} : { mounts: Array.isArray(named) ? [...named, ...mounts] : mounts }),
  }
}

/** The error for two words: a command with a typing error, a word that is not a folder, or a folder that needs a path. */
function secondFolder(
  folder: string,
  second: string,
  argv: readonly string[],
  isFolder: (word: string) => boolean,
): ServeError {
  const mayBeCommand = typedCommand(argv) === undefined && !isFolder(folder)
  const command = mayBeCommand ? nearest(folder, commandNames) : undefined
  if (command !== undefined) {
    return usage(`There is no folder ${folder}, and no command ${folder}.`, replaceWord(argv, folder, command))
  }
  const missing = [second, folder].filter((word) => !isFolder(word))
  if (missing.length === 2)
    return usage(
      `${withoutSecret(folder)} and ${withoutSecret(second)} are not folders.`,
      'name one folder that exists',
    )
  const only = 'Only one folder can be served at /'
  if (missing[0] !== undefined) {
    const other = missing[0] === second ? folder : second
    return usage(`${only}: ${other}. ${withoutSecret(missing[0])} is not a folder.`, replaceWord(argv, missing[0]))
  }
  const name = second.replace(/^[./\\]+|[/\\]+$/g, '') || 'more'
  return usage(`${only}: ${folder}. To add ${second}, give it a path.`, replaceWord(argv, second, `/${name}=${second}`))
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
      throw usage(
        `--${name} takes ${valueName} in one word.`,
        commandLine(argv.toSpliced(at, 2, `${argv[at]}=${rest}`)),
      )
    }
  }
}

function longName(word: string): string {
  return word === '-s' ? '--single' : word
}

function usage(message: string, hint: string): ServeError {
  return new ServeError('E8008_USAGE', message, { hint })
}

/** Flags of `trust`, `untrust` or `cert`. */
export interface AuthorityFlags {
  readonly yes: boolean
  readonly status: boolean
  readonly ca: boolean
  readonly renew: boolean
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

const commonFlagWords: ReadonlySet<string> = new Set(['--json', '--quiet', '-q', '--verbose'])
const questions = ['status', 'ca', 'renew'] as const

/**
 * Reads the command line of `trust`, `untrust` or `cert`, which do not share the flags of serving; undefined for another
 * command. Only common flags may come before it.
 *
 * @throws ServeError E8008_USAGE
 */
function readAuthorityCommand(argv: readonly string[]): AuthorityCommand | undefined {
  const first = argv.find((word) => !commonFlagWords.has(word))
  const name = authorityNames.find((each) => each === first)
  if (name === undefined) return undefined
  const { words, literals, values } = parseArguments(argv, commands[name].flags, () => false)
  const isOn = (key: string): boolean => values.get(key) === true
  const output = { quiet: isOn('quiet'), verbose: isOn('verbose'), json: isOn('json') }
  const out = values.get('out')
  const authority = {
    yes: isOn('yes'),
    status: isOn('status'),
    ca: isOn('ca'),
    renew: isOn('renew'),
    out: Array.isArray(out) ? out.at(-1) : undefined,
  }
  if (isOn('help')) return { ...output, name: 'help', words: [name], authority }
  const names = [...words.slice(1), ...literals]
  if (name !== 'cert' && names[0] !== undefined) {
    const asked = questions.find((key) => key === names[0])
    const hint = asked === undefined || name !== 'trust' ? `serve8008 ${name}` : `serve8008 trust --${asked}`
    throw new ServeError('E8008_USAGE', `serve8008 ${name} takes no arguments, but got ${withoutSecret(names[0])}.`, {
      hint,
    })
  }
  const [one, other] = questions.filter((key) => authority[key])
  if (other !== undefined) {
    throw new ServeError('E8008_USAGE', `--${one} and --${other} cannot be combined.`, {
      hint: `serve8008 trust --${one}`,
    })
  }
  return { ...output, name: isOn('version') ? 'version' : name, words: names, authority }
}
