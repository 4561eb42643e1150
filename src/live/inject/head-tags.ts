import { readToken, type Tag } from './markup.ts'

/** Elements of a head, and those around it. Browsers accept them after `</head>` too. */
const transparent: ReadonlySet<string> = new Set(['html', 'head', 'meta', 'link', 'base', 'basefont', 'bgsound'])
/** Elements of a head whose content is text. */
const opaque: ReadonlySet<string> = new Set(['script', 'style', 'title', 'noframes', 'noscript'])
/** Elements with text content inside a template, which may also hold elements of a body. */
const opaqueBelow: ReadonlySet<string> = new Set([...opaque, 'textarea', 'xmp', 'iframe', 'noembed'])

/** White space, literal or as character references, and NUL, which browsers drop. */
const blank = /(?:[\t\n\f\r \0]|&#(?:0*(?:9|10|12|13|32)|x0*(?:9|a|c|d|20))(?![\da-f]);?|&(?:Tab|NewLine);)+/iy

/**
 * The start tags of a head, up to the first token of the body. HTML also puts elements of a head between `</head>` and
 * the body into the head, and ignores most end tags there (HTML standard sections 13.2.6.4.4 and 13.2.6.4.6). In XML a
 * head ends at its end tag.
 */
function headTags(text: string, isXml: boolean): Generator<Tag> {
  return isXml ? xmlTags(text) : htmlTags(text)
}

function* xmlTags(text: string): Generator<Tag> {
  for (let position = text.indexOf('<'); position !== -1; position = text.indexOf('<', position)) {
    const token = readToken(text, position, true)
    if (token === undefined) return
    if (token.kind === 'other') {
      if (/^<\/(?:head|body)/i.test(text.slice(position, position + 6))) return
      position++
      continue
    }
    position = token.end
    if (token.kind === 'skipped') continue
    const { tag } = token
    const name = tag.name.toLowerCase()
    if (transparent.has(name)) yield tag
    else if (!opaque.has(name) && name !== 'template') return
    else if (!tag.isClosed) position = endOf(name, text, position)
  }
}

function* htmlTags(text: string): Generator<Tag> {
  let isBehind = false
  /** Number of open templates. Their content is not part of the document, and does not end the head. */
  let depth = 0
  // A byte order mark: one character, or three where each byte of UTF-8 is read as one character.
  let position = /^(?:\ufeff|\u00ef\u00bb\u00bf)?/.exec(text)?.[0].length ?? 0
  for (;;) {
    position = depth > 0 ? text.indexOf('<', position) : skipBlank(text, position)
    const token = position === -1 ? undefined : readToken(text, position, false)
    if (token === undefined) return
    if (token.kind === 'other') {
      const end = endTag(text, position)
      if (end === undefined) {
        // Text.
        if (depth === 0) return
        position++
        continue
      }
      if (end === 'template') depth = Math.max(0, depth - 1)
      else if (depth === 0 && ['body', 'html', 'br'].includes(end)) return
      else if (depth === 0 && end === 'head') isBehind = true
      position = behind(text, position)
      continue
    }
    position = token.end
    if (token.kind === 'skipped') continue
    const name = token.tag.name.toLowerCase()
    if (name === 'template') depth++
    else if ((depth > 0 ? opaqueBelow : opaque).has(name)) {
      // After the head `<noscript>` starts the body.
      if (depth === 0 && isBehind && name === 'noscript') return
      position = name === 'script' ? endOfScript(text, position) : endOf(name, text, position)
    } else if (depth === 0) {
      if (!transparent.has(name)) return
      yield token.tag
    }
  }
}

function skipBlank(text: string, position: number): number {
  blank.lastIndex = position
  return blank.test(text) ? blank.lastIndex : position
}

/** Name of the end tag at a position, in lower case. */
function endTag(text: string, position: number): string | undefined {
  return /^<\/([a-z][^\t\n\f\r />]*)/i.exec(text.slice(position, position + 32))?.[1]?.toLowerCase()
}

/** The position after the next `>`. */
function behind(text: string, from: number): number {
  const end = text.indexOf('>', from)
  return end === -1 ? text.length : end + 1
}

function endOf(name: string, text: string, from: number): number {
  const pattern = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  pattern.lastIndex = from
  return pattern.test(text) ? behind(text, pattern.lastIndex) : text.length
}

/** In a script, `<script` after `<!--` needs its own end tag (HTML standard section 13.2.5.26). */
function endOfScript(text: string, from: number): number {
  const mark = /<!--|-->|<(\/?)script(?=[\s/>])/gi
  mark.lastIndex = from
  let state: 'plain' | 'comment' | 'nested' = 'plain'
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const isEnd = found[1] === '/'
    if (found[0] === '<!--') {
      if (state === 'plain') state = 'comment'
      // `<!-->` is a complete comment.
      mark.lastIndex -= 2
    } else if (found[0] === '-->') state = 'plain'
    else if (isEnd && state !== 'nested') return behind(text, mark.lastIndex)
    else if (isEnd) state = 'comment'
    else if (state === 'comment') state = 'nested'
  }
  return text.length
}

/** What the `<meta>` elements of a document say about live reload. */
export interface HeadFacts {
  /** `<meta name="serve8008" content="no-live">`. */
  readonly isOptedOut: boolean
  /** Contents of `<meta http-equiv="Content-Security-Policy">`. */
  readonly policies: readonly string[]
}

const entities: Readonly<Record<string, string>> = {
  '&#39;': "'",
  '&#x27;': "'",
  '&apos;': "'",
  '&quot;': '"',
  '&#34;': '"',
  '&amp;': '&',
}

/** Reads the `<meta>` elements of the head, as far as the text reaches. Elsewhere they have no effect. */
export function readHeadFacts(text: string, isXml: boolean): HeadFacts {
  let isOptedOut = false
  const policies: string[] = []
  for (const { name, attributes } of headTags(text, isXml)) {
    if (name.toLowerCase() !== 'meta') continue
    const content = decodeEntities(attributes.get('content') ?? '')
    if (attributes.get('name')?.toLowerCase() === 'serve8008') isOptedOut ||= content.trim().toLowerCase() === 'no-live'
    if (attributes.get('http-equiv')?.toLowerCase() === 'content-security-policy') policies.push(content)
  }
  return { isOptedOut, policies }
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#39|#x27|apos|quot|#34|amp);/gi, (entity) => entities[entity.toLowerCase()] as string)
}
