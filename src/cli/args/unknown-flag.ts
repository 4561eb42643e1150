import { nearest } from '../../config/diagnostic.ts'
import { optionTable } from '../../config/options/option-table.ts'
import type { ServeError } from '../../core/serve-error.ts'
import type { Flag } from './flags.ts'
import { foreignFlag } from './foreign-flags.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { commandLine, usageError, type Line } from './command-line.ts'

/**
 * The error for an unknown flag. Its hint is the corrected command: with our name for the flag of another server, with
 * a space before an attached value, or with the nearest name.
 *
 * @param name The command, whose help page shows its flags.
 */
export function unknownFlag(
  word: string,
  line: Pick<Line, 'argv' | 'commandNames'>,
  flags: readonly Flag[],
  name: string | undefined,
): ServeError {
  const { argv } = line
  const [flag = word] = word.split('=', 1)
  const setInFile = fileOption(flag)
  if (setInFile !== undefined) return setInFile
  const named = folderCommand(word, argv) ?? (name === undefined ? undefined : asWord(word, argv, name))
  if (named !== undefined) return usageError(`Unknown flag ${flag}.`, named)
  const renamed = ourFlag(flag, flags, word.slice(flag.length + 1) || argv[argv.indexOf(word) + 1])
  const command = name === undefined && renamed === undefined ? asCommand(word, line, flags) : undefined
  if (command !== undefined) return usageError(`Unknown flag ${flag}. It is a command, which comes first.`, command)
  const corrected = renamed ?? spacedValue(word, flags) ?? nearestFlag(flag, flags)
  return usageError(
    `Unknown flag ${shown(flag)}.`,
    hintFor(flag, corrected, withoutUnknownValues(argv, flag, corrected, flags)) ??
      (name === undefined || name === 'help' ? 'serve8008 --help' : `serve8008 ${name} --help`),
  )
}

/** The error for `--sites x`: lists of objects have no flag. */
function fileOption(flag: string): ServeError | undefined {
  const option = optionTable.find(({ key, flags }) => flags.length === 0 && `--${key}` === flag)
  const [example = '[]'] = /\[\{.*\}\]/.exec(option?.accepts ?? '') ?? []
  if (option === undefined) return undefined
  return usageError(
    `Unknown flag ${flag}. A config file sets ${option.key}.`,
    `write to serve8008.config.mjs: export default { ${option.key}: ${example} }`,
  )
}

/** What a command asks about when it is named without more. */
const firstWords: Readonly<Record<string, readonly string[]>> = { fetch: ['/'], explain: ['/'] }

/** `--fetch /x` and `--scan`: the command of that name, before the other words. */
function asCommand(
  word: string,
  { argv, commandNames }: Pick<Line, 'argv' | 'commandNames'>,
  flags: readonly Flag[],
): string | undefined {
  const [flag = '', attached] = word.split('=', 2)
  const command = commandNames.find((name) => flag === `--${name}`)
  if (command === undefined) return undefined
  const at = argv.indexOf(word)
  const value = attached ?? argv[at + 1] ?? ''
  const rest = withoutUnknownValues(argv, word, undefined, flags).toSpliced(at, 1)
  if (/^\d+$/.test(value) || harmlessValue(value, undefined) !== undefined) {
    rest.splice(at, attached === undefined ? 1 : 0, value)
  }
  return commandLine([command, ...(rest.length > 0 ? rest : (firstWords[command] ?? []))])
}

/** Our name for the flag of another server, if the typed command has it. */
function ourFlag(flag: string, flags: readonly Flag[], next?: string): string | undefined {
  const ours = foreignFlag(flag, next)
  const [, name] = /^--(?:no-)?([\w-]+)/.exec(ours ?? '') ?? []
  return name === undefined || flags.some((each) => each.name === name || each.aliases.includes(name))
    ? ours
    : undefined
}

/** What is behind an unknown flag may be a password, so hints show it only where it cannot be one. */
function withoutUnknownValues(
  argv: readonly string[],
  word: string,
  corrected: string | undefined,
  flags: readonly Flag[],
): string[] {
  const mask = (name: string, value: string): string => {
    const meant = name === word && corrected !== undefined ? flagOf(corrected.split(' ', 1)[0] ?? '', flags) : undefined
    return harmlessValue(value, meant) ?? (corrected?.endsWith('=') === true ? 'URL' : meant?.valueName || 'VALUE')
  }
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return argv.map((each, i) => {
    if (i >= end) return each
    const [name = '', ...value] = each.split('=')
    if (value.length > 0 && isUnknown(name, flags)) return `${name}=${mask(name, value.join('='))}`
    const before = argv[i - 1] ?? ''
    return isUnknown(before, flags) && !each.startsWith('-') ? mask(before, each) : each
  })
}

function isUnknown(word: string, flags: readonly Flag[]): boolean {
  if (!word.startsWith('-') || word.includes('=') || flagOf(word, flags) !== undefined) return false
  return (
    word.startsWith('--') ||
    !word
      .slice(1)
      .split('')
      .every((letter) => flagOf(`-${letter}`, flags) !== undefined)
  )
}

function flagOf(word: string, flags: readonly Flag[]): Flag | undefined {
  const name = word.replace(/^--?(?:no-(?=.))?/, '')
  return flags.find((each) => each.name === name || each.aliases.includes(name))
}

