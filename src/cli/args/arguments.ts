import type YargsParser from 'yargs-parser'
// The entry for browsers is the same parser without config files, for which the other one loads parts of Node.
// @ts-expect-error: yargs-parser types its main entry only.
import untypedParser from 'yargs-parser/browser'
import { parseSwitch } from '../../config/values/parse-text.ts'
import { commandLine, usageError, type Line } from './command-line.ts'
import { isOptionalValue, type Flag } from './flags.ts'

/** The parser of yargs, alone: serving needs no more. */
export const parser = untypedParser as typeof YargsParser

/** What the parser returns: words, and flags by their names. */
export type ParserResult = ReturnType<typeof parser>

/** How the parser reads words. The commands, which yargs parses, have the same. */
export const parserConfiguration = {
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': true,
  'strip-aliased': true,
  'unknown-options-as-args': true,
} as const

/** The parsed command line. */
export interface Arguments {
  /** Words that are no flags, before `--`. */
  readonly words: readonly string[]
  /** Words after `--`: never flags, never a command. */
  readonly literals: readonly string[]
  /** Each flag by its key: true, false for `--no-flag`, or its values in order; only the last one where it does not repeat. */
  readonly values: ReadonlyMap<string, FlagTexts>
}

/** True or false for a flag without a text, otherwise its texts. */
export type FlagTexts = boolean | readonly string[]

/**
 * Parses the command line: `--flag value`, `--flag=value`, `--no-flag`, `-sp 3000`, and `--`, which ends flags.
 *
 * A flag whose value is optional takes the next word only if that has the form of its value (a URL path for --open, a
 * page for --single, an origin for --cors), so `--open ./site` serves `./site`. An existing folder is the folder even
 * where it looks like a path (`--open /var/www`), unless another word names one. `=` always gives the value.
 *
 * @throws ServeError E8008_USAGE for an unknown flag (its hint is the corrected command), a missing value, or a value
 *   that was not asked for.
 */
export async function parseArguments(line: Line, flags: readonly Flag[]): Promise<Arguments> {
  // Awaited, so that it stands in stack traces.
  return await checkParsed(parser(readSwitches(line.argv, flags), parserOptions(flags)), line, flags)
}

/**
 * The arguments that a parser found.
 *
 * @param name The command, for the hint of an unknown flag.
 * @throws ServeError as `parseArguments`
 */
export async function checkParsed(
  parsed: ParserResult,
  line: Line,
  flags: readonly Flag[],
  name?: string,
): Promise<Arguments> {
  const { argv, isFolder } = line
  const { words, literals, given } = separate(parsed, argv, flags, isFolder)
  const unknown = unknownIn(parsed, flags)
  if (unknown !== undefined) {
    const { unknownFlag } = await import('./unknown-flag.ts')
    throw unknownFlag(unknown, line, flags, name)
  }
  return { words, literals, values: new Map(given.map(([flag, texts]) => [flag.key, valueOf(flag, texts, argv)])) }
}

/** The first word that is neither a flag nor the value of one. */
export function firstWord(
  argv: readonly string[],
  flags: readonly Flag[],
  isFolder: (word: string) => boolean,
): string | undefined {
  const { words } = separate(parser([...argv], parserOptions(flags)), argv, flags, isFolder)
  return words.find((word) => !word.startsWith('-'))
}

/** What the parser found, with the words that it took for optional values among the words. */
function separate(
  parsed: ParserResult,
  argv: readonly string[],
  flags: readonly Flag[],
  isFolder: (word: string) => boolean,
): { words: string[]; literals: string[]; given: (readonly [Flag, readonly (boolean | string)[]])[] } {
  const words = parsed._.map(String)
  const literals = (parsed['--'] ?? []).map(String)
  const given = flags.flatMap((flag) => {
    const texts = [parsed[flag.name] ?? []].flat() as (boolean | string)[]
    const last = texts.at(-1)
    if (flag.kind !== 'optional' || typeof last !== 'string' || !isStray(flag, last))
      return texts.length === 0 ? [] : [[flag, texts] as const]
    words.push(last)
    return [[flag, texts.with(-1, true)] as const]
  })
  return { words, literals, given }

  /** Whether the parser took a separate word for the value of the flag. */
  function isStray(flag: Flag, value: string): boolean {
    if (value === '' || !argv.includes(value) || words.includes(value)) return false
    const namesFolder = value.length > 1 && value.startsWith('/') && words.length + literals.length === 0
    return !isOptionalValue(flag, value) || (namesFolder && isFolder(value))
  }
}

function parserOptions(flags: readonly Flag[]): NonNullable<Parameters<typeof parser>[1]> {
  return {
    // The parser compares each entry with each other one.
    alias: Object.fromEntries(
      flags.filter(({ aliases }) => aliases.length > 0).map((flag) => [flag.name, [...flag.aliases]]),
    ),
    boolean: flags.filter((flag) => flag.kind === 'boolean').map((flag) => flag.name),
    string: flags.filter((flag) => flag.kind !== 'boolean').map((flag) => flag.name),
    configuration: parserConfiguration,
  }
}

