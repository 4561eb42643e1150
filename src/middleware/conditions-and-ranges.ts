import { ServeError } from '../core/serve-error.ts'
import { discard } from '../http/body/reply-body.ts'
import { allowsRange, evaluatePreconditions } from '../http/semantics/conditional.ts'
import type { Exchange, Filter } from '../http/message/exchange.ts'
import { digestFields } from '../http/message/field-classes.ts'
import { withoutFields } from '../http/message/headers.ts'
import { FileSlice, readIfSmall } from '../http/body/file.ts'
import { parseRange, type ByteRange } from '../http/semantics/range.ts'
import { memoizeReply, type Reply } from '../http/message/reply.ts'
import { multipartReply } from './multipart.ts'
import { fieldsOfNotModified, fieldsOfRefusal } from './representation-fields.ts'

/** Options of {@link createConditionsAndRanges}. */
export interface ConditionsAndRangesOptions {
  /** Most ranges of one reply; a request for more gets the whole representation. */
  readonly maxRanges: number
  /** Turns a 412 or 416 into a reply. */
  readonly refuse: (error: ServeError, x: Exchange) => Reply
}

/**
 * Evaluates preconditions, then ranges, on a reply with a whole representation (RFC 9110 sections 13 and 14). It runs
 * after every filter that changes bytes, because validators and offsets are those of the bytes that are sent.
 *
 * Only for GET and HEAD: another method has already acted when its reply exists, and a 412 would deny that. Handlers of
 * such methods call `evaluatePreconditions` before they act.
 */
export function createConditionsAndRanges(options: ConditionsAndRangesOptions): Filter {
  const { maxRanges, refuse } = options

  function refusal(error: ServeError, reply: Reply, x: Exchange): Reply {
    discard(reply.body)
    const refused = refuse(error, x)
    return { ...refused, headers: fieldsOfRefusal(refused.headers, reply.headers) }
  }

  return (reply, x) => {
    const { validators } = reply
    if (reply.relayed === true || validators === undefined || reply.status !== 200) return reply
    if (x.method !== 'GET' && x.method !== 'HEAD') return reply

    const outcome = evaluatePreconditions(x.method, x.headers, validators)
    if (outcome === 'failed') {
      return refusal(
        new ServeError('E8008_PRECONDITION', 'The resource does not meet the preconditions of the request.', {
          hint: 'Send the request without If-Match and If-Unmodified-Since to get the current ETag and Last-Modified.',
        }),
        reply,
        x,
      )
    }
    if (outcome === 'not-modified') {
      discard(reply.body)
      return notModified(reply)
    }

    // RFC 9110 section 14.2 defines Range for GET only.
    const field = x.method === 'GET' ? x.headers.get('range') : undefined
    const { body } = reply
    if (field === undefined || !(body instanceof Uint8Array || body instanceof FileSlice)) return reply
    if (!allowsRange(x.headers, validators)) return reply
    const ranges = parseRange(field, body.length, maxRanges)
    if (ranges === 'full') return reply
    if (ranges === 'unsatisfiable') {
      return refusal(
        new ServeError('E8008_RANGE', `No part of the requested range lies within the ${body.length} bytes.`, {
          hint: 'Request a range within the length in Content-Range.',
          headers: ['Content-Range', `bytes */${body.length}`],
        }),
        reply,
        x,
      )
    }
    const headers = withoutFields(reply.headers, digestFields)
    const [range] = ranges
    if (ranges.length > 1 || range === undefined) return multipartReply({ ...reply, headers }, body, ranges)
    return partReply(reply, headers, body, range)
  }
}

const notModified = memoizeReply(({ headers, validators }) => ({
  status: 304,
  headers: fieldsOfNotModified(headers, validators?.etag !== undefined),
  body: null,
}))

function partReply(reply: Reply, headers: string[], body: Uint8Array | FileSlice, range: ByteRange): Reply {
  const { first, last } = range
  const { length } = body
  headers.push('Content-Range', `bytes ${first}-${last}/${length}`)
  const part =
    body instanceof Uint8Array ? body.subarray(first, last + 1) : readIfSmall(body.narrow(first, last - first + 1))
  return { status: 206, headers, body: part, close: reply.close }
}
