import type { Environment } from '../../config/sources/env.ts'
import { unbracketed } from '../../core/util/ip.ts'
import { redactText } from '../../core/util/secret.ts'
import { warning, type Seen } from './check.ts'

/** Names of variables that send requests to a proxy. curl reads `http_proxy` in lower case only. */
const proxyNames = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const

/** What a request to this machine may be addressed to. */
const ownNames = ['localhost', '127.0.0.1', '::1'] as const

/** Whether a proxy of the environment would get the requests for this machine. */
export function lookAtProxies(env: Environment): Seen {
  const set = proxyNames.filter((name) => (env[name] ?? '') !== '')
  if (set.length === 0) return { seen: 'none in the environment' }
  const exceptions = [env['no_proxy'], env['NO_PROXY']].map((text) => text ?? '').filter((text) => text !== '')
  const seen = [...new Set(set.map((name) => `${name}=${redactText(env[name] ?? '')}`))].join(', ')
  // A program reads one of the two spellings, so each that is set has to name them.
  const lacking = ownNames.filter((name) => exceptions.length === 0 || !exceptions.every((text) => excepts(text, name)))
  if (lacking.length === 0) return { seen: `${seen}, not for localhost` }
  const why =
    `${set[0]} is set and NO_PROXY lacks ${lacking.join(', ')}: curl, Python and others ask the proxy for ` +
    'the pages of this machine, which it cannot reach.'
  const value = [...new Set([...(exceptions[0] ?? '').split(',').map((text) => text.trim()), ...ownNames])]
  const list = value.filter((text) => text !== '').join(',')
  return { seen, findings: [warning('D8008_PROXY', why, `export NO_PROXY=${list} no_proxy=${list}`)] }
}

/** Whether `NO_PROXY` names a host. `::1` is written with and without brackets, and a range of addresses counts for IPv4. */
function excepts(text: string, name: string): boolean {
  return text.split(',').some((entry) => {
    const host = unbracketed(entry.trim().toLowerCase())
    if (host === '*' || host === name) return true
    if (name === 'localhost') return host === '.localhost'
    return host === '127.0.0.0/8' && name === '127.0.0.1'
  })
}

/** Variables that change what Node trusts. */
export function lookAtNodeSettings(env: Environment, exists: (path: string) => boolean): Seen {
  const extra = env['NODE_EXTRA_CA_CERTS'] ?? ''
  const findings = [
    ...(env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? [
          warning(
            'D8008_UNCHECKED_TLS',
            'NODE_TLS_REJECT_UNAUTHORIZED=0 makes every Node program accept any certificate, from everywhere.',
            'unset NODE_TLS_REJECT_UNAUTHORIZED',
          ),
        ]
      : []),
    ...(extra !== '' && !exists(extra)
      ? [
          warning(
            'D8008_EXTRA_CERTS',
            `NODE_EXTRA_CA_CERTS names ${extra}, which does not exist.`,
            'export NODE_EXTRA_CA_CERTS="$(serve8008 trust --ca)"',
          ),
        ]
      : []),
  ]
  const names = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED']
  const set = names.filter((name) => (env[name] ?? '') !== '')
  return { seen: set.length === 0 ? 'no variables that change Node' : `${set.join(', ')} set`, findings }
}
