import { ServeError } from '../../core/serve-error.ts'
import type { HeaderList } from '../../http/message/headers.ts'
import { toUpstreamUrl, type UrlMapping } from '../url-rewrite.ts'

/**
 * Maps the URLs in a WebDAV request to the upstream's view: `Destination` of COPY and MOVE, and the resource tags of `If`
 * (RFC 4918 sections 10.3 and 10.4). The upstream rejects URLs of other servers.
 *
 * @param copies Whether the method is COPY or MOVE, for which `Destination` is a URL.
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
 * Checks the `Destination` of a COPY or MOVE. Two would let the proxy check one, and the upstream take the other.
 *
 * @throws ServeError 400 for two fields, and for what no URL of a resource holds (RFC 4918 section 8.3); 502 for a URL outside of the route (RFC 4918 section 9.8.5).
 */
export function checkDestination(headers: HeaderList, mapping: UrlMapping): void {
  const values = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'destination')
  const [value] = values
  if (value === undefined) return
  if (values.length > 1) {
    throw new ServeError('E8008_MALFORMED', 'The request has two Destination fields.', {
      hint: 'send one, with the URL of the copy',
    })
  }
  if (toUpstreamUrl(value, mapping) !== undefined) {
    if (!/[\0-\x20\x7f#]/.test(value)) return
    throw new ServeError('E8008_MALFORMED', 'The Destination field holds a blank, a control character or a fragment.', {
      hint: 'send a URL without a fragment, with %20 for a blank',
    })
  }
  const { scheme, authority, prefix } = mapping.client
  throw new ServeError('E8008_UPSTREAM_FORBIDDEN', 'The Destination field names a URL outside of the route.', {
    hint: `copy or move to a URL below ${scheme}://${authority}${prefix}/`,
  })
}

/** Only tags outside of lists are URLs of resources. Inside, `<…>` is a lock token and `[…]` an entity tag. */
const parts = /\((?:[^()"]|"[^"]*")*\)|<([^<>]*)>/g
/**
 * Lists, each with an optional tag before it (RFC 4918 section 10.4.2). Any other `If` stays as it is. Each alternative
 * begins with a different character, so that matching takes linear time.
 */
const lists = /^\s*(?:(?:<[^<>]*>\s*)?\((?:[^()"]|"[^"]*")*\)\s*)+$/

function rewriteIf(value: string, mapping: UrlMapping): string {
  if (!lists.test(value)) return value
  return value.replace(parts, (part, tag?: string) =>
    tag === undefined ? part : `<${toUpstreamUrl(tag, mapping) ?? tag}>`,
  )
}
