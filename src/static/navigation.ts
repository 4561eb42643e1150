import { extname } from 'node:path'
import type { Exchange } from '../http/exchange.ts'
import { mediaType } from '../http/media-type.ts'

/**
 * Whether a request for a path without a file is a person going to a page of a single-page app, so
 * that the app's page is the answer. A script, style sheet or image that is missing stays missing: an
 * HTML page in its place would hide the mistake.
 *
 * - By intent: `Sec-Fetch-Mode: navigate`, or, from clients that do not send it, an `Accept` that names
 *   `text/html`. Who takes anything, as curl and health checks do, gets the page where the name has no extension.
 * - By name: the last segment has no extension of a known type (`/users/jane.doe` is a page,
 *   `/logo.png` is not), and none starts with a dot.
 *
 * @param names Path below the site's prefix.
 */
export function isNavigation(x: Exchange, names: readonly string[]): boolean {
  const mode = x.headers.get('sec-fetch-mode')
  if (mode !== undefined && mode !== 'navigate') return false
  if (names.some((name) => name.startsWith('.'))) return false
  const last = names.at(-1) ?? ''
  if (extname(last) === '') return mode === 'navigate' || asksForHtml(x) || takesAnything(x)
  return mediaType(last) === 'application/octet-stream' && (mode === 'navigate' || asksForHtml(x))
}

function asksForHtml(x: Exchange): boolean {
  return x.headers.get('accept')?.toLowerCase().includes('text/html') === true
}

function takesAnything(x: Exchange): boolean {
  return /^(?:\*\/\*(?:;[^,]*)?)?$/.test(x.headers.get('accept')?.trim() ?? '')
}
