import { hexHash } from '../../core/util/hash.ts'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Body, Reply } from '../../http/message/reply.ts'

/** Fields that are wrong once the bytes have changed (RFC 9530 and RFC 1864 for the digests). */
const changedFields: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'etag',
  'repr-digest',
])

/**
 * The reply of a page whose bytes have changed.
 *
 * Its entity-tag differs from that of the page as it is, so each is renewed by itself. It is the only validator: a date
 * says nothing of the script, so a page that some other server gave out on this port, or we did while live reload was
 * off, must not be renewed by its date alone.
 *
 * @param tag What was put in: it makes the entity-tag.
 */
export function injectedReply(reply: Reply, headers: HeaderList, body: Body, tag: string): Reply {
  const isWhole = body instanceof Uint8Array
  const before = reply.validators?.etag ?? getField(headers, 'etag')
  const etag = before === undefined ? undefined : liveEntityTag(before, tag, isWhole)
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (changedFields.has(name) || (name === 'accept-ranges' && !isWhole)) continue
    // Alone it would let a fetched copy, which is as it was, be renewed by the page's date.
    if (name === 'last-modified' && etag === undefined) continue
    kept.push(headers[i] as string, headers[i + 1] as string)
  }
  if (etag !== undefined) kept.push('ETag', etag)
  const hasValidator = reply.validators !== undefined && etag !== undefined
  // What was decoded may be coded again on its way out; else a relayed reply stays as it was sent.
  const isDecoded = getField(headers, 'content-encoding') !== undefined
  const relayed = isDecoded ? {} : { relayed: reply.relayed }
  const { relayed: _, ...rest } = reply
  return { ...rest, ...relayed, headers: kept, body, validators: hasValidator ? { etag } : undefined }
}

/** Strong only for bytes that are at hand. Undefined for what is no entity-tag. */
function liveEntityTag(etag: string, tag: string, isWhole: boolean): string | undefined {
  const strong = etag.startsWith('W/') ? etag.slice(2) : etag
  if (!/^"[^"]*"$/.test(strong)) return undefined
  return `${isWhole && strong === etag ? '' : 'W/'}${strong.slice(0, -1)}-live${hexHash(tag)}"`
}
