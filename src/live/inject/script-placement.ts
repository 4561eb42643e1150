import { escapeHtml } from '../../core/util/escape.ts'
import { readHeadFacts } from './head-facts.ts'
import { createFindInsertionPoint, type TextEnd } from './insertion-point.ts'
import { judgePolicies, parsePolicies, type Policy } from './csp.ts'
import type { DocumentKind } from '../page-request.ts'
import type { PageOrigin } from './csp-source.ts'
import { decodeMarkup, detectEncoding, encodeMarkup, unitBytes, type TextEncoding } from './text-encoding.ts'

/** Bytes of a document that are looked at. */
export const headBytes: number = 64 * 1024

/** What is known of a page before its content. */
export interface Page {
  readonly kind: DocumentKind
  readonly contentType: string
  /** The policies of its header section. */
  readonly policies: readonly Policy[]
  readonly origin: PageOrigin
  /** Request path of the script, with its query. */
  readonly script: string
}

/** What becomes of a page. */
export interface Placement {
  /** Where the tag goes, in bytes; undefined when the page is left as it is. */
  readonly offset: number | undefined
  readonly tag: Buffer
  /** What its policies lack. */
  readonly missing: string | undefined
  /** Whether it depends on the policies, and so on the page's origin. */
  readonly isOriginBound: boolean
}

/** Looks at the beginning of a page, which may grow from call to call; `more` asks for more of it. */
export interface Place {
  (head: Uint8Array, end: undefined): Placement | 'more'
  (head: Uint8Array, end: Exclude<TextEnd, undefined>): Placement
}

const untouched: Placement = { offset: undefined, tag: Buffer.alloc(0), missing: undefined, isOriginBound: false }

/** The tag that loads the client; `async`, so that a page never waits for it. */
export function scriptTag(script: string, kind: DocumentKind, nonce: string | undefined): string {
  const proof = nonce === undefined ? '' : ` nonce="${escapeHtml(nonce)}"`
  // A script of HTML runs in SVG too, and is not drawn.
  const space = kind === 'svg' ? ' xmlns="http://www.w3.org/1999/xhtml"' : ''
  return `<script${space} src="${escapeHtml(script)}"${proof} async=""></script>`
}

/** Path of the script without its query, as policies see it. */
export function scriptPath(script: string): string {
  return script.split('?', 1)[0] as string
}

/** Makes the decision about one page. */
export function createPlace(page: Page): Place {
  const find = createFindInsertionPoint(page.kind)
  let encoding: TextEncoding | undefined

  function place(head: Uint8Array, end: TextEnd): Placement | 'more' {
    // A byte order mark, or the beginning of an XML declaration in UTF-16.
    if (end === undefined && head.length < 4) return 'more'
    encoding ??= detectEncoding(head, page.contentType)
    const text = decodeMarkup(head, encoding)
    const point = find(text, end)
    if (point === 'more') return 'more'
    if (point === 'none') return untouched
    const facts = readHeadFacts(text, page.kind !== 'html')
    if (facts.isOptedOut) return untouched
    const policies = [...page.policies, ...facts.policies.flatMap(parsePolicies)]
    const { isAllowed, nonce, missing } = judgePolicies(policies, page.origin, scriptPath(page.script))
    return {
      offset: isAllowed ? point * unitBytes(encoding) : undefined,
      tag: encodeMarkup(scriptTag(page.script, page.kind, nonce), encoding),
      missing,
      isOriginBound: policies.length > 0,
    }
  }

  return place as Place
}
