import { getField, type HeaderList } from '../../http/message/headers.ts'
import { hopByHopFields } from '../../http/message/field-classes.ts'
import { fieldTokens } from '../hop-by-hop.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/** Interim replies that are passed on: a server that sends more has something else in mind. */
export const maxInterim: number = 32

/** Control characters in a value could split our own message (RFC 9110 section 5.5). */
const forbiddenInValue = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** Characters of a reason phrase that goes on. */
const maxReason = 256

/** Characters of which a reason phrase consists (RFC 9112 section 4). */
const reasonPhrase = /^[\t\u0020-\u007e\u0080-\u00ff]+$/

/** A reason phrase as it may go on; undefined where the usual one says it as well. */
export function readReason(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= maxReason && reasonPhrase.test(text) ? text : undefined
}

/** Whether the content is one of Server-Sent Events (HTML section 9.2), which lasts as long as its reader. */
export function isEventStream(fields: HeaderList): boolean {
  return isEventStreamType(getField(fields, 'content-type') ?? '')
}

function isEventStreamType(type: string): boolean {
  return /^text\/event-stream(?:;|\s|$)/i.test(type)
}

/** The header section of a reply as it goes on. */
export interface ResponseHead {
  /** End-to-end fields, and `Trailer`, which only says what will come. */
  readonly fields: HeaderList
  /** The announced length of the content, or undefined. */
  readonly length: number | undefined
  readonly isEventStream: boolean
}

/**
 * Reads what an upstream sent before its content. Names, order, case and duplicates are kept.
 *
 * @throws UpstreamError for what could not be sent on
 */
export function readResponseHead(raw: HeaderList): ResponseHead {
  const fields: string[] = []
  let length: number | undefined
  let hasConnection = false
  let isEvents = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    if (forbiddenInValue.test(value)) throw protocolFault(`its field ${name} holds a control character`)
    const lower = name.toLowerCase()
    // It leads the client past us, and holds for our origin (RFC 7838 section 2).
    if (lower === 'alt-svc') continue
    if (lower === 'content-length') length = readLength(value, length)
    else if (lower === 'connection') hasConnection = true
    else if (lower === 'transfer-encoding' && !/^\s*chunked\s*$/i.test(value)) {
      throw protocolFault('its transfer coding is not chunked')
    } else if (lower === 'content-type') isEvents = isEventStreamType(value)
    if (!hopByHopFields.has(lower) || lower === 'trailer') fields.push(name, value)
  }
  const nominated = hasConnection ? fieldTokens(raw, 'connection') : []
  return {
    fields: nominated.length === 0 ? fields : without(fields, new Set(nominated)),
    length,
    isEventStream: isEvents,
  }
}

function readLength(value: string, before: number | undefined): number {
  if (!/^\d{1,15}$/.test(value)) throw protocolFault('its Content-Length is not a number')
  const length = Number(value)
  if (before !== undefined && before !== length) throw protocolFault('it states two lengths')
  return length
}

function without(fields: readonly string[], drop: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (!drop.has((fields[i] as string).toLowerCase())) kept.push(fields[i] as string, fields[i + 1] as string)
  }
  return kept
}

/** The upstream does not speak HTTP as it is written. */
export function protocolFault(what: string, cause?: unknown): UpstreamError {
  return new UpstreamError('protocol', what, { wrote: true, cause })
}

/** Bytes become text one by one, so that they come out as they came in. */
export function texts(raw: readonly Buffer[]): string[] {
  return raw.map((part) => part.toString('latin1'))
}
