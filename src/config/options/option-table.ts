import * as v from 'valibot'
import { deepFreeze } from '../plain-object.ts'
import type { Definitions, ServeOptions } from '../types.ts'
import type { JointConfig } from '../joint-config.ts'
import { addressOptions } from './address.ts'
import { limitNames } from './limits.ts'
import { severalOptions } from './several.ts'
import { operationOptions } from './operation.ts'
import type { DefaultsOf, Option, OptionContext, OptionFacts } from './option.ts'
import { pluginOptions } from './plugins.ts'
import { presetOptions } from './preset.ts'
import { siteGroups, type SiteGroups } from './site-groups.ts'
import { tlsOptions } from './tls.ts'

/** Name of an option. */
export type OptionKey = keyof ServeOptions

/** Headings under which `--help` and the options page show the options. */
export type OptionGroup = keyof SiteGroups | 'Address' | 'TLS' | 'Listeners and sites' | 'Operation'

/** The facts of an option of any type. */
type Facts = Omit<OptionFacts, 'show' | 'repeats' | 'isPath'> & {
  readonly show?: (config: JointConfig, given: never) => unknown
}

/** An option of any type. */
type AnyOption = Pick<Option<never, unknown, unknown>, 'default' | 'resolve'> & {
  readonly facts: Facts & Pick<OptionFacts, 'repeats' | 'isPath'>
  readonly isOfServer?: true
}

/** A complete definition. Flags, environment variables, validation, help and documentation derive from it. */
export interface OptionEntry extends Facts {
  readonly key: OptionKey
  readonly group: OptionGroup
  /** The flag and its aliases, without dashes. */
  readonly flags: readonly string[]
  /** Whether a repeated flag adds a value. Otherwise the last one counts, so that flags of a script can be overridden. */
  readonly repeats: boolean
  /** Empty for none. */
  readonly valueName: string
  readonly choices: readonly string[]
  readonly isPath: boolean
  /** Whether the value must never be shown. */
  readonly isSecret: boolean
  /** Environment variables, the strongest first. For `limits` there is one for each limit. */
  readonly environment: readonly string[]
  /** Also those that exclude it. */
  readonly excludes: readonly string[]
  /** The default as text; empty where there is none. */
  readonly default: string
  readonly resolve: ((value: never, context: OptionContext) => unknown) | undefined
}

const groups: Readonly<Record<OptionGroup, readonly (readonly [string, AnyOption])[]>> = {
  Files: entriesOf(siteGroups.Files),
  Routes: entriesOf(siteGroups.Routes),
  Address: entriesOf(addressOptions),
  TLS: entriesOf(tlsOptions),
  'Listeners and sites': entriesOf(severalOptions),
  Pages: entriesOf(siteGroups.Pages),
  'Live reload': entriesOf(siteGroups['Live reload']),
  Headers: entriesOf(siteGroups.Headers),
  Access: entriesOf(siteGroups.Access),
  Operation: [...entriesOf(presetOptions), ...entriesOf(operationOptions), ...entriesOf(pluginOptions)],
}

const defined = Object.entries(groups).flatMap(([group, entries]) =>
  entries.map(([key, option]) => ({ key: key as OptionKey, group: group as OptionGroup, option })),
)

/** What each option excludes, and what excludes it. */
const rivals = new Map<string, string[]>(defined.map(({ key }) => [key, []]))
for (const { key, option } of defined) {
  for (const other of option.facts.excludes ?? []) {
    rivals.get(key)?.push(other)
    rivals.get(other)?.push(key)
  }
}

/** Every option, in the order of the documentation. */
export const optionTable: readonly OptionEntry[] = defined.map(({ key, group, option }) =>
  completeEntry(key, group, option),
)

/** The options by name. */
export const optionsByKey: ReadonlyMap<string, OptionEntry> = new Map(optionTable.map((entry) => [entry.key, entry]))

/** The options of a site. The others belong to the server. */
export const siteKeys: ReadonlySet<string> = new Set(
  defined.flatMap(({ key, group, option: { isOfServer = false } }) =>
    group in siteGroups && !isOfServer ? [key] : [],
  ),
)

/** Every default, as a config file would hold it. */
export const defaults: DefaultsOf<Definitions> = deepFreeze(
  Object.fromEntries(defined.map(({ key, option }) => [key, option.default])),
) as DefaultsOf<Definitions>

/** The defaults that are others in the command. */
export const commandDefaults: ServeOptions = Object.fromEntries(
  optionTable.flatMap(({ key, commandDefault }) => (commandDefault === undefined ? [] : [[key, commandDefault]])),
)

/** The schema of the options, for validation and for the JSON Schema. */
export const optionSchema: v.GenericSchema<ServeOptions> = v.strictObject(
  Object.fromEntries(optionTable.map(({ key, schema }) => [key, v.optional(schema)])),
  'an object',
)

/** `SERVE8008_LIMIT_HEADER_BYTES` for `headerBytes`. */
export function limitVariable(name: string): string {
  return `SERVE8008_LIMIT_${constantCase(kebabCase(name))}`
}

function completeEntry(key: OptionKey, group: OptionGroup, { default: usual, resolve, facts }: AnyOption): OptionEntry {
  const { isCode = false, flag = isCode ? false : kebabCase(key), aliases = [], shared } = facts
  const flags = flag === false ? [] : [flag, ...aliases]
  const name = `SERVE8008_${constantCase(flag === false ? kebabCase(key) : flag)}`
  const own = key === 'limits' ? limitNames.map(limitVariable) : isCode ? [] : [name]
  return {
    valueName: '',
    choices: [],
    ...facts,
    key,
    group,
    flags,
    excludes: rivals.get(key) ?? [],
    repeats: facts.repeats ?? facts.kind === 'list',
    isPath: facts.isPath ?? false,
    isSecret: facts.mask !== undefined,
    environment: shared === undefined ? own : [...own, shared],
    default: facts.defaultText ?? defaultText(facts.commandDefault ?? usual),
    resolve,
  }
}

function entriesOf<Group extends { readonly [Key in keyof Group]: AnyOption }>(group: Group): [string, AnyOption][] {
  return Object.entries(group)
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

function constantCase(flag: string): string {
  return flag.replaceAll('-', '_').toUpperCase()
}

function defaultText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : ''
}
