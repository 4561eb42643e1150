import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { compressIPv6 } from '../../core/util/ip.ts'

const labels = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/

/**
 * Normalises a host name or address: lower case, no final dot, punycode (RFC 3492), IPv6 without
 * its brackets and compressed (RFC 5952), so that equal hosts are equal strings. Undefined for another text.
 */
export function parseHostName(host: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(host)?.[1]
  if (bare !== undefined || host.includes(':')) return parseIPv6(bare ?? host)
  if (isIPv4(host)) return host
  const name = toAscii(host.endsWith('.') ? host.slice(0, -1) : host)
  // A last label of digits makes resolvers and browsers read the whole as an IPv4 address, each in its own way
  // (`127.1`, `0x7f.1`): WHATWG URL, section 3.5, "ends in a number".
  if (!labels.test(name) || name.length > 253 || /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name)) return undefined
  return name
}

/**
 * Whether a key of a map is a host name or begins with one, as `docs.localhost/v1` does. A word without a dot is the
 * name of a path.
 */
export function isHostKey(key: string): boolean {
  const [, host = ''] = /^(?:\*?\.)?([^/]+)/.exec(key) ?? []
  return (host.includes('.') || host.toLowerCase() === 'localhost') && parseHostName(host) !== undefined
}

/** Whether a host is `localhost`, a name below it, or a loopback address. */
export function isLoopbackName(host: string): boolean {
  return /(?:^|\.)localhost$/.test(host) || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/**
 * The host in a URL or in `host:port`, for a hint. Undefined where there is none, and for a bare host.
 */
export function hostWithin(text: string): string | undefined {
  const match = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?(\[[^\]]*\]|[^:/?#]+)(?::\d*)?(?:[/?#].*)?$/i.exec(text)
  const host = match?.[1]
  return host === undefined || host === text ? undefined : parseHostName(host)
}

function parseIPv6(address: string): string | undefined {
  if (!isIPv6(address)) return undefined
  // A zone (`fe80::1%eth0`) names an interface of this machine; URLs have no form for it.
  if (address.includes('%')) return address.toLowerCase()
  return compressIPv6(address)
}

/** `domainToASCII` also maps characters that only look like letters; it is asked for non-ASCII names only. */
function toAscii(name: string): string {
  return /[^\x00-\x7f]/.test(name) ? domainToASCII(name) : name.toLowerCase()
}
