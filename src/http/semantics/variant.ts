import { withField, type HeaderList } from '../message/headers.ts'
import type { Reply } from '../message/reply.ts'

/**
 * The entity-tag of another representation (RFC 9110 section 8.8.3.3). A browser that holds one asks with its tag for
 * the other, and takes a 304 as leave to use what it holds, type and coding included.
 */
export function variantTag(etag: string, mark: string): string {
  return `${etag.slice(0, -1)}-${mark}"`
}

/** A reply as another representation of the same bytes: with other fields, and a tag of its own. */
export function variantOf(reply: Reply, headers: HeaderList, mark: string): Reply {
  const { validators } = reply
  if (validators?.etag === undefined) return { ...reply, headers }
  const etag = variantTag(validators.etag, mark)
  return { ...reply, headers: withField(headers, 'ETag', etag), validators: { ...validators, etag } }
}
