import type { BigIntStats } from 'node:fs'
import { join, extname } from 'node:path'
import { ServeError, type Suggestion } from '../core/serve-error.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { withoutField, withVary, type HeaderList, type RequestHeaders } from '../http/message/headers.ts'
import { documentDestinations, isNavigation, navigationFields } from '../http/semantics/navigation.ts'
import { memoizeReply, variedBy, type Reply } from '../http/message/reply.ts'
import { preferredType } from '../pages/preferred-type.ts'
import type { FileReplies } from './files/file-replies.ts'
import { sharedInBatch, type BatchLook } from './stat.ts'
import type { UrlPath } from './url-path.ts'
import type { Advise, ProjectAdvice } from './project-advice.ts'
import { hasUsualType, mediaType, octetStream } from '../http/message/media-type.ts'

/** Options of {@link createFallback}. */
export interface FallbackOptions {
  /** The state of a file or folder. */
  readonly look: BatchLook<BigIntStats | undefined>
  readonly files: FileReplies
  /** Absolute path of the served folder. */
  readonly root: string
  /** Page of a single-page app, relative to the root, or undefined. */
  readonly single: string | undefined
  /** Advice about the project in the folder; undefined if there is none. */
  readonly advice: Advise
}

/** The option that answers every path of a single-page app with its page. */
export const singleFix: Suggestion = { option: 'single', value: 'index.html' }

/** Fields that an error page must not have, since it is no version of the missing file. */
const ofRepresentation = ['etag', 'last-modified', 'accept-ranges']

/** Request fields that decide about the reply for a missing file. */
const varyFields = ['Accept', 'Sec-Fetch-Dest'] as const

/**
 * Answers for a missing file: with the page of a single-page app for navigations, else with the site's `404.html` for
 * clients that can show it, else `E8008_NOT_FOUND`. Hidden files get the same answer, so that clients cannot tell them
 * from missing ones.
 */
export function createFallback(options: FallbackOptions): (urlPath: UrlPath, x: Exchange) => Reply | Promise<Reply> {
  const { look, files, root, single } = options
  const advice = sharedInBatch(options.advice)
  const singlePage = single === undefined ? undefined : join(root, single)
  const missingPage = join(root, '404.html')

  function send(path: string, x: Exchange): Reply | undefined {
    const stat = look(path, x)
    return stat?.isFile() === true ? files.send(path, stat, x) : undefined
  }

  /** The error has a hint for a navigation to a path of an app, or to a page that needs a build. */
  function missing({ names }: UrlPath, x: Exchange): Promise<never> {
    if (singlePage !== undefined) throw notFound(endingHint(x.headers, names))
    if (!asksForAppPage(x.headers, names)) throw notFound()
    const known = advice(root, x)
    return known instanceof Promise ? known.then((loaded) => missingWith(loaded, x)) : missingWith(known, x)
  }

  function missingWith(known: ProjectAdvice | undefined, x: Exchange): never {
    if (known === undefined) throw notFound()
    // The start has logged the advice: the request line does not repeat it.
    x.notes.remark ??= ''
    if (known.kind === 'app') x.notes.missesApp = true
    const { message, command } = known
    throw notFound(command === undefined ? { fix: singleFix } : { hint: `${message} Run: ${command}` })
  }

  return (urlPath, x) => {
    if (singlePage !== undefined && asksForAppPage(x.headers, urlPath.names)) {
      const page = send(singlePage, x)
      // A script gets a 404 for the same path, so the reply varies by the fields that decide.
      if (page !== undefined) return variedBy(page, navigationFields(x.headers))
    }
    const page = acceptsPage(x) ? send(missingPage, x) : undefined
    if (page === undefined) return missing(urlPath, x)
    x.notes.refusal = 'E8008_NOT_FOUND'
    return asMissing(page)
  }
}

const asMissing = memoizeReply(({ headers, body }) => ({
  status: 404,
  headers: varyFields.reduce(withVary, ofRepresentation.reduce<HeaderList>(withoutField, headers)),
  body,
}))

/** Whether the client can use a page. A script, style or image is none, nor a reply in JSON or plain text. */
function acceptsPage({ headers }: Exchange): boolean {
  const destination = headers.get('sec-fetch-dest') ?? 'document'
  // `empty` is a script, which may show the page.
  if (destination !== 'empty' && !documentDestinations.has(destination)) return false
  const offered = ['text/html', 'text/plain', 'application/json'] as const
  return preferredType(headers.get('accept'), offered) === 'text/html'
}

/** The error for a missing or hidden file. `Accept` decides about its media type. */
export function notFound(details: { readonly hint?: string; readonly fix?: Suggestion } = {}): ServeError {
  return new ServeError('E8008_NOT_FOUND', 'There is no file at this address.', {
    headers: ['Vary', 'Sec-Fetch-Dest'],
    ...details,
  })
}

/**
 * Whether a request for a path without a file is for a page of a single-page app, which the page of the app answers. A
 * missing script, style sheet or image is a 404: an HTML page instead would hide the mistake.
 *
 * - The request is a navigation. Clients that send no fetch metadata and accept anything, such as curl and health
 *   checks, get the page if the last name has no extension.
 * - The last name has no extension of a known type (`/users/jane.doe` is a page, `/logo.png` is not), or is that of a
 *   host or a person (`/sites/example.com`, `/users/jane@example.com`); and no name starts with a dot.
 *
 * @param names Path below the site's prefix.
 */
function asksForAppPage(headers: RequestHeaders, names: readonly string[]): boolean {
  if (names.some((name) => name.startsWith('.'))) return false
  const last = names.at(-1) ?? ''
  if (extname(last) === '') return isNavigation(headers) || acceptsAnything(headers)
  if (!isNavigation(headers)) return false
  return mediaType(last) === octetStream || (hostOrPerson.test(last) && !hasUsualType(last))
}

/** Names with an `@`, or with the ending of a host: that of a country, `com` or `org`. */
const hostOrPerson = /@|\.(?:[a-z]{2}|com|org)$/i

/** Why a navigation did not get the page of the app, if the ending of the name decided. */
function endingHint(headers: RequestHeaders, names: readonly string[]): { readonly hint?: string } {
  const ending = extname(names.at(-1) ?? '')
  if (ending === '' || !isNavigation(headers) || asksForAppPage(headers, names)) return {}
  return { hint: `a name that ends with ${ending} is a file, so the page of the app does not answer it` }
}

/** A WebSocket names no type either, but a page would only hide that no route forwards it. */
function acceptsAnything(headers: RequestHeaders): boolean {
  if (headers.has('sec-websocket-key')) return false
  if (headers.has('sec-fetch-mode') || headers.has('sec-fetch-dest')) return false
  return /^(?:\*\/\*(?:;[^,]*)?)?$/.test(headers.get('accept')?.trim() ?? '')
}
