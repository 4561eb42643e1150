import { hexHash } from '../../core/util/hash.ts'
import { digestFields } from '../../http/message/field-classes.ts'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Body, Reply } from '../../http/message/reply.ts'

/** Fields that are wrong after the bytes have changed (digests: RFC 9530 and RFC 1864). */
const changedFields: ReadonlySet<string> = new Set([...digestFields, 'content-encoding', 'content-length', 'etag'])

/**
 * Makes the reply of a page whose bytes have changed.
 *
 * Its entity-tag differs from that of the unchanged page, so each is revalidated separately. It is the only validator: the
 * date of a file is the same with and without the script, so a page from another server on this port, or from a time
 * without live reload, must not be revalidated by its date.
 *
 * @param tag The inserted markup, whose hash becomes part of the entity-tag.
 */
export function injectedReply(reply: Reply, headers: HeaderList, body: Body, tag: string): Reply {
  const isWhole = body instanceof Uint8Array
  const before = reply.validators?.etag ?? getField(headers, 'etag')
  const etag = before === undefined ? undefined : liveEntityTag(before, tag, isWhole)
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (changedFields.has(name) || (name === 'accept-ranges' && !isWhole)) continue
    // Without an entity-tag a fetched copy without the script would be revalidated by the date of the page.
    if (name === 'last-modified' && etag === undefined) continue
    kept.push(headers[i] as string, headers[i + 1] as string)
  }
  if (etag !== undefined) kept.push('ETag', etag)
  const hasValidator = reply.validators !== undefined && etag !== undefined
  // A decoded reply may be compressed again. Any other relayed reply keeps the coding of the upstream.
  const isDecoded = getField(headers, 'content-encoding') !== undefined
  const relayed = isDecoded ? {} : { relayed: reply.relayed }
  const { relayed: _, ...rest } = reply
  return { ...rest, ...relayed, headers: kept, body, validators: hasValidator ? { etag } : undefined }
}

/** Strong only when the whole content is in memory. Undefined if the value is not an entity-tag. */
function liveEntityTag(etag: string, tag: string, isWhole: boolean): string | undefined {
  const strong = etag.startsWith('W/') ? etag.slice(2) : etag
  if (!/^"[^"]*"$/.test(strong)) return undefined
  return `${isWhole && strong === etag ? '' : 'W/'}${strong.slice(0, -1)}-live${hexHash(tag)}"`
}
