import type { Exchange, Filter } from '../http/message/exchange.ts'
import { digestFields } from '../http/message/field-classes.ts'
import { getField, withoutFields, withVary } from '../http/message/headers.ts'
import { isCompressible } from '../http/message/media-type.ts'
import { chooseEncoding, type ContentCoding } from '../http/semantics/negotiate.ts'
import type { Reply } from '../http/message/reply.ts'
import { variantTag } from '../http/semantics/variant.ts'
import { bodyLength, type StreamedBody } from '../http/body/reply-body.ts'
import { encodedSource } from './encoded-source.ts'

/** The codings that this Node can produce, the one with the best ratio for text first. */
export const contentCodings: readonly ContentCoding[] =
  'zstd' in process.versions ? ['br', 'zstd', 'gzip'] : ['br', 'gzip']

/** Options of {@link createCompression}. */
export interface CompressionOptions {
  /** Smallest reply that is compressed, in bytes. Default 1024: below that it gains nothing. */
  readonly floor?: number
  /**
   * Most streams that are compressed at the same time, and most replies from memory; others are sent without coding.
   * Default 16: a brotli stream takes about 6 MB.
   */
  readonly streams?: number
}

/** A reply and its variants by coding. */
interface Plan {
  /** The reply without coding, with `Vary`. */
  readonly identity: Reply
  /** Includes variants that are not smaller: a client that refuses `identity` needs them. */
  readonly variants: Map<ContentCoding, Reply | Promise<Reply>>
}

/** Fields that do not hold for other bytes. */
const changedFields: ReadonlySet<string> = new Set([...digestFields, 'accept-ranges', 'content-length', 'etag'])

/**
 * Compresses replies of compressible types by `Accept-Encoding`.
 *
 * Content in memory is compressed once for each shared (frozen) reply and kept with it, so the cache of the replies
 * bounds the memory. Other content is compressed while it is sent. `streams` bounds both for all clients. A request
 * with `Range` gets no coding, since offsets into bytes that are compressed on the fly are useless. BREACH does not
 * apply: files do not mix a secret with input of the client.
 */
export function createCompression(options: CompressionOptions = {}): Filter {
  const { floor = 1024, streams = 16 } = options
  const plans = new WeakMap<Reply, Plan | 'untouched'>()
  const active = { whole: 0, streamed: 0 }

  function planOf(reply: Reply): Plan | 'untouched' {
    const known = plans.get(reply)
    if (known !== undefined) return known
    const plan = isEligible(reply) ? { identity: varied(reply), variants: new Map() } : 'untouched'
    if (Object.isFrozen(reply)) plans.set(reply, plan)
    return plan
  }

  function coded({ identity, variants }: Plan, coding: ContentCoding): Reply | Promise<Reply> {
    const known = variants.get(coding)
    if (known !== undefined) return known
    // RFC 9110 section 12.4.1: a server may disregard preferences that it cannot meet, even `identity;q=0`.
    const { body } = identity
    // Counted apart: streams to slow clients must not prevent the compression of replies from memory.
    const kind = body instanceof Uint8Array ? 'whole' : 'streamed'
    if (active[kind] >= streams) return identity
    active[kind]++
    const release = once(() => active[kind]--)
    if (!(body instanceof Uint8Array)) return streamedVariant(identity, body as StreamedBody, coding, release)
    const made = wholeVariant(identity, body, coding).finally(release)
    variants.set(coding, made)
    made.then(
      (variant) => variants.set(coding, variant),
      () => variants.delete(coding),
    )
    return made
  }

  return (reply, x) => {
    const plan = planOf(reply)
    if (plan === 'untouched') return reply
    const accepted = x.headers.get('accept-encoding')
    const coding = chooseEncoding(accepted, contentCodings)
    // No coding is acceptable: RFC 9110 section 12.5.3 allows the reply without coding.
    if (coding === undefined || coding === 'identity') return plan.identity
    const isForced = chooseEncoding(accepted, []) === undefined
    if (!isForced && (isBelow(reply, floor) || isPartial(x))) return plan.identity
    const made = coded(plan, coding)
    // A variant that is not smaller is not sent, unless the client accepts nothing else.
    if (isForced) return made
    return made instanceof Promise ? made.then((variant) => smaller(variant, plan)) : smaller(made, plan)
  }
}

function smaller(variant: Reply, { identity }: Plan): Reply {
  const { body } = identity
  return body instanceof Uint8Array && (variant.body as Uint8Array).length >= body.length ? identity : variant
}

function isEligible(reply: Reply): boolean {
  const { headers, status } = reply
  // The upstream has decided about the coding.
  if (reply.relayed === true) return false
  if (reply.body === null || status < 200 || status === 206) return false
  const type = getField(headers, 'content-type')
  if (type === undefined || !isCompressible(type) || getField(headers, 'content-encoding') !== undefined) return false
  // RFC 9111 section 5.2.2.6.
  return !/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(getField(headers, 'cache-control') ?? '')
}

function varied(reply: Reply): Reply {
  return Object.freeze({ ...reply, headers: withVary(reply.headers, 'Accept-Encoding') })
}

function isPartial(x: Exchange): boolean {
  return x.method === 'GET' && x.headers.has('range')
}

function isBelow({ body }: Reply, floor: number): boolean {
  const length = body === null ? 0 : bodyLength(body)
  return length !== undefined && length < floor
}

async function wholeVariant(identity: Reply, content: Uint8Array, coding: ContentCoding): Promise<Reply> {
  // Loaded with the first reply that is compressed.
  const { encodeWhole } = await import('./encoder.ts')
  const body = await encodeWhole(content, coding)
  const etag = identity.validators?.etag ?? getField(identity.headers, 'etag')
  return variant(identity, body, coding, etag === undefined ? undefined : variantTag(etag, coding))
}

function streamedVariant(identity: Reply, body: StreamedBody, coding: ContentCoding, release: () => void): Reply {
  const etag = identity.validators?.etag ?? getField(identity.headers, 'etag')
  // Weak: another version of the compressor may produce other bytes.
  const weak = etag === undefined ? undefined : `W/${variantTag(etag, coding).replace(/^W\//, '')}`
  return variant(identity, encodedSource(body, coding, bodyLength(body), release), coding, weak)
}

function variant(identity: Reply, body: Reply['body'], coding: ContentCoding, etag: string | undefined): Reply {
  const headers = [...withoutFields(identity.headers, changedFields), 'Content-Encoding', coding]
  if (etag !== undefined) headers.push('ETag', etag)
  const { validators } = identity
  return Object.freeze({ ...identity, headers, body, validators: validators && { ...validators, etag } })
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
