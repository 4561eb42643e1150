import type { Warning } from '../../core/warning.ts'
import { decodeWhole } from '../../http/body/decoded-body.ts'
import { isDecodable } from '../../http/body/decoder.ts'
import { discard, pulledStream, pumpBody } from '../../http/body/reply-body.ts'
import { decodeMarkup, detectEncoding, encodeMarkup } from '../../http/body/text-encoding.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { digestFields } from '../../http/message/field-classes.ts'
import { getField, withField, withoutFields, type HeaderList } from '../../http/message/headers.ts'
import { isMarkup } from '../../http/message/media-type.ts'
import { abandonedReply, type Reply, type Source } from '../../http/message/reply.ts'
import type { UpstreamRequest } from '../types.ts'
import { toClientUrl, type UrlMapping } from '../url-rewrite.ts'
import { createMarkupRewriter } from './markup-urls.ts'

/** Options of {@link createBodyRewriter}. */
export interface BodyRewriterOptions {
  /** The route's id. */
  readonly id: string
  /** Where URLs stand: `<loc>` or `href=`. */
  readonly places: readonly string[]
  /** Most bytes of content that are rewritten, coded and decoded. Larger content passes unchanged. */
  readonly rewriteBytes: number
  readonly onWarning: (warning: Warning) => void
}

/** Sends a request, and rewrites the upstream's URLs in the content of the reply. */
export type BodyRewriter = (
  x: Exchange,
  request: UpstreamRequest,
  send: (request: UpstreamRequest) => Promise<Reply>,
  mapping: UrlMapping,
) => Promise<Reply>

/** Statuses without content that is a whole representation. */
const withoutWhole: ReadonlySet<number> = new Set([204, 205, 206, 304])
const changedFields: ReadonlySet<string> = new Set([
  ...digestFields,
  'accept-ranges',
  'content-encoding',
  'content-length',
])
const rangeFields: ReadonlySet<string> = new Set(['range', 'if-range'])
const noContent: Source = { pull: async () => {}, cancel: () => {} }

/** Creates the rewriter of a route. */
export function createBodyRewriter({ id, places, rewriteBytes, onWarning }: BodyRewriterOptions): BodyRewriter {
  const rewriteMarkup = createMarkupRewriter(places)
  const large = `larger than limits.rewriteBytes (${rewriteBytes})`
  let hasWarned = false

  /** Content that stays as it is although it may hold URLs of the upstream: the log says so, the first time a warning too. */
  function unchanged(x: Exchange, reply: Reply, why: string): Reply {
    x.notes.remark = `${x.notes.remark ?? ''} (not rewritten: ${why})`
    if (!hasWarned)
      onWarning({
        code: 'W8008_NOT_REWRITTEN',
        message: `The route ${id} leaves content as it is, in spite of rewriteBody: ${x.target.path} is ${why}.`,
        hint: why === large ? '--limit rewriteBytes=8388608' : 'correct Content-Encoding in the upstream',
      })
    hasWarned = true
    return reply
  }

  async function rewriteContent(x: Exchange, reply: Reply, mapping: UrlMapping): Promise<Reply> {
    const read = await readWhole(x, reply.body as Source | Uint8Array, rewriteBytes)
    if (read === 'gone') return abandonedReply(x)
    if ('rest' in read) return unchanged(x, { ...reply, body: read.rest }, large)
    const { content, trailers } = read
    const whole = { ...reply, body: bodyWith(content, trailers) }
    const coding = codingOf(reply.headers)
    const plain = coding === undefined ? content : await decodeWhole(content, { coding, bound: rewriteBytes })
    if (plain === 'large') return unchanged(x, whole, large)
    if (plain === 'broken') return unchanged(x, whole, `not the ${coding} that it claims to be`)
    const type = getField(reply.headers, 'content-type') ?? ''
    const encoding = detectEncoding(plain, type)
    const markup = decodeMarkup(plain, encoding)
    const changed = rewriteMarkup(markup, (url) => mappedUrl(url, mapping))
    if (changed === markup) return whole
    // An odd last byte of UTF-16 is no character, and is kept.
    const odd = plain.subarray(plain.length - (encoding === 'bytewise' ? 0 : plain.length % 2))
    const kept = trailers.filter((_, i) => !digestFields.has((trailers[i - (i % 2)] as string).toLowerCase()))
    const body = bodyWith(Buffer.concat([encodeMarkup(changed, encoding), odd]), kept)
    return { ...reply, headers: weakened(withoutFields(reply.headers, changedFields)), body }
  }

  function rewrite(x: Exchange, reply: Reply, mapping: UrlMapping): Reply | Promise<Reply> {
    const { status, headers, body, takeover } = reply
    if (takeover !== undefined) return reply
    if (status === 304) return sameTag(x, reply)
    if (withoutWhole.has(status) || !isMarkup(getField(headers, 'content-type') ?? '')) return reply
    const coding = codingOf(headers)
    if (coding !== undefined && !isDecodable(coding)) return unchanged(x, reply, `in the coding ${coding}`)
    if (Number(getField(headers, 'content-length') ?? 0) > rewriteBytes) return unchanged(x, reply, large)
    if (x.method !== 'HEAD') return body === null ? reply : rewriteContent(x, reply, mapping)
    discard(body)
    // Whether the content would change is not known, and so neither is its length.
    return { ...reply, headers: weakened(withoutFields(headers, changedFields)), body: noContent }
  }

  return async (x, given, send, mapping) => {
    const request = decodable(given)
    const reply = await send(request)
    const whole = askedWhole(request, reply)
    if (whole === undefined) return rewrite(x, reply, mapping)
    discard(reply.body)
    return rewrite(x, await send(whole), mapping)
  }
}

