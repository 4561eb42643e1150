import type { Exchange } from '../http/exchange.ts'

/** The request fields by which {@link asksForPage} decides. */
export const pageRequestFields: readonly string[] = [
  'Sec-Fetch-Dest',
  'Accept',
  'X-Requested-With',
  'HX-Request',
  'Turbo-Frame',
  'X-Serve8008',
]

/** Destinations that become a document of their own (Fetch standard section 2.2.5). */
const pageDestinations: ReadonlySet<string> = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

/** Fields by which scripts mark what they put into a page that is there already. */
const fragmentFields = ['x-requested-with', 'hx-request', 'turbo-frame'] as const

const refusal = /(?:^\??|&)serve8008=no-live(?:&|$)/

/**
 * Whether a reply is going to be a page of its own, and one that may reload itself. HTML that a script fetches is put
 * into a page, where another client would be in the way.
 *
 * Browsers leave `Sec-Fetch-Dest` out towards plain http of other names than localhost; there an `Accept` that names
 * `text/html` tells. What answers a form stays as it is, since a reload would send the form again. The address `?serve8008=no-live` and the field `X-Serve8008: no-live` keep a page as it is. A
 * range belongs to a file, not to a page.
 */
export function asksForPage(x: Exchange): boolean {
  const { headers, method, target } = x
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headers.has('range') || refusal.test(target.query) || headers.get('x-serve8008') === 'no-live') return false
  const destination = headers.get('sec-fetch-dest')
  if (destination !== undefined) return pageDestinations.has(destination)
  if (fragmentFields.some((name) => headers.has(name))) return false
  return headers.get('accept')?.toLowerCase().includes('text/html') === true
}
