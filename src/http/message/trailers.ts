import { headerOnlyFields } from './field-classes.ts'
import { plainSpelling, type HeaderList } from './headers.ts'

/** RFC 9530 section 2, and the field that it replaces. */
const digests: ReadonlySet<string> = new Set(['content-digest', 'content-md5'])

/** All of `Content-…` describe the form of the content, except digests, which are known only at its end. */
function isHeaderOnly(name: string): boolean {
  const plain = plainSpelling(name.toLowerCase())
  return headerOnlyFields.has(plain) || (plain.startsWith('content-') && !digests.has(plain))
}

/** The pairs of a trailer section that may be sent. */
export function trailerPairs(trailers: HeaderList): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (!isHeaderOnly(name)) pairs.push([name, trailers[i + 1] as string])
  }
  return pairs
}
