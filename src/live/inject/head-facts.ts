import { headTags } from './head-tags.ts'

/** What the head of a document says about live reload. */
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

/** Reads the `<meta>` elements that browsers put into the head, as far as its text is at hand; elsewhere they have no effect. */
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
