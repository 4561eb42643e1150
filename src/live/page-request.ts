import type { Exchange } from '../http/message/exchange.ts'
import { getField, type RequestHeaders } from '../http/message/headers.ts'
import { documentDestinations, isNavigation, navigationFields } from '../http/semantics/navigation.ts'
import { variedBy, type Reply } from '../http/message/reply.ts'

/** A kind of document that can hold a script. */
export type DocumentKind = 'html' | 'xhtml' | 'svg'

/** A kind of file that a browser shows in a document without scripts. A tab that opens it gets a wrapper page. */
export type WrappedKind = 'picture' | 'text' | 'json'

const documentType = /^\s*(?:text\/(html)|application\/(xhtml)\+xml|image\/(svg)\+xml)\s*(?:;|$)/i
const pictureType = /^\s*image\/(?:apng|avif|bmp|gif|jpeg|png|webp)\s*(?:;|$)/i
/**
 * Types that browsers show as text. Not those that they download (calendars, contacts, tables), show in another way
 * (XML), or load as part of a page (style sheets, scripts).
 */
const textType =
  /^\s*text\/(?!(?:html|xml|css|javascript|rtf|tab-separated-values|(?:x-)?(?:csv|v?calendar|vcard|vcf))\s*(?:;|$)|vnd\.)/i
const charsetParameter = /;\s*charset\s*=/i
const jsonType = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i

/** The kind of document that a reply is, by its `Content-Type`. Undefined for anything else. */
export function documentKind(reply: Reply): DocumentKind | WrappedKind | undefined {
  const contentType = getField(reply.headers, 'content-type') ?? ''
  const match = documentType.exec(contentType)
  if (match !== null) return ((match[1] ?? match[2] ?? match[3]) as string).toLowerCase() as DocumentKind
  return isWrappable(reply) ? wrappedKind(contentType) : undefined
}

function wrappedKind(contentType: string): WrappedKind | undefined {
  if (pictureType.test(contentType)) return 'picture'
  // A text that states no charset would be read in that of the wrapper page: a browser finds out by itself otherwise.
  if (textType.test(contentType) && charsetParameter.test(contentType)) return 'text'
  return jsonType.test(contentType) ? 'json' : undefined
}

/**
 * Whether a reply is a served file, which the wrapper page can request again and may show. A file with a
 * Content-Security-Policy is not wrapped: the policy does not stop a browser from showing the file, but it would apply to
 * the wrapper page.
 */
function isWrappable({ status, relayed, validators, headers }: Reply): boolean {
  if (relayed === true || status !== 200 || validators === undefined) return false
  if (getField(headers, 'content-security-policy') !== undefined) return false
  return (getField(headers, 'x-frame-options') ?? 'sameorigin').trim().toLowerCase() === 'sameorigin'
}

/** Whether a kind of reply gets a wrapper page. */
export function isWrapped(kind: DocumentKind | WrappedKind): kind is WrappedKind {
  return kind === 'picture' || kind === 'text' || kind === 'json'
}

const optOut = /(?:^\??|&)serve8008=no-live(?:&|$)/

/**
 * Whether a browser will show the reply as a page, and may reload it. HTML that a script fetches gets no client: the
 * script puts it into a page that has one.
 *
 * The answer to a form stays unchanged, because a reload would send the form again. The query `?serve8008=no-live` and the
 * field `X-Serve8008: no-live` keep any page unchanged. A range is part of a file, not a page. An SVG image is a page
 * unless it is part of one. Other files get a wrapper page only when `Sec-Fetch-Dest` is `document`.
 */
export function asksForPage(x: Exchange, kind: DocumentKind | WrappedKind): boolean {
  const { headers, method, target } = x
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headers.has('range') || optOut.test(target.query) || headers.get('x-serve8008') === 'no-live') return false
  const destination = headers.get('sec-fetch-dest') ?? ''
  // The live client of the page around an SVG image replaces it there.
  if (kind === 'svg' && destination !== 'document' && documentDestinations.has(destination)) return false
  if (!isWrapped(kind)) return isNavigation(headers)
  return destination === 'document' && !isForOwnUse(headers, kind)
}

/**
 * Whether a browser that opens a file may need its bytes instead of a wrapper page. Firefox shows JSON in its own viewer
 * when it fills a tab. `<a download>` is a navigation too: Chromium sends another destination for it, other browsers
 * send the same fields as for any link, with a `Referer`.
 */
function isForOwnUse(headers: RequestHeaders, kind: WrappedKind): boolean {
  const browser = headers.get('user-agent') ?? ''
  if (kind === 'json' && browser.includes('Firefox/')) return true
  return headers.has('referer') && !/Chrom(?:e|ium)\//.test(browser)
}

const partFields: readonly string[] = ['Sec-Fetch-Dest']
const openedFields: readonly string[] = ['Sec-Fetch-Dest', 'User-Agent', 'Referer']

/** Adds the fields that {@link asksForPage} reads to `Vary`. */
export function variedByPage(reply: Reply, { headers }: Exchange, kind: DocumentKind | WrappedKind): Reply {
  const fields = isWrapped(kind) ? wrappedFields(headers) : navigationFields(headers)
  return variedBy(variedBy(reply, fields), ownFields)
}

const ownFields: readonly string[] = ['X-Serve8008']

function wrappedFields(headers: RequestHeaders): readonly string[] {
  return headers.get('sec-fetch-dest') === 'document' ? openedFields : partFields
}
