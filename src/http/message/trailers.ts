import { plainSpelling, type HeaderList } from './headers.ts'

/**
 * Fields that may not stand behind the content (RFC 9110 section 6.5.1): who reads them there has decided about
 * framing, routing, credentials, conditions and the content's form before. All of `Content-…` are such, but for those
 * that can only be known at the end.
 */
const forbidden: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'connection',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'http2-settings',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'location',
  'max-forwards',
  'origin',
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
  'via',
  'warning',
  'www-authenticate',
])

/** RFC 9530 section 2, and what it took the place of. */
const digests: ReadonlySet<string> = new Set(['content-digest', 'content-md5'])

function isForbidden(name: string): boolean {
  const plain = plainSpelling(name.toLowerCase())
  return forbidden.has(plain) || (plain.startsWith('content-') && !digests.has(plain))
}

/** The pairs of a trailer section that may be sent. */
export function trailerPairs(trailers: HeaderList): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (!isForbidden(name)) pairs.push([name, trailers[i + 1] as string])
  }
  return pairs
}
