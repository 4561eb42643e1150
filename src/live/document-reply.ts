import { getField, type HeaderList } from '../http/headers.ts'
import type { Reply } from '../http/reply.ts'
import { isDecodable } from './decoder.ts'

const documentType = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i
const withoutContent: ReadonlySet<number> = new Set([204, 205, 206, 304])

/** Whether a reply is an HTML document, whole, in a coding that we can undo, and meant to be shown. Of relayed ones those that a route offers. */
export function isDocument({ status, headers, takeover, relayed, injectable }: Reply): boolean {
  if (relayed === true && injectable !== true) return false
  if (status < 200 || withoutContent.has(status) || takeover !== undefined) return false
  if (!documentType.test(getField(headers, 'content-type') ?? '')) return false
  const coding = codingOf(headers)
  if (coding !== undefined && !isDecodable(coding)) return false
  return !/^\s*attachment/i.test(getField(headers, 'content-disposition') ?? '')
}

/** The coding that content is in; undefined for none. */
export function codingOf(headers: HeaderList): string | undefined {
  const coding = getField(headers, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}
