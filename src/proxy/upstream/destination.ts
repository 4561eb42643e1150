import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { addressSet } from '../../core/util/ip.ts'
import { UpstreamError } from './upstream-error.ts'

/**
 * Addresses to which no name may resolve, against SSRF: unspecified addresses, which reach this machine; link-local
 * addresses (RFC 3927, RFC 4291 section 2.5.6), where cloud metadata services hand out credentials; and the addresses of
 * other metadata services.
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

/** Whether the proxy refuses to connect to a resolved address. */
export function isForbiddenAddress(address: string): boolean {
  return forbiddenAddresses(address.split('%', 1)[0] as string)
}

/** Names of cloud metadata services. They are refused before they are resolved. */
const metadataNames: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
  'metadata.tencentyun.com',
])

/** `localhost` always means both loopback addresses (RFC 6761 section 6.3); the hosts file is not read for it. */
const loopback: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

function normalizedName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '')
}

/** Whether a host name is localhost, or below it. */
export function isLocalhost(hostname: string): boolean {
  return `.${normalizedName(hostname)}`.endsWith('.localhost')
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

/**
 * Resolves a name for a connection. It checks the same addresses that the connection uses, which rules out DNS rebinding.
 * Node does not look up IP addresses, so an address in the configuration is always allowed.
 */
export function lookupAllowed(hostname: string, options: LookupOptions, done: LookupCallback): void {
  const name = normalizedName(hostname)
  if (metadataNames.has(name)) return done(forbidden(`${hostname} is a metadata service`), [])
  if (isLocalhost(name)) return answer([...loopback], options, done)
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    const allowed = addresses.filter(({ address }) => !isForbiddenAddress(address))
    const [first] = addresses
    if (allowed.length === 0 && first !== undefined) return done(forbidden(`${hostname} is ${first.address}`), [])
    answer(allowed, options, done)
  })
}

function answer(addresses: LookupAddress[], options: LookupOptions, done: LookupCallback): void {
  const [first] = addresses
  // Node expects the callback of a lookup in a later tick.
  process.nextTick(() => {
    if (options.all === true) done(null, addresses)
    else done(null, first?.address ?? '', first?.family)
  })
}

function forbidden(message: string): UpstreamError {
  return new UpstreamError('forbidden-address', message, { wrote: false })
}
