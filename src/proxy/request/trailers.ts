import type { Exchange } from '../../http/message/exchange.ts'
import { isToken, isFieldValue, plainSpelling, type HeaderList } from '../../http/message/headers.ts'
import { trailerPairs } from '../../http/message/trailers.ts'
import { isClaim } from './client-claims.ts'
import { fieldTokens } from '../hop-by-hop.ts'
import { isHopOrOwn, settledNames, type OutboundOptions } from './headers.ts'

/** Most requests: nothing was announced, and nobody looks further. */
const none: readonly string[] = []

/** The names, in lower case, that a request announces in `Trailer` and that may follow its content. */
export function announcedTrailers({ headers }: Exchange, options: OutboundOptions): readonly string[] {
  if (!headers.names.includes('trailer')) return none
  const nominated = fieldTokens(headers.raw, 'connection')
  return fieldTokens(headers.raw, 'trailer').filter((name) => isAllowed(name, nominated, options))
}

/**
 * The trailer section of a request as it may go on. What may not stand in its header section may not come behind its
 * content either: backends exist that merge the two, and there a late `X-Forwarded-For` would be as good as an early
 * one (RFC 9110 section 6.5.1).
 */
export function trailerSection({ headers, body }: Exchange, options: OutboundOptions): HeaderList {
  const nominated = fieldTokens(headers.raw, 'connection')
  // HTTP/2 frames its fields, so they could hold what splits a message of HTTP/1.1 (RFC 9113 section 10.3).
  const pairs = trailerPairs(body.trailers).filter(([, value]) => isFieldValue(value))
  return pairs.filter(([name]) => isAllowed(name.toLowerCase(), nominated, options)).flat()
}

function isAllowed(name: string, nominated: readonly string[], { proxy: { requestFields } }: OutboundOptions): boolean {
  if (!isToken(name) || trailerPairs([name, '']).length === 0) return false
  if (isHopOrOwn(name) || nominated.includes(name) || isClaim(name)) return false
  // However it is spelled, it must not stand in for what the header section says or leaves out.
  return !settledNames(requestFields).has(plainSpelling(name))
}
