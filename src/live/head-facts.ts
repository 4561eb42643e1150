import { readToken, type Tag } from './markup.ts'

/** What the head of a document says about live reload. */
export interface HeadFacts {
  /** `<meta name="serve8008" content="no-live">`. */
  readonly isOptedOut: boolean
  /** Contents of `<meta http-equiv="Content-Security-Policy">`. */
  readonly policies: readonly string[]
}

/** Elements whose content is text, or no part of the document. */
const opaque: ReadonlySet<string> = new Set(['script', 'style', 'title', 'noscript', 'template'])
const transparent: ReadonlySet<string> = new Set(['html', 'head', 'meta', 'link', 'base'])

const entities: Readonly<Record<string, string>> = {
  '&#39;': "'",
  '&#x27;': "'",
  '&apos;': "'",
  '&quot;': '"',
  '&#34;': '"',
  '&amp;': '&',
}

/** Reads the `<meta>` elements of a head as far as its text is at hand; elsewhere they have no effect. */
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

function* headTags(text: string, isXml: boolean): Generator<Tag> {
  for (let position = text.indexOf('<'); position !== -1; position = text.indexOf('<', position)) {
    const token = readToken(text, position, isXml)
    if (token === undefined) return
    if (token.kind === 'other') {
      if (/^<\/(?:head|body)/i.test(text.slice(position, position + 6))) return
      position++
      continue
    }
    position = token.end
    if (token.kind === 'skipped') continue
    const name = token.tag.name.toLowerCase()
    if (transparent.has(name)) yield token.tag
    else if (!opaque.has(name)) return
    else if (!(isXml && token.tag.isClosed)) position = endOf(name, text, position)
  }
}

function endOf(name: string, text: string, from: number): number {
  const pattern = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : text.length
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#39|#x27|apos|quot|#34|amp);/gi, (entity) => entities[entity.toLowerCase()] as string)
}
