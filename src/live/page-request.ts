import type { Exchange } from '../http/message/exchange.ts'
import { getField, withVary, type RequestHeaders } from '../http/message/headers.ts'
import { isNavigation, navigationFields } from '../http/semantics/navigation.ts'
import { memoizeReply, type Reply } from '../http/message/reply.ts'
/** A kind of document in which a script can be. */
export type DocumentKind = 'html' | 'xhtml' | 'svg'

/** A kind of file whose document in a browser cannot hold a script: the tab that opens it gets a page around it. */
export type WrappedKind = 'picture' | 'text' | 'json'

const documentType = /^\s*(?:text\/(html)|application\/(xhtml)\+xml|image\/(svg)\+xml)\s*(?:;|$)/i
const pictureType = /^\s*image\/(?:apng|avif|bmp|gif|jpeg|png|webp)\s*(?:;|$)/i
/**
 * What browsers show as text. Not what they save (calendars, contacts, tables), show in another way (XML), or take in
 * as a part of a page (style sheets, scripts).
 */
const textType =
  /^\s*text\/(?!(?:html|xml|css|javascript|rtf|tab-separated-values|(?:x-)?(?:csv|v?calendar|vcard|vcf))\s*(?:;|$)|vnd\.)/i
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
  if (textType.test(contentType)) return 'text'
  return jsonType.test(contentType) ? 'json' : undefined
}

/**
 * Whether a reply is a file of ours, which may be asked for a second time, and which a page around it may show. A policy is
 * about pages: a browser shows any file by itself, but the page around it would be bound by the policy.
 */
function isWrappable({ status, relayed, validators, headers }: Reply): boolean {
  if (relayed === true || status !== 200 || validators === undefined) return false
  if (getField(headers, 'content-security-policy') !== undefined) return false
  return (getField(headers, 'x-frame-options') ?? 'sameorigin').trim().toLowerCase() === 'sameorigin'
}

/** Whether a kind is one that gets a page around it. */
export function isWrapped(kind: DocumentKind | WrappedKind): kind is WrappedKind {
  return kind === 'picture' || kind === 'text' || kind === 'json'
}

/** Destinations within a page, whose own client swaps the images there. */
const embedded: ReadonlySet<string | undefined> = new Set(['iframe', 'frame', 'embed', 'object'])

const optOut = /(?:^\??|&)serve8008=no-live(?:&|$)/

/**
 * Whether a reply is going to be a page of its own, and one that may reload itself. HTML that a script fetches is put
 * into a page, where another client would be in the way.
 *
 * What answers a form stays as it is, since a reload would send the form again. The address `?serve8008=no-live` and the
 * field `X-Serve8008: no-live` keep a page as it is. A range belongs to a file, not to a page. An SVG image is a page only
 * where it is not part of another; a file that gets a page around it is one where the browser says so itself.
 */
export function asksForPage(x: Exchange, kind: DocumentKind | WrappedKind): boolean {
  const { headers, method, target } = x
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headers.has('range') || optOut.test(target.query) || headers.get('x-serve8008') === 'no-live') return false
  if (kind === 'svg' && embedded.has(headers.get('sec-fetch-dest'))) return false
  if (!isWrapped(kind)) return isNavigation(headers)
  return headers.get('sec-fetch-dest') === 'document' && !isForOwnUse(headers, kind)
}

/**
 * Whether a browser that opens a file may need its very bytes. Firefox has a viewer for JSON, in a whole tab only. And
 * `<a download>` is a navigation too: Chromium gives it another destination, other browsers send what they send for any
 * link, which a page refers to.
 */
function isForOwnUse(headers: RequestHeaders, kind: WrappedKind): boolean {
  const browser = headers.get('user-agent') ?? ''
  if (kind === 'json' && browser.includes('Firefox/')) return true
  return headers.has('referer') && !/Chrom(?:e|ium)\//.test(browser)
}

const partFields: readonly string[] = ['Sec-Fetch-Dest']
const openedFields: readonly string[] = ['Sec-Fetch-Dest', 'User-Agent', 'Referer']

/** A reply whose `Vary` names the fields by which {@link asksForPage} decided. */
export function variedByPage(reply: Reply, { headers }: Exchange, kind: DocumentKind | WrappedKind): Reply {
  const fields = isWrapped(kind) ? wrappedFields(headers) : navigationFields(headers)
  const known = varied.get(fields)
  if (known !== undefined) return known(reply)
  const vary = memoizeReply((plain) => ({
    ...plain,
    headers: [...fields, 'X-Serve8008'].reduce(withVary, plain.headers),
  }))
  varied.set(fields, vary)
  return vary(reply)
}

function wrappedFields(headers: RequestHeaders): readonly string[] {
  return headers.get('sec-fetch-dest') === 'document' ? openedFields : partFields
}

const varied = new Map<readonly string[], (reply: Reply) => Reply>()
