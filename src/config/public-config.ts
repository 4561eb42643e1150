import { hidden, isSecretName, redactField, redactUrl } from '../core/util/secret.ts'
import { kindOf } from './kinds/registry.ts'
import { optionTable } from './options/option-table.ts'
import type { ResolvedCondition, ResolvedRoute } from './route-types.ts'
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
export function publicRoute({ name, match, action }: ResolvedRoute): ResolvedRoute {
  return {
    name,
    match: {
      ...match,
      headers: redactConditions(match.headers, redactField),
      // As in the field Cookie, each of them may be a session.
      cookies: redactConditions(match.cookies, () => hidden),
      query: redactConditions(match.query, (name, value) => (isSecretName(name) ? hidden : redactUrl(value))),
    },
    action: kindOf(action).redact(action),
  }
}

function redactConditions(
  conditions: readonly ResolvedCondition[],
  redact: (name: string, value: string) => string,
): readonly ResolvedCondition[] {
  return conditions.map(([name, expected]) => [name, typeof expected === 'string' ? redact(name, expected) : expected])
}
