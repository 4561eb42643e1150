/** A token of markup, in the detail that the head of a document needs. */
export type Token =
  /** A comment, a doctype or a processing instruction, which makes no element. */
  | { readonly kind: 'skipped'; readonly end: number }
  | { readonly kind: 'tag'; readonly end: number; readonly tag: Tag }
  /** Text or an end tag. */
  | { readonly kind: 'other' }

/** A start tag. */
export interface Tag {
  /** As written. */
  readonly name: string
  /** By name in lower case. The first attribute of a name counts. */
  readonly attributes: ReadonlyMap<string, string>
  /** Whether it ends with `/>`. */
  readonly isClosed: boolean
}

const skipped = (end: number): Token => ({ kind: 'skipped', end })
const other: Token = { kind: 'other' }

/** White space of HTML; XML has no form feed. */
const space = /[\t\n\f\r ]/
const letter = /[a-z]/i

/** The first position from `position` on that is not white space. */
export function skipSpace(text: string, position: number): number {
  while (position < text.length && space.test(text[position] as string)) position++
  return position
}

/**
 * Reads the token at a position as a browser does (HTML standard section 13.2.5). Undefined when the text ends before the
 * token does.
 */
export function readToken(text: string, start: number, isXml: boolean): Token | undefined {
  if (start >= text.length) return undefined
  if (text[start] !== '<') return other
  const next = text[start + 1]
  if (next === undefined) return undefined
  if (next === '!') return readDeclaration(text, start, isXml)
  if (next === '?') return upTo(text, isXml ? '?>' : '>', start)
  if (next === '/') return isXml ? other : readEnd(text, start)
  return letter.test(next) ? readTag(text, start) : other
}

function upTo(text: string, mark: string, from: number): Token | undefined {
  const found = text.indexOf(mark, from)
  return found === -1 ? undefined : skipped(found + mark.length)
}

function readDeclaration(text: string, start: number, isXml: boolean): Token | undefined {
  if (text.startsWith('<!--', start)) return readComment(text, start + 4)
  if ('<!--'.startsWith(text.slice(start))) return undefined
  const end = text.indexOf('>', start)
  const subset = isXml ? text.indexOf('[', start) : -1
  if (subset === -1 || (end !== -1 && end < subset)) return end === -1 ? undefined : skipped(end + 1)
  return match(/\]\s*>/g, text, subset)
}

/** `<!-->` and `<!--->` are complete comments, and `--!>` also ends one. */
function readComment(text: string, start: number): Token | undefined {
  if (text.startsWith('>', start)) return skipped(start + 1)
  if (text.startsWith('->', start)) return skipped(start + 2)
  return match(/--!?>/g, text, start)
}

function match(pattern: RegExp, text: string, from: number): Token | undefined {
  pattern.lastIndex = from
  return pattern.test(text) ? skipped(pattern.lastIndex) : undefined
}

/** `</` before anything but a letter starts a comment. Browsers drop `</>`. */
function readEnd(text: string, start: number): Token | undefined {
  const next = text[start + 2]
  if (next === undefined) return undefined
  return letter.test(next) ? other : upTo(text, '>', start)
}

function readTag(text: string, start: number): Token | undefined {
  let position = seek(text, start + 1, /[\t\n\f\r />]/g)
  const name = text.slice(start + 1, position)
  const attributes = new Map<string, string>()
  for (;;) {
    position = skipSpace(text, position)
    const character = text[position]
    if (character === undefined) return undefined
    if (character === '>') {
      const tag = { name, attributes, isClosed: text[position - 1] === '/' }
      return { kind: 'tag', end: position + 1, tag }
    }
    if (character === '/') position++
    else position = readAttribute(text, position, attributes)
  }
}

/** Reads an attribute into a map. Returns its end, or the end of the text when the attribute is incomplete. */
function readAttribute(text: string, start: number, attributes: Map<string, string>): number {
  // An equals sign as the first character is part of the name.
  const nameEnd = seek(text, start + 1, /[\t\n\f\r />=]/g)
  const name = text.slice(start, nameEnd).toLowerCase()
  const set = (value: string): void => void (attributes.has(name) || attributes.set(name, value))
  const equals = skipSpace(text, nameEnd)
  if (text[equals] !== '=') {
    set('')
    return nameEnd
  }
  const valueStart = skipSpace(text, equals + 1)
  const quote = text[valueStart]
  if (quote === '>') return valueStart
  if (quote === '"' || quote === "'") {
    const close = text.indexOf(quote, valueStart + 1)
    if (close === -1) return text.length
    set(text.slice(valueStart + 1, close))
    return close + 1
  }
  const end = seek(text, valueStart, /[\t\n\f\r >]/g)
  set(text.slice(valueStart, end))
  return end
}

function seek(text: string, from: number, pattern: RegExp): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex - 1 : text.length
}
