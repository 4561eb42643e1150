import type { RequestHeaders } from '../message/headers.ts'

/** Values of `Sec-Fetch-Dest` whose reply becomes a document (Fetch standard section 2.2.5). */
export const documentDestinations: ReadonlySet<string> = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

/** Fields by which scripts mark what they put into a page that is there already. */
const fragmentFields = ['x-requested-with', 'hx-request', 'turbo-frame'] as const

/**
 * Fields for `Vary` where {@link isNavigation} decided. With fetch metadata they leave out what a service worker sees of
 * its requests: a worker that stored a page with `cache.add()` looks for it by the fields of a navigation, and a `Vary`
 * that names `Accept` would keep it from finding the page.
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

/** The fields by which {@link isNavigation} decided about a request, for `Vary`: one of two lists. */
export function navigationFields(headers: RequestHeaders): readonly string[] {
  // Browsers send fetch metadata towards HTTPS and loopback names only.
  const hasMetadata = headers.has('sec-fetch-dest') || headers.has('sec-fetch-mode')
  return hasMetadata ? fieldsWithMetadata : fieldsWithout
}

/**
 * Whether a request is a navigation: its reply becomes a page, a frame or an embedded document of its own, and is not
 * data for a script or a part of a page.
 *
 * - `Sec-Fetch-Dest` names a destination, and that decides.
 * - A service worker that answers a navigation with `fetch(event.request)`, or with a copy of the request, makes the
 *   destination `empty`. Chromium keeps the mode `navigate`; Firefox makes it `same-origin`, and a copy has the mode it
 *   was given. Both leave `Upgrade-Insecure-Requests: 1` and the `Accept` of the navigation in place, and no `fetch()`
 *   of a page's own script sends the former.
 * - Without fetch metadata an `Accept` that names `text/html` tells, unless a script's mark says otherwise.
 *
 * A worker that calls `fetch(event.request.url)` drops all of that: such a request looks like any script's.
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
