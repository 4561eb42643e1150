import { optionsByKey, optionTable, type OptionEntry, type OptionGroup } from '../../config/options/option-table.ts'

/** One flag of the command line. */
export interface Flag extends Pick<
  OptionEntry,
  'kind' | 'overview' | 'repeats' | 'valueName' | 'choices' | 'isPath' | 'description' | 'default' | 'group'
> {
  /** The option that it sets, or the setting of the command. */
  readonly key: string
  /** Long name without dashes. */
  readonly name: string
  /** Other names without dashes, long or of one letter. */
  readonly aliases: readonly string[]
  /** Whether `--no-NAME` exists: it turns a switch off and resets another option to its default. */
  readonly canBeOff: boolean
  /** Whether an empty text is a value: `--data ''`. */
  readonly canBeEmpty?: true
}

/** Every flag: one for each option, then those of the command itself. */
export const flags: readonly Flag[] = [
  ...optionTable.flatMap((entry) => {
    const [name, ...aliases] = entry.flags
    return name === undefined ? [] : [{ ...entry, name, aliases, canBeOff: true }]
  }),
  {
    ...ownFlag('config', ['c'], 'Configuration file; --no-config reads none.'),
    kind: 'value',
    valueName: 'FILE',
    isPath: true,
    default: 'serve8008.config.*',
  },
  ownFlag('quiet', ['q'], 'Print nothing but errors.'),
  ownFlag('verbose', [], 'Print where settings come from, timings, and stacks of errors.'),
  ownFlag('json', [], 'Print one JSON object per line, errors and the access log too.'),
  { ...ownFlag('help', ['h'], 'Print this page.'), canBeOff: false },
  { ...ownFlag('version', ['v'], 'Print the version; with --verbose the bundled packages too.'), canBeOff: false },
]

const switchWord = /^(true|false|on|off|yes|no)$/i

/** Whether a word after a flag with an optional value is that value, by its form. */
export function isOptionalValue(flag: Flag, word: string): boolean {
  return switchWord.test(word) || (optionsByKey.get(flag.key)?.form?.().test(word) ?? true)
}

/** A switch of the command itself, without an option of the library. */
export function ownFlag(name: string, aliases: readonly string[], description: string): Flag {
  const group: OptionGroup = 'Operation'
  return {
    key: name,
    name,
    aliases,
    kind: 'boolean',
    repeats: false,
    valueName: '',
    choices: [],
    isPath: false,
    canBeOff: true,
    description,
    default: '',
    group,
  }
}

/** The flags that every command has. */
export const commonFlags: readonly Flag[] = flags.filter(({ key }) =>
  ['quiet', 'verbose', 'json', 'help', 'version'].includes(key),
)
