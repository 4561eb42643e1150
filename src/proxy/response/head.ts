import { hopByHopFields } from '../../http/message/field-classes.ts'
import { getField, withoutFields, type HeaderList } from '../../http/message/headers.ts'
import { fieldTokens } from '../hop-by-hop.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/** Interim responses (1xx) that one request may get. More count as an attack or a fault. */
export const maxInterim: number = 32

/** Control characters in a value could split the forwarded message (RFC 9110 section 5.5). */
const forbiddenInValue = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** Characters of the longest reason phrase that is forwarded. */
const maxReason = 256

/** RFC 9112 section 4. */
const reasonPhrase = /^[\t\u0020-\u007e\u0080-\u00ff]+$/

/** A reason phrase that may be forwarded; undefined if it is invalid or too long. */
export function readReason(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= maxReason && reasonPhrase.test(text) ? text : undefined
}

/** Whether the content is an event stream (HTML section 9.2), which ends only with its reader. */
export function isEventStream(fields: HeaderList): boolean {
  return isEventStreamType(getField(fields, 'content-type') ?? '')
}

function isEventStreamType(type: string): boolean {
  return /^text\/event-stream(?:;|\s|$)/i.test(type)
}

/** The header section of an upstream's response, as it is forwarded. */
export interface ResponseHead {
  /** End-to-end fields, and `Trailer`, which announces the trailer fields. */
  readonly fields: HeaderList
  /** The value of `Content-Length` in bytes, or undefined. */
  readonly length: number | undefined
  readonly isEventStream: boolean
  /** Whether the content is in chunks (`Transfer-Encoding`). */
  readonly isChunked: boolean
  /** Members of `Connection`, in lower case. */
  readonly connection: readonly string[]
  /** Seconds for which the upstream keeps an idle connection (`Keep-Alive: timeout`), or undefined. */
  readonly keepAlive: number | undefined
}

const noTokens: readonly string[] = []

/**
 * Reads the header section of an upstream. Keeps names, order, case and duplicates.
 *
 * @throws UpstreamError for a field that must not be forwarded
 */
export function readResponseHead(raw: HeaderList): ResponseHead {
  const fields: string[] = []
  let length: number | undefined
  let keepAlive: number | undefined
  let hasConnection = false
  let isEvents = false
  let isChunked = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    if (forbiddenInValue.test(value)) throw protocolError(`its field ${name} holds a control character`)
    const lower = name.toLowerCase()
    // Alt-Svc would apply to this server's origin, and let clients bypass the proxy (RFC 7838 section 2).
    if (lower === 'alt-svc') continue
    if (lower === 'content-length') {
      // Recipients may read any one of several (RFC 9112 section 6.3).
      if (length !== undefined) throw protocolError('it sends Content-Length more than once')
      length = readLength(value)
    } else if (lower === 'connection') hasConnection = true
    else if (lower === 'transfer-encoding') {
      if (isChunked || !/^\s*chunked\s*$/i.test(value)) throw protocolError('its Transfer-Encoding is not "chunked"')
      isChunked = true
    } else if (lower === 'content-type') isEvents = isEventStreamType(value)
    else if (lower === 'keep-alive') keepAlive = readKeepAlive(value)
    if (!hopByHopFields.has(lower) || lower === 'trailer') fields.push(name, value)
  }
  const connection = hasConnection ? fieldTokens(raw, 'connection') : noTokens
  return {
    fields: connection.length === 0 ? fields : withoutFields(fields, new Set(connection)),
    length,
    isEventStream: isEvents,
    isChunked,
    connection,
    keepAlive,
  }
}

function readKeepAlive(value: string): number | undefined {
  const seconds = /(?:^|,)\s*timeout\s*=\s*"?(\d{1,9})/i.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

function readLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw protocolError('its Content-Length is not a number of bytes')
  return Number(value)
}

/** The upstream violates the protocol. */
export function protocolError(what: string, cause?: unknown): UpstreamError {
  return new UpstreamError('protocol', what, { wrote: true, cause })
}
