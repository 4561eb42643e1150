import type { RequestHeaders } from '../message/headers.ts'
import { parseHttpDate } from '../message/date.ts'
import type { Validators } from '../message/reply.ts'

/** The result of preconditions: the reply itself, a 304 or a 412. */
export type PreconditionOutcome = 'proceed' | 'not-modified' | 'failed'

/**
 * Evaluates the preconditions of a request against the current representation, in the order of RFC 9110 section 13.2.2.
 * Several fields of one name are one list. An invalid date, or one of several, is ignored.
 */
export function evaluatePreconditions(
  method: string,
  headers: RequestHeaders,
  validators: Validators,
): PreconditionOutcome {
  if (method === 'CONNECT' || method === 'OPTIONS' || method === 'TRACE') return 'proceed'
  const { etag, modified } = validators

  const ifMatch = headers.get('if-match')
  if (ifMatch !== undefined) {
    if (!matchesEntityTag(ifMatch, etag, isStrongMatch)) return 'failed'
  } else {
    const since = dateField(headers, 'if-unmodified-since')
    if (since !== undefined && modified !== undefined && modified > since) return 'failed'
  }

  const reading = method === 'GET' || method === 'HEAD'
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== undefined) {
    if (!matchesEntityTag(ifNoneMatch, etag, isWeakMatch)) return 'proceed'
    return reading ? 'not-modified' : 'failed'
  }
  const since = reading ? dateField(headers, 'if-modified-since') : undefined
  return since !== undefined && modified !== undefined && modified <= since ? 'not-modified' : 'proceed'
}

/**
 * Whether `Range` applies (RFC 9110 section 13.1.5): without `If-Range`, or if that has the strong entity-tag or the
 * exact date of the current representation.
 *
 * @param now The current time in milliseconds.
 */
export function allowsRange(headers: RequestHeaders, validators: Validators, now: number = Date.now()): boolean {
  const condition = headers.get('if-range')
  if (condition === undefined) return true
  const { etag, modified } = validators
  if (condition.includes('"')) return etag !== undefined && isStrongMatch(condition, etag)
  // A date is a strong validator only after its second has passed (RFC 9110 section 8.8.2.2): until then the file can
  // change with the same date, and the parts would not fit together.
  return modified !== undefined && now - modified >= 1000 && parseHttpDate(condition, now) === modified
}

function dateField(headers: RequestHeaders, name: string): number | undefined {
  const value = headers.get(name)
  return value === undefined ? undefined : parseHttpDate(value)
}

/** One entity-tag with the comma or the end that follows (RFC 9110 sections 5.6.1 and 8.8.3). */
const member = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,[\t ,]*|$)/y

/** A malformed list matches nothing: the full reply, or a 412, is always safe. */
function matchesEntityTag(
  field: string,
  etag: string | undefined,
  isMatch: (a: string, b: string) => boolean,
): boolean {
  if (field === '*') return true
  if (etag === undefined) return false
  // Browsers send the one tag that they were given.
  if (field === etag) return isMatch(field, etag)
  let found = false
  member.lastIndex = 0
  while (member.lastIndex < field.length) {
    const tag = member.exec(field)?.[1]
    if (tag === undefined) return false
    found ||= isMatch(tag, etag)
  }
  return found
}

/** RFC 9110 section 8.8.3.2. */
function isStrongMatch(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/')
}

function isWeakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b)
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
