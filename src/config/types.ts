import type { AccessOptions } from './options/access.ts'
import type { AddressOptions } from './options/address.ts'
import type { FileOptions } from './options/files.ts'
import type { HeaderOptions } from './options/headers.ts'
import type { ReloadOptions } from './options/live.ts'
import type { OperationOptions } from './options/operation.ts'
import type { GivenBy, ResolvedBy } from './options/option.ts'
import type { PageOptions } from './options/pages.ts'
import type { RoutingOptions } from './options/routes.ts'
import type { TlsOptions } from './options/tls.ts'
import type { JointConfig } from './joint-config.ts'
import type { Checked } from './plain-object.ts'

/** The definition of every option. */
export type Definitions = FileOptions &
  RoutingOptions &
  AddressOptions &
  TlsOptions &
  PageOptions &
  ReloadOptions &
  HeaderOptions &
  AccessOptions &
  OperationOptions

/**
 * Options of `createServer()` and of config files. Every option has a default. Flags and environment variables of the
 * command have the same names.
 */
export interface ServeOptions extends GivenBy<Definitions> {}

/** Options after validation. @internal */
export type CheckedOptions = Checked<ServeOptions>

/** The configuration: options merged from every source, checked, and completed with defaults. Made by `config/` only. */
export interface ResolvedConfig extends JointConfig, ResolvedBy<Definitions> {}
