import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { addressSet } from '../../core/util/ip.ts'
import { UpstreamError } from './upstream-error.ts'

/**
 * Addresses that no name may lead to: the unspecified ones, which are this machine by another name, link-local ones
 * (RFC 3927, RFC 4291 section 2.5.6), where clouds keep the keys of a machine, and the metadata services elsewhere.
 */
const forbiddenAddresses = addressSet([
  '0.0.0.0/8',
  '::/128',
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '255.255.255.255',
])

/** Whether a resolved address may not be dialled. */
export function isForbiddenAddress(address: string): boolean {
  return forbiddenAddresses(address.split('%', 1)[0] as string)
}

/** Names of metadata services, whatever they resolve to. */
const metadataNames: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
  'metadata.tencentyun.com',
])

/** `localhost` is both loopback addresses (RFC 6761 section 6.3), whatever a hosts file says of it. */
const loopback: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

/**
 * Resolves a name for a connection. The addresses that are judged are those that are dialled, so a name cannot change
 * its mind in between (DNS rebinding). A literal address is never looked up: the configuration names it.
 */
export function lookupAllowed(hostname: string, options: LookupOptions, done: Found): void {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (metadataNames.has(name)) return done(forbidden(`${hostname} is a metadata service`), [])
  if (name === 'localhost' || name.endsWith('.localhost')) return answer([...loopback], options, done)
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    const allowed = addresses.filter(({ address }) => !isForbiddenAddress(address))
    const [first] = addresses
    if (allowed.length === 0 && first !== undefined) return done(forbidden(`${hostname} is ${first.address}`), [])
    answer(allowed, options, done)
  })
}

function answer(addresses: LookupAddress[], options: LookupOptions, done: Found): void {
  const [first] = addresses
  // A turn later, as a name service would: Node does not expect an answer at once.
  process.nextTick(() => {
    if (options.all === true) done(null, addresses)
    else done(null, first?.address ?? '', first?.family)
  })
}

function forbidden(message: string): UpstreamError {
  return new UpstreamError('forbidden-address', message, { wrote: false })
}
