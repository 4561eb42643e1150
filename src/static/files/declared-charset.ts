import { isHtml } from '../../http/message/media-type.ts'
import { latin1, startsWith } from './first-bytes.ts'

/** Bytes in which browsers look for a declaration (HTML standard section 13.2.3.2, CSS Syntax section 3.2). */
const declarationBytes = 1024

/**
 * The encoding of a byte order mark, which takes precedence over every declaration (Encoding standard section 6).
 */
export function markedCharset(content: Uint8Array): string | undefined {
  if (startsWith(content, '\xef\xbb\xbf')) return 'utf-8'
  if (startsWith(content, '\xff\xfe')) return 'utf-16le'
  return startsWith(content, '\xfe\xff') ? 'utf-16be' : undefined
}

/**
 * The label of the encoding that a document declares: `<meta charset>` in HTML, `@charset` in CSS, the declaration of
 * XML.
 */
export function declaredCharset(type: string, content: Uint8Array): string | undefined {
  const start = latin1(content, 0, declarationBytes)
  if (isHtml(type)) return inMarkup(start)
  if (type === 'text/css') return /^@charset "([^"]*)";/.exec(start)?.[1]
  if (!isXml(type)) return undefined
  return /^<\?xml\s[^>]*?\sencoding\s*=\s*(?:"([^"]*)"|'([^']*)')/
    .exec(start)
    ?.slice(1)
    .find((label) => label !== undefined)
}

/** The name of an encoding by its label (Encoding standard); undefined if this Node does not know the label. */
export function charsetOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

function isXml(type: string): boolean {
  return /^(?:text|application)\/xml$|\+xml$|^application\/xml-dtd$/.test(type)
}

/**
 * One step of the prescan of browsers: a comment, a declaration, or a tag with its attributes. Quoted values may
 * contain `<` and `>`.
 */
const markup =
  /<!--(?:-?>|[^]*?(?:-->|$))|<(?:[!?]|\/(?![a-z]))[^>]*|<(\/?[a-z][^\s/>]*)((?:[\s/]*[^\s/>][^\s/>=]*(?:\s*=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"'>][^\s>]*))?)*)/gi
const attribute = /([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)))?/g

/** The label that browsers find by their prescan of the first 1024 bytes. */
function inMarkup(start: string): string | undefined {
  for (const [, tag, attributes = ''] of start.matchAll(markup)) {
    if (tag?.toLowerCase() !== 'meta') continue
    const values = new Map<string, string>()
    for (const [, given = '', ...quoted] of attributes.matchAll(attribute)) {
      const name = given.toLowerCase()
      if (!values.has(name)) values.set(name, quoted.find((value) => value !== undefined) ?? '')
    }
    const label = values.get('charset') ?? labelOfPragma(values)
    if (label !== undefined && label.trim() !== '') return label.trim()
  }
  return undefined
}

function labelOfPragma(values: ReadonlyMap<string, string>): string | undefined {
  if (values.get('http-equiv')?.toLowerCase() !== 'content-type') return undefined
  return /charset\s*=\s*["']?([^\s;"']+)/i.exec(values.get('content') ?? '')?.[1]
}
