import type { AddressOptions } from './options/address.ts'
import type { SeveralOptions } from './options/several.ts'
import type { OperationOptions } from './options/operation.ts'
import type { GivenBy, ResolvedBy } from './options/option.ts'
import type { PresetOptions } from './options/preset.ts'
import type { SiteGroupOptions } from './options/site-groups.ts'
import type { TlsOptions } from './options/tls.ts'
import type { JointConfig } from './joint-config.ts'
import type { ResolvedCertificate, ResolvedListener, ResolvedTls } from './value-types.ts'

/** The definition of every option but `plugins`, whose type follows from the others. */
export type PlainDefinitions = SiteGroupOptions &
  AddressOptions &
  TlsOptions &
  SeveralOptions &
  PresetOptions &
  OperationOptions

/** Every option but `plugins`. */
export interface PlainOptions extends GivenBy<PlainDefinitions> {}

/** The configuration without plugins. */
export interface PlainConfig extends JointConfig, ResolvedBy<PlainDefinitions> {}

/**
 * What a server runs with: every option checked and completed. It can be logged: passwords and passphrases are left out,
 * and `…` replaces values of
 * cookies, and of fields and parameters (also those of URLs) whose names are those of credentials.
 */
export interface ServerConfig extends Omit<
  PlainConfig,
  'auth' | 'handler' | 'tls' | 'listeners' | 'fallback' | 'h2cFollows' | 'secretFiles'
> {
  /** `(function app)`, `(object Hono)` or the path of a module; undefined for none. */
  readonly handler: string | undefined
  /** The user whose password every request must present, or undefined. */
  readonly auth: { readonly user: string } | undefined
  /** That of the first listener for HTTPS; undefined where nothing is served under TLS. */
  readonly tls: ServerTls | undefined
  /** Where connections are accepted. */
  readonly listeners: readonly ServerListener[]
  /** The sites of the option `sites`. */
  readonly sites: readonly ServerSite[]
  /** The names of the plugins. */
  readonly plugins: readonly string[]
}

/** A site of the option `sites`. */
export interface ServerSite {
  readonly name: string
  /** Names that it answers for, `.dev.localhost` for every name below one; none for all that no other site has. */
  readonly hosts: readonly string[]
  /** Names of the listeners on which it answers; undefined for all. */
  readonly listeners: readonly string[] | undefined
  /** Its own options, with those that the server shares. */
  readonly config: ServerConfig
}

/** Where connections are accepted, without the passphrases of keys. */
export interface ServerListener extends Omit<ResolvedListener, 'certificates' | 'fallback'> {
  /** The first one is for clients without SNI. Empty under TLS: the local authority makes one. */
  readonly certificates: readonly Omit<ResolvedCertificate, 'passphrase'>[]
}

/** How HTTPS is served, without the passphrases of keys. */
export interface ServerTls extends Omit<ResolvedTls, 'certificates' | 'fallback'> {
  /** The first one is for clients without SNI. Empty: the local authority makes one. */
  readonly certificates: readonly Omit<ResolvedCertificate, 'passphrase'>[]
}
