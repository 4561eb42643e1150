import { defaults } from './defaults.ts'
import { limitNames } from './limits.ts'
import type { OptionEntry, OptionKey, OptionRow } from './option-entry.ts'
import { optionRows } from './option-rows.ts'
import type { CheckedOptions } from '../types.ts'

/** Every option, in the order of the documentation. */
export const optionTable: readonly OptionEntry[] = Object.entries(optionRows).map(([key, row]) =>
  completeRow(key as OptionKey, row),
)

/** The options by name. */
export const optionsByKey: ReadonlyMap<string, OptionEntry> = new Map(optionTable.map((entry) => [entry.key, entry]))

/** `SERVE8008_LIMIT_HEADER_BYTES` for `headerBytes`. */
export function limitVariable(name: string): string {
  return `SERVE8008_LIMIT_${constantCase(name)}`
}

function completeRow(key: OptionKey, row: OptionRow): OptionEntry {
  const { shared, ...stated } = row
  const own = key === 'limits' ? limitNames.map(limitVariable) : [`SERVE8008_${constantCase(row.flags[0] ?? key)}`]
  return {
    valueName: '',
    repeats: row.kind === 'list',
    choices: [],
    isPath: false,
    isSecret: false,
    default: defaultText(key),
    ...stated,
    key,
    environment: shared === undefined ? own : [...own, shared],
  }
}

function constantCase(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toUpperCase()
}

function defaultText(key: OptionKey): string {
  const value = (defaults as CheckedOptions)[key]
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : ''
}