/** The request with the codings of `Accept-Encoding` that can be decoded here. */
function decodable(request: UpstreamRequest): UpstreamRequest {
  const accepted = getField(request.headers, 'accept-encoding')
  if (accepted === undefined) return request
  const codings = accepted.split(',').map((each) => each.trim())
  const known = codings.filter((each) => /^identity\b/i.test(each) || isDecodable(each.replace(/;.*$/s, '')))
  if (known.length === codings.length) return request
  return { ...request, headers: withField(request.headers, 'Accept-Encoding', known.join(', ') || 'identity') }
}

/**
 * The request for the whole of what is a part of markup; undefined for other replies. A part cannot be rewritten, since
 * its offsets are those of the upstream's bytes. RFC 9110 section 14.2 lets a server ignore `Range`.
 */
function askedWhole(request: UpstreamRequest, { status, headers, takeover }: Reply): UpstreamRequest | undefined {
  if (status !== 206 || takeover !== undefined || request.body !== null) return undefined
  if (getField(request.headers, 'range') === undefined) return undefined
  const type = getField(headers, 'content-type') ?? ''
  // The parts of multipart/byteranges have types of their own.
  if (!isMarkup(type) && !/^\s*multipart\/byteranges\b/i.test(type)) return undefined
  return { ...request, headers: withoutFields(request.headers, rangeFields) }
}

/** Without a slash where there was none: clients put paths behind a `URLBase`. */
function mappedUrl(url: string, mapping: UrlMapping): string {
  const mapped = toClientUrl(url, mapping)
  return mapped.endsWith('/') && /^[a-z]+:\/\/[^/?#]+$/i.test(url) ? mapped.slice(0, -1) : mapped
}

/** The content coding of a reply; undefined for none. */
function codingOf(headers: HeaderList): string | undefined {
  const coding = getField(headers, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}

/**
 * With a weak entity tag, since the bytes are no longer those that the upstream's tag identifies. The upstream still
 * recognises it in `If-None-Match`, which compares weakly, and rejects it in `If-Match` and `If-Range` (RFC 9110 section
 * 13.1).
 */
function weakened(headers: HeaderList): HeaderList {
  const etag = getField(headers, 'etag')
  return etag === undefined || etag.startsWith('W/') ? headers : withField(headers, 'ETag', `W/${etag}`)
}

/** A 304 names the tag that the client has: a cache would not find rewritten content by the upstream's strong tag. */
function sameTag(x: Exchange, reply: Reply): Reply {
  const etag = getField(reply.headers, 'etag')
  const isWeak = etag !== undefined && (x.headers.get('if-none-match') ?? '').includes(`W/${etag}`)
  return isWeak ? { ...reply, headers: weakened(reply.headers) } : reply
}

function bodyWith(content: Uint8Array, trailers: HeaderList): Reply['body'] {
  if (trailers.length === 0) return content
  return {
    async pull(sink) {
      await sink.write(content)
      return trailers
    },
    cancel: () => {},
  }
}

/** Content that was read to its end, or the whole body again if it is longer than the limit. */
type Read = { readonly content: Uint8Array; readonly trailers: HeaderList } | { readonly rest: Source }

async function readWhole(x: Exchange, body: Source | Uint8Array, most: number): Promise<Read | 'gone'> {
  const { signal } = x
  const { stream, result } = pulledStream<HeaderList | void>((...to) => pumpBody(body, ...to))
  signal.addEventListener('abort', () => stream.destroy(), { once: true })
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer)
      if ((length += (chunk as Buffer).length) > most) break
    }
    if (length <= most) return { content: Buffer.concat(chunks), trailers: (await result) ?? [] }
  } catch (error) {
    if (signal.aborted) return 'gone'
    throw error
  }
  return {
    rest: {
      length: body.length,
      async pull(sink) {
        for (const chunk of chunks) await sink.write(chunk)
        await pumpBody(stream, sink, signal)
        return result
      },
      cancel: () => stream.destroy(),
    },
  }
}
