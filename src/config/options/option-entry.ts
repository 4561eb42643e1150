import type { TextParser } from './parse-text.ts'
import type { ServeOptions } from '../types.ts'

/** Name of an option. */
export type OptionKey = keyof ServeOptions

/** Headings under which `--help` and the options page show the options. */
export type OptionGroup =
  | 'Files'
  | 'Routes'
  | 'Address'
  | 'TLS'
  | 'Pages'
  | 'Live reload'
  | 'Headers'
  | 'Access'
  | 'Operation'

/** The definition of an option. Flags, environment variables, help and documentation derive from it. */
export interface OptionEntry {
  readonly key: OptionKey
  /** Flag names without dashes: the main one, then its aliases; one letter is a short flag. Empty for the folder, which is a positional argument. */
  readonly flags: readonly string[]
  /** The values of a flag: `boolean` none, `value` one, `list` one each time it is given, `optional` one or none. */
  readonly kind: 'boolean' | 'value' | 'list' | 'optional'
  /** Whether a repeated flag adds a value. Otherwise the last one counts, so that flags of a script can be overridden. */
  readonly repeats: boolean
  /** Name of the value in help, for example `PORT`; empty for none. */
  readonly valueName: string
  /** Every value, where they are few. */
  readonly choices: readonly string[]
  /** Whether the value is a path; a relative one is resolved against the folder of its source. */
  readonly isPath: boolean
  /** Whether the value must never be shown. */
  readonly isSecret: boolean
  /** Environment variables, the strongest first. For `limits` there is one for each limit. */
  readonly environment: readonly string[]
  /** One sentence. */
  readonly description: string
  /** The values, for the end of a sentence: `a host name or an IP address`. */
  readonly accepts: string
  /** The default as text; empty where there is none. */
  readonly default: string
  readonly group: OptionGroup
  /** Reads the option from text. */
  readonly parse: TextParser
}

/** A row of the table; the rest of the definition derives from it. */
export interface OptionRow extends Pick<OptionEntry, 'group' | 'description' | 'accepts' | 'kind' | 'parse'> {
  readonly flags: readonly string[]
  /** Default: whether it is a list. */
  readonly repeats?: true
  readonly valueName?: string
  readonly choices?: readonly string[]
  readonly isPath?: true
  readonly isSecret?: true
  /** Another variable, which many programs share; the `SERVE8008_` variable overrides it. */
  readonly shared?: string
  /** The default in words, where its value is not clear. */
  readonly default?: string
}
