import { createSecureContext, type SecureContext } from 'node:tls'
import { createAllowance } from '../../core/util/allowance.ts'
import { createLru } from '../../core/util/lru.ts'
import { createSanPolicy, type SanPolicy } from './san-policy.ts'
import { takeNotice, type AuthorityFolder } from '../authority/authority.ts'
import { openCertificateCache, type Leaf } from './certificate-cache.ts'
import { canonicalName } from '../names.ts'
import type { CertificateOptions, Certificates, CertificateWarning } from '../types.ts'

/** Names that one server issues certificates for in a burst: a client can ask for any number of names. */
export const maxNames = 200
/** Milliseconds until one more may be issued. */
const refillMs = 1000
/** Most milliseconds between two checks for renewal: a machine that sleeps stops its timers. */
const checkMs = 6 * 3_600_000
/** Milliseconds until a failed renewal is retried. */
const retryMs = 600_000

const manyNames: CertificateWarning = {
  code: 'W8008_CERT_NAME',
  message: 'Clients ask for certificates of more names than are made, so some get that of localhost, and refuse it.',
  hint: 'allowHost with each name that is in use: those are always covered',
}

const untrusted: CertificateWarning = {
  code: 'W8008_UNTRUSTED',
  message: 'Browsers refuse the certificates of this server until they trust the local authority.',
  hint: 'serve8008 trust',
}

interface Entry {
  readonly leaf: Leaf
  readonly context: SecureContext
}

/**
 * The certificates that the local authority issues: one for each name that a client asks for (SNI), and one with all
 * configured names and addresses for clients that name no host. They are separate because a client rejects the whole
 * certificate for one name that it cannot check: BoringSSL (Bun, Electron, gRPC) checks no address against the name
 * constraints.
 *
 * @throws ServeError `E8008_AUTHORITY`
 */
export async function localCertificates(options: CertificateOptions, place: AuthorityFolder): Promise<Certificates> {
  const { clock } = place
  const warned = new Set<string>()
  const names = createSanPolicy(options.hosts, warnOnce)
  /** Hosts that were added while the server runs. */
  let added: SanPolicy = { always: [], allows: () => false }
  const store = openCertificateCache({ ...place, onWarning: warnOnce, onMade: () => warnOnce(untrusted) })
  if (takeNotice(place.folder)) warnOnce(untrusted)
  const entries = createLru<string, Promise<Entry>>(maxNames)
  const takeOne = createAllowance({ burst: maxNames, refillMs, now: () => clock.now() })
  let current = await entryFor(names.always)
  let cancel = plan(current.leaf.renewAt - clock.now())

  async function entryFor(of: readonly string[]): Promise<Entry> {
    const leaf = await store.leafFor(of)
    return { leaf, context: createSecureContext({ cert: leaf.cert, key: leaf.key }) }
  }

  function plan(ms: number): () => void {
    return clock.after(Math.min(Math.max(ms, 1000), checkMs), () => void renew())
  }

  async function renew(): Promise<void> {
    let next = retryMs
    try {
      if (clock.now() >= current.leaf.renewAt) {
        current = await entryFor(names.always)
        options.onChange()
      }
      next = current.leaf.renewAt - clock.now()
    } catch (error) {
      warn(error)
    }
    if (!isClosed) cancel = plan(next)
  }

  let isClosed = false
  function warn(error: unknown): void {
    const { message, hint } = error as Error & { hint?: string }
    warnOnce({ code: 'W8008_AUTHORITY', message, ...(hint === undefined ? {} : { hint }) })
  }

  /** The same warning would come with each certificate. */
  function warnOnce(warning: CertificateWarning): void {
    if (warned.has(warning.message)) return
    warned.add(warning.message)
    place.onWarning(warning)
  }

  function allows(host: string): boolean {
    return names.allows(host) || added.allows(host)
  }

  function isConfigured(host: string): boolean {
    return names.always.includes(host) || added.always.includes(host)
  }

  async function contextOf(host: string): Promise<SecureContext> {
    const known = entries.get(host)
    if (known !== undefined) {
      const entry = await known
      if (clock.now() < entry.leaf.renewAt) return entry.context
    } else if (!isConfigured(host) && !takeOne()) {
      warnOnce(manyNames)
      return current.context
    }
    const making = entryFor([host])
    entries.set(host, making)
    return making.then(
      ({ context }) => context,
      (error: unknown) => {
        entries.delete(host)
        throw error
      },
    )
  }

  return {
    current: () => ({ cert: current.leaf.cert, key: current.leaf.key }),
    async contextFor(servername) {
      const host = canonicalName(servername)
      // SNI holds a host, not a wildcard (RFC 6066 section 3), which would get a certificate for every name there.
      if (host === undefined || host.startsWith('*') || !allows(host)) return current.context
      try {
        return await contextOf(host)
      } catch (error) {
        warn(error)
        return current.context
      }
    },
    covers(servername) {
      const host = canonicalName(servername)
      return host !== undefined && (names.always.includes(host) || allows(host))
    },
    isNamed: () => false,
    follow(hosts) {
      // Keeps the certificate for clients that name no host: clients hold sessions of it.
      added = createSanPolicy(
        hosts.filter((host) => !options.hosts.includes(host)),
        warnOnce,
      )
    },
    firstName: undefined,
    close() {
      isClosed = true
      cancel()
    },
  }
}
