import type { DocumentKind } from '../page-request.ts'
import { readToken, skipSpace } from './markup.ts'

/** What a text ends with: the document, or what we look at of it. Undefined when more may come. */
export type TextEnd = 'document' | 'limit' | undefined

/** Looks for the place in a text that begins as the one before did: an index, `more` or `none`. */
export type FindInsertionPoint = (text: string, end: TextEnd) => number | 'more' | 'none'

/**
 * Makes a search for the place where a script goes that is to run before all others: behind `<head>`, else behind
 * `<html>`, else before the first thing that makes an element (its head is implied, HTML standard section 13.2.6.4).
 * What stands before that is white space, a doctype and comments, so nothing of the document's content is ever looked
 * at. XHTML implies nothing: there it has to be `<head>`, and in an SVG image the root.
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
    // Before the limit a doctype may follow: a script in front of it would change how the page is shown.
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

/** Length of a byte order mark, of which each byte of UTF-8 is a character here. */
function markLength(text: string): number {
  return text.startsWith('\ufeff') ? 1 : text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0
}
