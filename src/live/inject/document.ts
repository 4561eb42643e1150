import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Reply } from '../../http/message/reply.ts'
import { isDecodable } from './decoder.ts'
import { documentKind, type DocumentKind, type WrappedKind } from '../page-request.ts'

const withoutContent: ReadonlySet<number> = new Set([204, 205, 206, 304])

/**
 * What kind of document a reply is: whole, in a coding that we can undo, and meant to be shown. Of relayed ones those that
 * a route offers. Undefined for every other reply.
 */
export function replyKind(reply: Reply): DocumentKind | WrappedKind | undefined {
  const { status, headers, takeover, relayed, injectable } = reply
  if (relayed === true && injectable !== true) return undefined
  if (status < 200 || withoutContent.has(status) || takeover !== undefined) return undefined
  const kind = documentKind(reply)
  if (kind === undefined) return undefined
  const coding = codingOf(headers)
  if (coding !== undefined && !isDecodable(coding)) return undefined
  return /^\s*attachment/i.test(getField(headers, 'content-disposition') ?? '') ? undefined : kind
}

/** The coding that content is in; undefined for none. */
export function codingOf(headers: HeaderList): string | undefined {
  const coding = getField(headers, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}
