import { extname } from 'node:path'
import type { RequestHeaders } from '../http/message/headers.ts'
import { mediaType } from '../http/message/media-type.ts'
import { isNavigation } from '../http/semantics/navigation.ts'

/**
 * Whether a request for a path without a file is a person going to a page of a single-page app, so
 * that the app's page is the answer. A script, style sheet or image that is missing stays missing: an
 * HTML page in its place would hide the mistake.
 *
 * - By intent: it is a navigation. Clients that send no fetch metadata and take anything, as curl and health checks do,
 *   get the page where the name has no extension.
 * - By name: the last segment has no extension of a known type (`/users/jane.doe` is a page,
 *   `/logo.png` is not), and none starts with a dot.
 *
 * @param names Path below the site's prefix.
 */
export function asksForAppPage(headers: RequestHeaders, names: readonly string[]): boolean {
  if (names.some((name) => name.startsWith('.'))) return false
  const last = names.at(-1) ?? ''
  if (extname(last) === '') return isNavigation(headers) || takesAnything(headers)
  return mediaType(last) === 'application/octet-stream' && isNavigation(headers)
}

function takesAnything(headers: RequestHeaders): boolean {
  if (headers.has('sec-fetch-mode') || headers.has('sec-fetch-dest')) return false
  return /^(?:\*\/\*(?:;[^,]*)?)?$/.test(headers.get('accept')?.trim() ?? '')
}
