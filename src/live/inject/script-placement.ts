import { escapeHtml } from '../../core/util/escape.ts'
import { readHeadFacts } from './head-tags.ts'
import { judgePolicies, parsePolicies, type Policy, type PageOrigin } from './csp.ts'
import type { DocumentKind } from '../page-request.ts'
import {
  decodeMarkup,
  detectEncoding,
  encodeMarkup,
  unitBytes,
  type TextEncoding,
} from '../../http/body/text-encoding.ts'
import { readToken, skipSpace } from './markup.ts'

/** Most bytes of a document that are searched for the place of the script. */
export const scannedBytes: number = 64 * 1024

/** Facts about a page that do not need its content. */
export interface PageFacts {
  readonly kind: DocumentKind
  readonly contentType: string
  /** The policies of its header section. */
  readonly policies: readonly Policy[]
  readonly origin: PageOrigin
  /** Request path of the script, with its query. */
  readonly script: string
}

/** Where the tag goes in a page, if it does. */
export interface Placement {
  /** Offset of the tag in bytes; undefined when the page stays unchanged. */
  readonly offset: number | undefined
  readonly tag: Buffer
  /** The sources that its policies lack; undefined when they lack none. */
  readonly missing: string | undefined
  /** Whether the decision depends on policies, and so on the origin of the page. */
  readonly isOriginBound: boolean
}

/** Finds the place in the first bytes of a page, which grow from call to call. `more` asks for more bytes. */
export interface ScriptPlacer {
  (head: Uint8Array, end: undefined): Placement | 'more'
  (head: Uint8Array, end: Exclude<TextEnd, undefined>): Placement
}

const untouched: Placement = { offset: undefined, tag: Buffer.alloc(0), missing: undefined, isOriginBound: false }

/** The tag that loads the client. It is `async`, so the page does not wait for it. */
export function scriptTag(script: string, kind: DocumentKind, nonce: string | undefined): string {
  const proof = nonce === undefined ? '' : ` nonce="${escapeHtml(nonce)}"`
  // A script element of HTML runs in SVG too, and is not drawn.
  const space = kind === 'svg' ? ' xmlns="http://www.w3.org/1999/xhtml"' : ''
  return `<script${space} src="${escapeHtml(script)}"${proof} async=""></script>`
}

/** Path of the script without its query, as policies match it. */
export function scriptPath(script: string): string {
  return script.split('?', 1)[0] as string
}

/** Makes the search for one page. */
export function createScriptPlacer(page: PageFacts): ScriptPlacer {
  const find = createFindInsertionPoint(page.kind)
  let encoding: TextEncoding | undefined

  function place(head: Uint8Array, end: TextEnd): Placement | 'more' {
    // The encoding needs four bytes: a byte order mark, or the start of an XML declaration in UTF-16.
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

  return place as ScriptPlacer
}

/** Why a text ends: at the end of the document, or at the limit of the search. Undefined when more may come. */
export type TextEnd = 'document' | 'limit' | undefined

/** Continues the search in a text that extends the one of the last call: an index, `more` or `none`. */
export type FindInsertionPoint = (text: string, end: TextEnd) => number | 'more' | 'none'

/**
 * Makes a search for the place of a script that runs before all others: after `<head>`, else after `<html>`, else before
 * the first token that makes an element (its head is implied, HTML standard section 13.2.6.4). Only white space, a
 * doctype and comments come before that place, so the search never reads the content. XHTML implies no elements: there
 * it must be after `<head>`, and in an SVG image after the root.
 */
export function createFindInsertionPoint(kind: DocumentKind): FindInsertionPoint {
  const isXml = kind !== 'html'
  let position = 0
  let afterHtml: number | undefined

  function before(place: number): number | 'none' {
    return isXml ? 'none' : (afterHtml ?? place)
  }

  function atEnd(text: string, end: TextEnd): number | 'more' | 'none' {
    if (end === undefined) return 'more'
    // A doctype may follow after the limit. A script before it would switch the page to quirks mode.
    if (end === 'document' && position === text.length) return before(position)
    return afterHtml === undefined ? 'none' : before(afterHtml)
  }

  return (text, end) => {
    if (position === 0) position = markLength(text)
    for (;;) {
      position = skipSpace(text, position)
      const token = readToken(text, position, isXml)
      if (token === undefined) return atEnd(text, end)
      if (token.kind === 'other') return before(position)
      if (token.kind === 'tag') {
        const { name, isClosed } = token.tag
        const element = isXml ? name : name.toLowerCase()
        const isEmpty = isXml && isClosed
        if (kind === 'svg') return /^(?:[^:]*:)?svg$/.test(name) && !isEmpty ? token.end : 'none'
        if (element === 'head' && !isEmpty) return token.end
        if (element !== 'html' || isEmpty || afterHtml !== undefined) return before(position)
        afterHtml = token.end
      }
      position = token.end
    }
  }
}

/** Length of a byte order mark: one character, or three where each byte of UTF-8 is read as one character. */
function markLength(text: string): number {
  return text.startsWith('\ufeff') ? 1 : text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0
}