function valueOf(flag: Flag, given: readonly (boolean | string)[], argv: readonly string[]): FlagTexts {
  const form = (): string => withValueName(argv, flag)
  const last = given.at(-1)
  if (last === false && !flag.canBeOff) throw usageError(`--${flag.name} cannot be negated.`, form())
  if (last === false || flag.kind === 'boolean') return last === true
  const counting = flag.repeats ? given : given.slice(-1)
  if (flag.canBeEmpty === true && isGivenEmpty(argv, flag)) return counting.filter((value) => typeof value === 'string')
  const needsValue = flag.kind !== 'optional' || isEmptied(argv, flag)
  if (needsValue && counting.includes('')) throw usageError(`--${flag.name} needs a value.`, form())
  // A bare `--cors` or `--open` resets the value that came before it.
  if (last === '' || last === true) return true
  return counting.filter((value) => typeof value === 'string' && value !== '') as string[]
}

/** Whether a flag is given as `--cors=`, as a script with an empty variable does. */
function isEmptied(argv: readonly string[], flag: Flag): boolean {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const names = [flag.name, ...flag.aliases]
  return argv.slice(0, end).some((word) => names.includes(/^--?([^=]+)=$/.exec(word)?.[1] ?? ''))
}

/** Whether an empty text stands behind a flag, or the flag is given as `--data=`. For the parser `--data` alone is the same. */
function isGivenEmpty(argv: readonly string[], flag: Flag): boolean {
  const isIts = (word: string): boolean =>
    word === `--${flag.name}` ||
    flag.aliases.some((name) => word === `--${name}` || (/^-\w+$/.test(word) && word.endsWith(name)))
  return isEmptied(argv, flag) || argv.some((word, i) => word === '' && isIts(argv[i - 1] ?? ''))
}

/** The typed command, with the name of the value behind a flag that lacks it. */
function withValueName(argv: readonly string[], flag: Flag): string {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const names = [flag.name, ...flag.aliases, `no-${flag.name}`]
  const typed = argv.slice(0, end).map((word) => /^--?([^=]+)=?$/.exec(word)?.[1] ?? '')
  const at = typed.findLastIndex((name) => names.includes(name))
  const whole = [`--${flag.name}`, ...(flag.valueName === '' ? [] : [flag.valueName])]
  // An empty text behind the flag is no value.
  return commandLine(argv.toSpliced(at === -1 ? end : at, at === -1 ? 0 : argv[at + 1] === '' ? 2 : 1, ...whole))
}

/**
 * The parser reads every text of a switch but `true` as false, so `--listing=yes` is read before it. It takes `-S=` for
 * another flag, and so `-qS=`; those are written `--tls=` and `-q --tls=` for it.
 */
export function readSwitches(argv: readonly string[], flags: readonly Flag[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return argv.flatMap((word, index) => {
    const [, dashes = '', given = '', value = ''] = /^(--?)([^=]+)=(.*)$/s.exec(word) ?? []
    if (given === '' || index > end) return word
    // The value of `-qp=3` belongs to the last letter.
    const letters = dashes === '-' ? given.slice(0, -1) : ''
    const name = given.slice(letters.length)
    const flag = flags.find((each) => [each.name, ...each.aliases].includes(name))
    const refused = (message: string, ...correct: string[]): Error =>
      usageError(message, commandLine(argv.toSpliced(index, 1, ...correct)))
    if (flag === undefined) {
      const off = flags.find((each) => each.canBeOff && name === `no-${each.name}`)
      if (off !== undefined) throw refused(`--${name} takes no value.`, `--${name}`)
      return word
    }
    const before = letters === '' ? [] : [`-${letters}`]
    if (flag.kind !== 'boolean') return value === '' ? [...before, `--${flag.name}=`] : word
    const read = parseSwitch([value])
    if ('message' in read)
      throw refused(
        `--${flag.name}: ${read.message}${flag.canBeOff ? `; --no-${flag.name} switches it off` : ''}.`,
        ...before,
        `--${flag.name}`,
      )
    return [...before, `--${flag.name}=${String(read.value)}`]
  })
}

/** A flag that was not declared. The parser leaves it among the words, and accepts `--open-x` beside `--open`, under another key. */
export function unknownIn(parsed: ParserResult, flags: readonly Flag[]): string | undefined {
  const word = parsed._.map(String).find((each) => each.startsWith('-'))
  if (word !== undefined) return word
  const known = new Set(['_', '--', ...flags.map((flag) => flag.name)])
  const key = Object.keys(parsed).find((name) => !known.has(name))
  return key === undefined ? undefined : `${key.length === 1 ? '-' : '--'}${key}`
}
