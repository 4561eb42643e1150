import { createSecureContext, type SecureContext } from 'node:tls'
import { createAllowance } from '../../core/util/allowance.ts'
import { createLru } from '../../core/util/lru.ts'
import { allowedNames, type AllowedNames } from './san-policy.ts'
import type { Place } from '../authority/authority.ts'
import { openLeafStore, type Leaf } from './certificate-cache.ts'
import { canonicalName } from '../names.ts'
import type { CertificateOptions, Certificates, CertificateWarning } from '../types.ts'

/** Further names that one server makes certificates for at once: a client can ask for any number of them. */
export const maxNames = 200
/** Milliseconds until the certificate for one more of them may be made. */
const refillMs = 1000
/** Milliseconds between looks at what has to be renewed: a machine that sleeps stops its timers. */
const lookMs = 6 * 3_600_000
/** Milliseconds until a renewal that failed is tried again. */
const againMs = 600_000

const manyNames: CertificateWarning = {
  code: 'W8008_CERT_NAME',
  message: 'Clients ask for certificates of more names than are made, so some get that of localhost, and refuse it.',
  hint: 'allowHost with each name that is in use: those are always covered',
}

const untrusted: CertificateWarning = {
  code: 'W8008_UNTRUSTED',
  message: 'Browsers refuse the certificates of this server until they trust the local authority, which is new.',
  hint: 'serve8008 trust',
}

interface Entry {
  readonly leaf: Leaf
  readonly context: SecureContext
}

/**
 * The certificates that the local authority makes: one for each name that a client asks for, and one for all names and
 * addresses that are configured, for clients that name no host. They are apart because one name that a client cannot
 * check makes it refuse the whole certificate: BoringSSL (Bun, Electron, gRPC) checks no address against the
 * constraints of the authority.
 *
 * @throws ServeError `E8008_AUTHORITY`
 */
export async function localCertificates(options: CertificateOptions, place: Place): Promise<Certificates> {
  const { clock } = place
  const told = new Set<string>()
  const names = allowedNames(options.hosts, tell)
  /** Hosts that came while the server runs. */
  let added: AllowedNames = { always: [], allows: () => false }
  const store = openLeafStore({ ...place, onWarning: tell, onMade: () => tell(untrusted) })
  const entries = createLru<string, Promise<Entry>>(maxNames)
  const takeOne = createAllowance({ burst: maxNames, refillMs, now: () => clock.now() })
  let current = await entryFor(names.always)
  let cancel = plan(current.leaf.renewAt - clock.now())

  async function entryFor(of: readonly string[]): Promise<Entry> {
    const leaf = await store.leafFor(of)
    return { leaf, context: createSecureContext({ cert: leaf.cert, key: leaf.key }) }
  }

  function plan(ms: number): () => void {
    return clock.after(Math.min(Math.max(ms, 1000), lookMs), () => void renew())
  }

  async function renew(): Promise<void> {
    let next = againMs
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
    tell({ code: 'W8008_AUTHORITY', message, ...(hint === undefined ? {} : { hint }) })
  }

  /** What is wrong once is wrong each time a certificate is made. */
  function tell(warning: CertificateWarning): void {
    if (told.has(warning.message)) return
    told.add(warning.message)
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
      tell(manyNames)
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
      // A client names a host, and a star is none (RFC 6066 section 3): it would get a certificate for every name there.
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
      // The certificate for clients that name no host is not made again: clients hold its sessions.
      added = allowedNames(
        hosts.filter((host) => !options.hosts.includes(host)),
        tell,
      )
    },
    firstName: undefined,
    close() {
      isClosed = true
      cancel()
    },
  }
}
