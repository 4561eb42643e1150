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

/** One option, as the command, the environment and the documentation know it. */
export interface OptionEntry {
  readonly key: OptionKey
  /** Flag names without dashes: the main one, then its aliases; one letter is a short flag. Empty for the folder, which is a plain word. */
  readonly flags: readonly string[]
  /** What a flag takes: `boolean` nothing, `value` one value, `list` a value each time it is given, `optional` a value or nothing. */
  readonly kind: 'boolean' | 'value' | 'list' | 'optional'
  /** Whether a flag that is given again adds a value. Where it does not, the last one counts: a script's flags can be overridden. */
  readonly repeats: boolean
  /** Name of the value in help, for example `PORT`; empty for none. */
  readonly valueName: string
  /** The values there are, where they can be listed. */
  readonly choices: readonly string[]
  /** Whether the value is a file or a folder; a relative one belongs to the place that named it. */
  readonly isPath: boolean
  /** Whether the value must never be shown. */
  readonly isSecret: boolean
  /** Environment variables, the strongest first. For `limits` there is one for each limit. */
  readonly environment: readonly string[]
  /** One sentence. */
  readonly description: string
  /** What a value may be, as a sentence's end: `a host name or an IP address`. */
  readonly accepts: string
  /** The default as text; empty where there is none. */
  readonly default: string
  readonly group: OptionGroup
  /** Reads the option from text. */
  readonly parse: TextParser
}

/** What a row states; the rest follows from it. */
export interface OptionRow extends Pick<OptionEntry, 'group' | 'description' | 'accepts' | 'kind' | 'parse'> {
  readonly flags: readonly string[]
  /** Default: whether it is a list. */
  readonly repeats?: true
  readonly valueName?: string
  readonly choices?: readonly string[]
  readonly isPath?: true
  readonly isSecret?: true
  /** A further variable that many programs share; ours beats it. */
  readonly shared?: string
  /** Where the plain default would not be understood. */
  readonly default?: string
}
