import type { Exchange } from '../http/exchange.ts'
import { withVary } from '../http/headers.ts'
import { isNavigation, navigationFields } from '../http/navigation.ts'
import { remember } from '../http/remember.ts'
import type { Reply } from '../http/reply.ts'

/** A kind of document in which a script can be. */
export type DocumentKind = 'html' | 'xhtml' | 'svg'

const documentType = /^\s*(?:text\/(html)|application\/(xhtml)\+xml|image\/(svg)\+xml)\s*(?:;|$)/i
const pictureType = /^\s*image\/(?:apng|avif|bmp|gif|jpeg|png|webp)\s*(?:;|$)/i

/** The kind of document by its `Content-Type`: a picture can get a page around it. Undefined for anything else. */
export function documentKind(contentType: string | undefined): DocumentKind | 'picture' | undefined {
  const match = documentType.exec(contentType ?? '')
  if (match === null) return pictureType.test(contentType ?? '') ? 'picture' : undefined
  return ((match[1] ?? match[2] ?? match[3]) as string).toLowerCase() as DocumentKind
}

/** Destinations within a page, whose own client swaps the images there. */
const embedded: ReadonlySet<string | undefined> = new Set(['iframe', 'frame', 'embed', 'object'])

const refusal = /(?:^\??|&)serve8008=no-live(?:&|$)/

/**
 * Whether a reply is going to be a page of its own, and one that may reload itself. HTML that a script fetches is put
 * into a page, where another client would be in the way.
 *
 * What answers a form stays as it is, since a reload would send the form again. The address `?serve8008=no-live` and the
 * field `X-Serve8008: no-live` keep a page as it is. A range belongs to a file, not to a page. An SVG image is a page only
 * where it is not part of another, and any other picture where the browser says so itself.
 */
export function asksForPage(x: Exchange, kind: DocumentKind | 'picture'): boolean {
  const { headers, method, target } = x
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headers.has('range') || refusal.test(target.query) || headers.get('x-serve8008') === 'no-live') return false
  if (kind === 'svg' && embedded.has(headers.get('sec-fetch-dest'))) return false
  return kind === 'picture' ? headers.get('sec-fetch-dest') === 'document' : isNavigation(headers)
}

/** A reply whose `Vary` names the fields by which {@link asksForPage} decided. */
export function variedByPage(reply: Reply, { headers }: Exchange): Reply {
  const fields = navigationFields(headers)
  const known = varied.get(fields)
  if (known !== undefined) return known(reply)
  const vary = remember((plain) => ({ ...plain, headers: [...fields, 'X-Serve8008'].reduce(withVary, plain.headers) }))
  varied.set(fields, vary)
  return vary(reply)
}

const varied = new Map<readonly string[], (reply: Reply) => Reply>()
