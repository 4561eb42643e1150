import type { HeaderList } from './headers.ts'

/**
 * Fields that may not stand behind the content (RFC 9110 section 6.5.1): who reads them there has decided about
 * framing, routing, credentials and the content's form before.
 */
const forbidden: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'host',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'warning',
  'www-authenticate',
])

/** The pairs of a trailer section that may be sent. */
export function trailerPairs(trailers: HeaderList): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (!forbidden.has(name.toLowerCase())) pairs.push([name, trailers[i + 1] as string])
  }
  return pairs
}
