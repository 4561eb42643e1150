import type { GivenBy, ResolvedBy } from './options/option.ts'
import type { PluginOptions } from './options/plugins.ts'
import type { JointConfig } from './joint-config.ts'
import type { Checked } from './plain-object.ts'
import type { PlainDefinitions } from './server-config.ts'

/** The definition of every option. */
export type Definitions = PlainDefinitions & PluginOptions

/**
 * Options of `createServer()` and of config files. Every option has a default. Flags and environment variables of the
 * command have the same names.
 */
export interface ServeOptions extends GivenBy<Definitions> {}

/** A function that returns options, or a promise of them; called once at each start. */
export type ConfigFunction = () => ServeOptions | Promise<ServeOptions>

/** The default export of a config file: options, a promise of them, or a function that returns either. */
export type ConfigExport = ServeOptions | Promise<ServeOptions> | ConfigFunction

/** Options after validation. @internal */
export type CheckedOptions = Checked<ServeOptions>

/** The configuration: options merged from every source, checked, and completed with defaults. Made by `config/` only. @internal */
export interface ResolvedConfig extends JointConfig, ResolvedBy<Definitions> {
  readonly sites: readonly ResolvedSite[]
}

/** A site of the option `sites`. @internal */
export interface ResolvedSite {
  /** Unique. */
  readonly name: string
  /** Names that it answers for, `.dev.localhost` for every name below one; none for all that no other site has. */
  readonly hosts: readonly string[]
  /** Names of the listeners on which it answers; undefined for all. */
  readonly listeners: readonly string[] | undefined
  /** Its own options, with those that the server shares, and its listeners. */
  readonly config: ResolvedConfig
}
