import { getField, type HeaderList } from '../http/headers.ts'
import type { Reply } from '../http/reply.ts'
import { isDecodable } from './decoder.ts'
import { documentKind, type DocumentKind } from './page-request.ts'

const withoutContent: ReadonlySet<number> = new Set([204, 205, 206, 304])

/**
 * What kind of document a reply is: whole, in a coding that we can undo, and meant to be shown. Of relayed ones those that
 * a route offers, and of pictures our own. Undefined for every other reply.
 */
export function replyKind({
  status,
  headers,
  takeover,
  relayed,
  injectable,
}: Reply): DocumentKind | 'picture' | undefined {
  if (relayed === true && injectable !== true) return undefined
  if (status < 200 || withoutContent.has(status) || takeover !== undefined) return undefined
  const kind = documentKind(getField(headers, 'content-type'))
  if (kind === undefined || (kind === 'picture' && !isOwnPicture(relayed, status, headers))) return undefined
  const coding = codingOf(headers)
  if (coding !== undefined && !isDecodable(coding)) return undefined
  return /^\s*attachment/i.test(getField(headers, 'content-disposition') ?? '') ? undefined : kind
}

/** A policy is about pages, and lets a browser show any picture by itself; the page around it may not show it then. */
function isOwnPicture(relayed: boolean | undefined, status: number, headers: HeaderList): boolean {
  return relayed !== true && status === 200 && getField(headers, 'content-security-policy') === undefined
}

/** The coding that content is in; undefined for none. */
export function codingOf(headers: HeaderList): string | undefined {
  const coding = getField(headers, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}
