import type { accessOptions } from './options/access.ts'
import type { addressOptions } from './options/address.ts'
import type { fileOptions } from './options/files.ts'
import type { headerOptions } from './options/headers.ts'
import type { liveOptions } from './options/live.ts'
import type { operationOptions } from './options/operation.ts'
import type { GivenBy, ResolvedBy } from './options/option.ts'
import type { pageOptions } from './options/pages.ts'
import type { routeOptions } from './options/routes.ts'
import type { tlsOptions } from './options/tls.ts'
import type { Checked, JointConfig } from './value-types.ts'

/** The definition of every option. */
export type Definitions = typeof fileOptions &
  typeof routeOptions &
  typeof addressOptions &
  typeof tlsOptions &
  typeof pageOptions &
  typeof liveOptions &
  typeof headerOptions &
  typeof accessOptions &
  typeof operationOptions

/**
 * Options of `createServer()` and of config files. Every option has a default. Flags and environment variables of the
 * command have the same names.
 */
export interface ServeOptions extends GivenBy<Definitions> {}

/** Options after validation. */
export type CheckedOptions = Checked<ServeOptions>

/** The configuration: options merged from every source, checked, and completed with defaults. Made by `config/` only. */
export interface ResolvedConfig extends JointConfig, ResolvedBy<Definitions> {}
