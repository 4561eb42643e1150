import type { Exchange, Filter } from '../http/message/exchange.ts'
import { getField, withVary } from '../http/message/headers.ts'
import { isCompressible } from '../http/message/media-type.ts'
import { chooseEncoding, type ContentCoding } from '../http/semantics/negotiate.ts'
import type { Reply } from '../http/message/reply.ts'
import { variantTag } from '../http/semantics/variant.ts'
import { contentCodings, encodeWhole } from './encoder.ts'
import { bodyLength, type StreamedBody } from '../http/body/reply-body.ts'
import { encodedSource } from './encoded-source.ts'
import { digestFields, withoutFields } from './representation-fields.ts'

/** Options of {@link createCompression}. */
export interface CompressionOptions {
  /** Bytes below which compressing gains nothing. Default 1024. */
  readonly floor?: number
  /**
   * Streams compressed at the same time, and replies from memory likewise; further ones are sent as they
   * are. Default 16: a brotli stream takes about 6 MB.
   */
  readonly streams?: number
}

/** A shared reply and what became of it, coding by coding. */
interface Plan {
  /** The reply as it is, with `Vary`. */
  readonly identity: Reply
  /** Also those that turned out no smaller: a client that refuses the identity needs them. */
  readonly variants: Map<ContentCoding, Reply | Promise<Reply>>
}

/** Fields that are wrong once the bytes have changed. */
const changedFields: ReadonlySet<string> = new Set([...digestFields, 'accept-ranges', 'content-length', 'etag'])

/**
 * Compresses replies of compressible types by `Accept-Encoding`.
 *
 * Content in memory is compressed once for each shared (frozen) reply and kept with it, so what is kept is
 * bounded by the cache that holds the originals. Other content is compressed as it is sent. No client can
 * make us compress more at once than `streams`, whatever it refuses. A request with
 * `Range` gets the identity, because offsets into a coding made on the fly help nobody. The gzip of a page
 * that mixes a secret with input (BREACH) is no concern for files.
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
    // RFC 9110 section 12.4.1: preferences that we cannot meet may be disregarded, even `identity;q=0`.
    const { body } = identity
    // Counted apart, so that clients that read slowly do not keep others from what is made at once.
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
    // Nothing is acceptable: the identity is what RFC 9110 section 12.5.3 leaves to send.
    if (coding === undefined || coding === 'identity') return plan.identity
    const isForced = chooseEncoding(accepted, []) === undefined
    if (!isForced && (isBelow(reply, floor) || isPartial(x))) return plan.identity
    const made = coded(plan, coding)
    // A coding that gains nothing is given up, unless the client takes nothing else.
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
  // The other server has chosen a coding, or not to.
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
  const body = await encodeWhole(content, coding)
  const etag = identity.validators?.etag ?? getField(identity.headers, 'etag')
  return variant(identity, body, coding, etag === undefined ? undefined : variantTag(etag, coding))
}

function streamedVariant(identity: Reply, body: StreamedBody, coding: ContentCoding, release: () => void): Reply {
  const etag = identity.validators?.etag ?? getField(identity.headers, 'etag')
  // Weak: the same file may leave the compressor in other bytes under another version of it.
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
