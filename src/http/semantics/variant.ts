import { withField, type HeaderList } from '../message/headers.ts'
import type { Reply } from '../message/reply.ts'

/**
 * The entity-tag of another representation (RFC 9110 section 8.8.3.3). With the same tag, a browser that has cached one
 * representation would get a 304 for the other, and use the cached one with its type and coding.
 */
export function variantTag(etag: string, mark: string): string {
  return `${etag.slice(0, -1)}-${mark}"`
}

/** A reply as another representation of the same bytes: with other fields and another tag. */
export function variantOf(reply: Reply, headers: HeaderList, mark: string): Reply {
  const { validators } = reply
  if (validators?.etag === undefined) return { ...reply, headers }
  const etag = variantTag(validators.etag, mark)
  return { ...reply, headers: withField(headers, 'ETag', etag), validators: { ...validators, etag } }
}
