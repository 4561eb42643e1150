import { kindOf } from './kinds/registry.ts'
import { optionTable } from './options/option-table.ts'
import { publicMatch } from './route-id.ts'
import { hidden } from '../core/util/secret.ts'
import type { ResolvedRoute } from './route-types.ts'
import type { ServerConfig, ServerListener, ServerTls } from './server-config.ts'
import type { ResolvedConfig } from './types.ts'
import type { ResolvedCertificate, ResolvedListener, ResolvedTls } from './value-types.ts'

/** A resolved configuration without its secrets, frozen. @internal */
export function publicConfig(config: ResolvedConfig): ServerConfig {
  const {
    auth,
    tls,
    listeners,
    sites,
    fallback: _fallback,
    h2cFollows: _h2cFollows,
    secretFiles: _secretFiles,
    ...rest
  } = config
  return Object.freeze({
    ...rest,
    ...redacted(rest),
    auth: auth && { user: auth.user },
    handler: rest.handler?.handler,
    tls: tls && publicTls(tls),
    listeners: listeners.map(publicListener),
    sites: sites.map((site) => ({ ...site, config: publicConfig(site.config) })),
    routes: rest.routes.map(publicRoute),
    plugins: rest.plugins.map(({ name }) => name),
  })
}

/** The values of options that may hold secrets, without these. */
function redacted(config: Partial<ResolvedConfig>): Partial<ResolvedConfig> {
  return Object.fromEntries(
    optionTable.flatMap(({ key, redact }) =>
      redact === undefined ? [] : [[key, redact(config[key as keyof ResolvedConfig] as never)] as const],
    ),
  )
}

function publicTls({ fallback: _fallback, certificates, ...rest }: ResolvedTls): ServerTls {
  return { ...rest, certificates: certificates.map(publicCertificate) }
}

function publicListener({ fallback: _fallback, certificates, ...rest }: ResolvedListener): ServerListener {
  return { ...rest, certificates: certificates.map(publicCertificate) }
}

function publicCertificate({ passphrase: _passphrase, ...files }: ResolvedCertificate): ServerTls['certificates'][0] {
  return files
}

/** A route without the credentials that it expects of clients or sends to upstreams. @internal */
export function publicRoute({ id, match, action, access }: ResolvedRoute): ResolvedRoute {
  const open = { id, match: publicMatch(match), action: kindOf(action).redact(action) }
  if (access === undefined) return open
  return { ...open, access: access.auth ? { ...access, auth: { ...access.auth, password: hidden } } : access }
}