/** A port, a time, a word of a list, a path, an address, a file of certificates or a URL: of URLs hints leave out the credentials. */
function harmlessValue(value: string, flag: Flag | undefined): string | undefined {
  const isPort = flag?.valueName === 'PORT' && /^[\d,]+$/.test(value)
  const isTime = flag?.valueName === 'TIME' && /^\d+(?:ms|[smh])?$/.test(value)
  const isKnown = isPort || isTime || flag?.choices.includes(value) === true
  return isKnown ||
    /^(?:\.{0,2}\/|\*|[a-z]+:\/\/|localhost$|\d+(?:\.\d+){3}$|(?:true|false)$)|\.(?:pem|crt|cer)$/i.test(value)
    ? value
    : undefined
}

/** A value attached to a letter may be a password, so it is not shown. */
function shown(flag: string): string {
  return /^-[A-Za-z][^-]/.test(flag) && !/^-[A-Za-z]+$/.test(flag) ? flag.slice(0, 2) : flag
}

function hintFor(flag: string, corrected: string | undefined, argv: readonly string[]): string | undefined {
  if (corrected === undefined) return undefined
  if (!corrected.startsWith('-')) return corrected
  const [first = '', ...rest] = corrected.split(' ')
  if (rest[0]?.endsWith('=') === true) return beginningWith(rest[0], first, flag, argv)
  const words = argv.flatMap((word) =>
    word === flag || word.startsWith(`${flag}=`) ? [first + word.slice(flag.length), ...rest] : [word],
  )
  return commandLine(words)
}

/** The typed command with our flag, whose value begins with `/=` before that of the other flag. */
function beginningWith(start: string, name: string, flag: string, argv: readonly string[]): string {
  const at = argv.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  const attached = argv[at]?.slice(flag.length + 1) ?? ''
  const next = argv[at + 1]
  const isNext = attached === '' && next !== undefined && !next.startsWith('-')
  return commandLine(argv.toSpliced(at, isNext ? 2 : 1, name, start + (attached || (isNext ? next : 'URL'))))
}

/** `--directory ./site`, as python names the folder: here it is a plain word. Other servers list folders by `-d false`. */
function folderCommand(word: string, argv: readonly string[]): string | undefined {
  const at = argv.indexOf(word)
  const [, attached] = /^(?:-d|--dir|--directory|--outDir|--server)(?:=(.+))?$/s.exec(word) ?? [undefined, '']
  if (at === -1 || attached === '') return undefined
  if (attached !== undefined) return commandLine(argv.toSpliced(at, 1, attached))
  const next = argv[at + 1] ?? '-'
  return next.startsWith('-') || /^(?:true|false)$/.test(next) ? undefined : commandLine(argv.toSpliced(at, 1))
}

/** What commands take as a word, by flags that people try: the flags, and the form of the word. */
const wordsOfCommands: Readonly<Record<string, readonly [flags: RegExp, form: RegExp]>> = {
  scan: [/^(?:-p|--ports?)$/, /^\d+(?:-\d+)?$/],
  free: [/^(?:-p|--port)$/, /^\d+$/],
  explain: [/^(?:-X|--request|--method)$/, /^[A-Za-z]{3,20}$/],
  completion: [/^(?:-s|--shell)$/, /^[a-z]+$/],
  cert: [/^(?:-d|--domain|--host|--hostname|--name)$/, /^[\w.:-]+$/],
}

/** `scan --port 3000` and `explain -X POST /`: the value is the first word of the command. */
function asWord(word: string, argv: readonly string[], name: string): string | undefined {
  const [flags, form] = wordsOfCommands[name] ?? []
  const [flag = word, attached] = word.split('=', 2)
  const at = argv.indexOf(word)
  const value = attached ?? argv[at + 1] ?? ''
  if (at === -1 || flags?.test(flag) !== true || form?.test(value) !== true) return undefined
  const others = argv.toSpliced(at, attached === undefined ? 2 : 1)
  return commandLine(others.toSpliced(others.indexOf(name) + 1, 0, name === 'explain' ? value.toUpperCase() : value))
}

/** `-Hlocalhost` is taken for a bundle of one-letter flags: names the form with a space. */
function spacedValue(word: string, flags: readonly Flag[]): string | undefined {
  const [, letter = '', value = ''] = /^-([A-Za-z])([^-=].*)$/s.exec(word) ?? []
  // What holds a colon may be a name with its password.
  if (letter === '' || value.includes(':')) return undefined
  const flag = flags.find(({ kind, aliases }) => kind !== 'boolean' && aliases.includes(letter))
  const name = flag === undefined ? ourFlag(`-${letter}`, flags, value) : `--${flag.name}`
  if (name?.startsWith('--') !== true) return name
  const meant = flagOf(name.split(' ', 1)[0] ?? '', flags)
  return `${name} ${shellQuote(harmlessValue(value, meant) ?? (meant?.valueName || 'VALUE'))}`
}

/** `--trailing` and `--base-path`: the only name that begins with the word, or with which the word begins. */
function onlyKin(word: string, known: readonly string[]): string | undefined {
  const kin = known.filter((name) => name.startsWith(`${word}-`) || word.startsWith(`${name}-`))
  return kin.length === 1 ? kin[0] : undefined
}

function nearestFlag(flag: string, flags: readonly Flag[]): string | undefined {
  const name = flag.replace(/^-+/, '')
  // Every letter is near every other.
  if (name.length === 1) return undefined
  const negated = name.startsWith('no-')
  const fitting = negated ? flags.filter(({ canBeOff }) => canBeOff) : flags
  const known = fitting.flatMap((each) => [each.name, ...each.aliases]).filter((each) => each.length > 1)
  const word = negated ? name.slice('no-'.length) : name
  const best = nearest(word, known) ?? onlyKin(word, known)
  return best === undefined ? undefined : `${negated ? '--no-' : '--'}${best}`
}
