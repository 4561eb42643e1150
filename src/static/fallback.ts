import { join, extname } from 'node:path'
import { ServeError, type Fix } from '../core/serve-error.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { withoutField, withVary, type HeaderList, type RequestHeaders } from '../http/message/headers.ts'
import { documentDestinations, isNavigation, navigationFields } from '../http/semantics/navigation.ts'
import type { Reply } from '../http/message/reply.ts'
import { preferredType } from '../pages/preferred-type.ts'
import type { AccessPolicy } from './access/access-policy.ts'
import type { FileReplies } from './files/file-replies.ts'
import { statWithin } from './stat-within.ts'
import type { UrlPath } from './url-path.ts'
import type { ProjectAdvice } from './project-advice.ts'
import { mediaType } from '../http/message/media-type.ts'

/** Options of {@link createFallback}. */
export interface FallbackOptions {
  readonly access: AccessPolicy
  readonly files: FileReplies
  /** Absolute path of the served folder. */
  readonly root: string
  /** Page of a single-page app, relative to the root, or undefined. */
  readonly single: string | undefined
  /** What is to be known of the project in the folder. */
  readonly advice: () => Promise<ProjectAdvice | undefined>
}

/** The option that answers every address of an app. */
export const singleFix: Fix = { option: 'single', value: 'index.html' }

/** What a representation says of itself that an error page must not: it is no version of the missing file. */
const ofRepresentation = ['etag', 'last-modified', 'accept-ranges']

/** By what the reply to a missing file is chosen. */
const askedBy = ['Accept', 'Sec-Fetch-Dest'] as const

/**
 * Answers where there is no file: the page of a single-page app for navigation, else the site's own
 * `404.html` for clients that can show it, else `E8008_NOT_FOUND`. What is denied comes here as well, so that nothing tells the two
 * apart.
 */
export function createFallback(options: FallbackOptions): (urlPath: UrlPath, x: Exchange) => Reply | Promise<Reply> {
  const { access, files, root, single, advice } = options
  const singlePage = single === undefined ? undefined : join(root, single)
  const missingPage = join(root, '404.html')

  function send(path: string, x: Exchange): Reply | undefined {
    const stat = statWithin(path, access)
    return stat?.isFile() === true ? files.send(path, stat, x) : undefined
  }

  /** A person who goes to a page of an app, or to one that no build has made, is told how it gets there. */
  function missing(urlPath: UrlPath, x: Exchange): Promise<never> {
    if (singlePage !== undefined || !asksForAppPage(x.headers, urlPath.names)) throw notFound()
    return advice().then((known) => {
      if (known === undefined) throw notFound()
      // The log has said it once; it is not said in each line.
      x.notes.remark ??= ''
      if (known.kind === 'app') x.notes.missesApp = true
      const { message, command } = known
      throw notFound(command === undefined ? { fix: singleFix } : { hint: `${message} Run: ${command}` })
    })
  }

  return (urlPath, x) => {
    if (singlePage !== undefined && asksForAppPage(x.headers, urlPath.names)) {
      const page = send(singlePage, x)
      // The same path is 404 to a script that asks for it: a cache must know why.
      if (page !== undefined) return { ...page, headers: navigationFields(x.headers).reduce(withVary, page.headers) }
    }
    const page = takesPage(x) ? send(missingPage, x) : undefined
    if (page === undefined) return missing(urlPath, x)
    x.notes.refusal = 'E8008_NOT_FOUND'
    const headers = ofRepresentation.reduce<HeaderList>(withoutField, page.headers)
    return { status: 404, headers: askedBy.reduce(withVary, headers), body: page.body }
  }
}

/** A program that asks for JSON or plain text cannot read a page, and a script, style or image cannot be one. */
function takesPage({ headers }: Exchange): boolean {
  const destination = headers.get('sec-fetch-dest') ?? 'document'
  // `empty` is a script, which may show the page.
  if (destination !== 'empty' && !documentDestinations.has(destination)) return false
  const offered = ['text/html', 'text/plain', 'application/problem+json', 'application/json'] as const
  return preferredType(headers.get('accept'), offered) === 'text/html'
}

/** The one answer for everything that is not there, or not for this client. Its type is chosen by `Accept`. */
export function notFound(details: { readonly hint?: string; readonly fix?: Fix } = {}): ServeError {
  return new ServeError('E8008_NOT_FOUND', 'There is no file at this address.', {
    headers: ['Vary', 'Sec-Fetch-Dest'],
    ...details,
  })
}

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
