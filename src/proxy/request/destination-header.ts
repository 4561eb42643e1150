import type { HeaderList } from '../../http/message/headers.ts'
import { toUpstreamUrl, type UrlMapping } from '../url-rewrite.ts'

/**
 * Shows a WebDAV backend its own URLs in a request: `Destination` of COPY and MOVE, and the resource tags of `If`
 * (RFC 4918 sections 10.3 and 10.4), which it would refuse as another server's.
 *
 * @param copies Whether `Destination` is such a URL.
 */
export function rewriteDestination(headers: HeaderList, mapping: UrlMapping, copies: boolean): HeaderList {
  let changed: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (name !== 'if' && !(copies && name === 'destination')) continue
    const value = headers[i + 1] as string
    const mapped = name === 'if' ? rewriteIf(value, mapping) : (toUpstreamUrl(value, mapping) ?? value)
    if (mapped === value) continue
    changed ??= [...headers]
    changed[i + 1] = mapped
  }
  return changed ?? headers
}

/**
 * Whether a request wants to write outside of its route. The answer is a 502 (RFC 4918 section 9.8.5), whatever the
 * backend would make of it.
 */
export function leavesRoute(headers: HeaderList, mapping: UrlMapping): boolean {
  return headers.some((name, i) => {
    if (i % 2 === 1 || name.toLowerCase() !== 'destination') return false
    return toUpstreamUrl(headers[i + 1] as string, mapping) === undefined
  })
}

/** Only tags outside the lists are resources: within them, `<…>` is a lock token and `[…]` an entity tag. */
const parts = /\((?:[^()"]|"[^"]*")*\)|<([^<>]*)>/g
/**
 * Lists, each with a tag or none before it (RFC 4918 section 10.4.2). Another `If` is no business of ours. No text can be
 * read in two ways here: each piece begins with a character of its own, so that matching takes time in proportion.
 */
const lists = /^\s*(?:(?:<[^<>]*>\s*)?\((?:[^()"]|"[^"]*")*\)\s*)+$/

function rewriteIf(value: string, mapping: UrlMapping): string {
  if (!lists.test(value)) return value
  return value.replace(parts, (part, tag?: string) =>
    tag === undefined ? part : `<${toUpstreamUrl(tag, mapping) ?? tag}>`,
  )
}
