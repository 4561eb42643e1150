import { optionsByKey } from '../../config/options/option-table.ts'
import { isHostKey } from '../../config/values/host-name.ts'
import type { FlagValues } from '../../config/sources/source.ts'
import type { Arguments, FlagTexts } from './arguments.ts'
import type { SortedWords } from './explain-words.ts'
import { flags } from './flags.ts'
import { correctedCommand } from './corrected-command.ts'
import type { OutputOptions } from '../output/reporter.ts'
import { commandLine, usageError, type Line } from './command-line.ts'

/** What the command line asks for. */
export interface Command extends OutputOptions {
  /** `serve` or the name of a command. */
  readonly name: string
  /** The words of a command, without those that name folders and mounts. */
  readonly words: readonly string[]
  /** Every flag that was given, by its key. */
  readonly values: Arguments['values']
  /** The value of each option, by its key. */
  readonly flags: FlagValues
  /** The file named by --config, false for --no-config, undefined to look one up. */
  readonly config: string | false | undefined
}

type Values = Arguments['values']

/** A command by its flags and its words. Where it asks for help or the version, that is the command. */
export async function describeCommand(
  name: string,
  values: Values,
  { asked, places }: SortedWords,
  line: Line,
): Promise<Command> {
  const common = {
    quiet: isOn(values, 'quiet'),
    verbose: isOn(values, 'verbose'),
    json: isOn(values, 'json'),
    config: configFile(values.get('config'), line.argv),
    values,
  }
  if (isOn(values, 'help')) return { ...common, name: 'help', words: name === 'serve' ? [] : [name], flags: {} }
  if (isOn(values, 'version')) return { ...common, name: 'version', words: [], flags: {} }
  const placed = await placeValues(places, name, values, line)
  return { ...common, name, words: asked, flags: { ...optionValues(values), ...placed } }
}

/** The output options, for errors of a command line that cannot be parsed. */
export function guessOutputOptions(argv: readonly string[]): OutputOptions {
  const end = argv.indexOf('--')
  const before = end === -1 ? argv : argv.slice(0, end)
  return { quiet: false, verbose: before.includes('--verbose'), json: before.includes('--json') }
}

/** Whether a switch was given, and not as `--no-`. */
export function isOn(values: Values, key: string): boolean {
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
async function placeValues(words: readonly string[], name: string, values: Values, line: Line): Promise<FlagValues> {
  const { argv, isFolder } = line
  refuseApart(words, values, argv)
  // A mount of a host name is refused with the other mounts.
  const mounts = words.filter((word) => (/^\/[^=]*=/.test(word) || isHostMount(word)) && !isFolder(word))
  const folders = words.filter((word) => !mounts.includes(word))
  const [folder] = folders
  // Behind `--root` a folder is a plain word, too.
  if (folder !== undefined && (values.get('root') ?? true) !== true) {
    throw usageError(
      'The folder is given twice: as a word, and by --root.',
      'serve8008 FOLDER, or serve8008 --no-root for none',
    )
  }
  if (folders.length > 1 || !folders.every(isFolder) || words.some((word) => word.includes(':/'))) {
    const { refuseWords } = await import('./refuse-words.ts')
    refuseWords({ ...line, words, folders, values, isServing: name === 'serve' })
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
