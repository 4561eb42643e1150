import type { Exchange } from '../../http/message/exchange.ts'
import { isToken, isFieldValue, plainSpelling, type HeaderList } from '../../http/message/headers.ts'
import { trailerPairs } from '../../http/message/trailers.ts'
import { isClaim } from './client-claims.ts'
import { fieldTokens } from '../hop-by-hop.ts'
import { isNeverForwarded, routeFieldNames, type RequestHeadersOptions } from './headers.ts'

/** Shared by most requests, which announce no trailer fields. */
const none: readonly string[] = []

/** The names, in lower case, of the fields that a request announces in `Trailer` and the proxy may forward. */
export function announcedTrailers({ headers }: Exchange, options: RequestHeadersOptions): readonly string[] {
  if (!headers.names.includes('trailer')) return none
  const nominated = fieldTokens(headers.raw, 'connection')
  return fieldTokens(headers.raw, 'trailer').filter((name) => isAllowed(name, nominated, options))
}

/**
 * The trailer fields of a request that the proxy may forward. A field that is dropped from the header section is dropped
 * here too: some upstreams merge the two, and would trust a late `X-Forwarded-For` (RFC 9110 section 6.5.1).
 */
export function trailerSection({ headers, body }: Exchange, options: RequestHeadersOptions): HeaderList {
  const nominated = fieldTokens(headers.raw, 'connection')
  // HTTP/2 fields may hold bytes that split an HTTP/1.1 message (RFC 9113 section 10.3).
  const pairs = trailerPairs(body.trailers).filter(([, value]) => isFieldValue(value))
  return pairs.filter(([name]) => isAllowed(name.toLowerCase(), nominated, options)).flat()
}

function isAllowed(
  name: string,
  nominated: readonly string[],
  { proxy: { requestFields } }: RequestHeadersOptions,
): boolean {
  if (!isToken(name) || trailerPairs([name, '']).length === 0) return false
  if (isNeverForwarded(name) || nominated.includes(name) || isClaim(name)) return false
  // In no spelling may it replace a field that the route sets or removes.
  return !routeFieldNames(requestFields).has(plainSpelling(name))
}
