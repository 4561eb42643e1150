import type { RequestHeaders } from '../message/headers.ts'

/** Values of `Sec-Fetch-Dest` whose reply becomes a document (Fetch standard section 2.2.5). */
export const documentDestinations: ReadonlySet<string> = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

/** Fields that scripts send with requests for a part of a page. */
const fragmentFields = ['x-requested-with', 'hx-request', 'turbo-frame'] as const

/**
 * Fields for `Vary` where {@link isNavigation} decided. With fetch metadata they leave out fields that a service worker
 * sees: a worker that stored a page with `cache.add()` matches it against a navigation, and `Vary: Accept` would
 * prevent the match.
 */
const fieldsWithMetadata: readonly string[] = ['Sec-Fetch-Dest', 'Sec-Fetch-Mode']
const fieldsWithout: readonly string[] = [
  ...fieldsWithMetadata,
  'Upgrade-Insecure-Requests',
  'Accept',
  'X-Requested-With',
  'HX-Request',
  'Turbo-Frame',
]

/** The fields by which {@link isNavigation} decides about a request, for `Vary`: one of two lists. */
export function navigationFields(headers: RequestHeaders): readonly string[] {
  // Browsers send fetch metadata to HTTPS and loopback origins only.
  const hasMetadata = headers.has('sec-fetch-dest') || headers.has('sec-fetch-mode')
  return hasMetadata ? fieldsWithMetadata : fieldsWithout
}

/**
 * Whether a request is a navigation: its reply becomes a page, a frame or an embedded document, not data for a script
 * or a part of a page.
 *
 * - A `Sec-Fetch-Dest` other than `empty` decides.
 * - A service worker that answers a navigation with `fetch(event.request)`, or with a copy of the request, makes the
 *   destination `empty`. Chromium keeps the mode `navigate`; Firefox makes it `same-origin`, and a copy has the mode it
 *   was given. Both keep `Upgrade-Insecure-Requests: 1`, which no `fetch()` of a page sends, and the `Accept` of the
 *   navigation.
 * - Without fetch metadata an `Accept` with `text/html` decides, unless a script has marked the request.
 *
 * A worker that calls `fetch(event.request.url)` drops all these fields: its request looks like that of any script.
 */
export function isNavigation(headers: RequestHeaders): boolean {
  const destination = headers.get('sec-fetch-dest')
  if (destination !== undefined && destination !== 'empty') return documentDestinations.has(destination)
  const mode = headers.get('sec-fetch-mode')
  if (mode === 'navigate') return true
  if (headers.get('accept')?.toLowerCase().includes('text/html') !== true) return false
  if (headers.get('upgrade-insecure-requests') === '1') return true
  return destination === undefined && mode === undefined && !fragmentFields.some((name) => headers.has(name))
}
