import type { ResolvedProxy } from '../../config/kinds/proxy-types.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { getField, withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Body, Reply, Source } from '../../http/message/reply.ts'
import type { LongLived } from '../long-lived.ts'
import { isEventStream } from './head.ts'
import { rewriteCookies } from './cookies.ts'
import { rewriteLocation } from './location.ts'
import type { UpstreamReply } from '../types.ts'
import type { UrlMapping } from '../url-rewrite.ts'

/** How the response of an upstream is forwarded. */
export interface ClientResponseOptions {
  readonly proxy: ResolvedProxy
  /** Value of `Server8008-Route`. */
  readonly route: string
  readonly mapping: () => UrlMapping
  /** Converts an error in the middle of the content to the client's error. */
  readonly toClientError: (error: unknown) => unknown
  /** Ends event streams when the server stops. */
  readonly longLived: LongLived
  /** Called when the exchange with the upstream is over, possibly more than once. */
  readonly onEnd: () => void
}

/** The client's response: the upstream's, with new framing and the changes of its route. */
export function clientResponse(x: Exchange, reply: UpstreamReply, options: ClientResponseOptions): Reply {
  const { status, reason, body } = reply
  const fields = withoutStrictTransport(x, reply.headers)
  // RFC 9110 section 8.6: a 204 has no Content-Length.
  const headers = clientResponseFields(
    status,
    status === 204 ? withoutField(fields, 'content-length') : fields,
    options,
  )
  // The upstream answered before it read all content: the unread rest precedes the next request on the connection.
  const close = x.body.taken && !x.body.read
  return {
    status,
    reason,
    headers,
    body: contentOf(x, headers, body, options),
    relayed: true,
    ...(close ? { close } : {}),
  }
}

/**
 * Strict-Transport-Security applies to all ports of a host name (RFC 6797 section 8.2): forwarded for localhost, it would
 * make the browser refuse every plain HTTP server of this machine. A value that the route sets is added later.
 */
function withoutStrictTransport({ authority }: Exchange, fields: HeaderList): HeaderList {
  const isLocal = authority !== undefined && /(?:^|\.)localhost$/.test(authority.hostname)
  return isLocal ? withoutField(fields, 'strict-transport-security') : fields
}

/** The fields of a final response or of a 101. */
export function clientResponseFields(status: number, fields: HeaderList, options: ClientResponseOptions): HeaderList {
  const { proxy, route, mapping } = options
  const adapted =
    proxy.rewrite && hasReferences(fields) ? rewritten(status, fields, mapping(), proxy.cookiePath) : fields
  const { set, remove } = proxy.replyFields
  if (set.length + remove.length === 0) return proxy.debug ? [...adapted, 'Server8008-Route', route] : adapted
  const dropped = new Set([...remove, ...set.filter((_, i) => i % 2 === 0).map((each) => each.toLowerCase())])
  const kept = adapted.filter((_, i) => !dropped.has((adapted[i - (i % 2)] as string).toLowerCase()))
  const named = proxy.debug && !dropped.has('server8008-route')
  return [...kept, ...set, ...(named ? ['Server8008-Route', route] : [])]
}

function rewritten(status: number, fields: HeaderList, mapping: UrlMapping, cookiePath?: string): HeaderList {
  return rewriteCookies(rewriteLocation(status, fields, mapping), mapping, cookiePath)
}

const references: ReadonlySet<string> = new Set([
  'location',
  'content-location',
  'refresh',
  'application-url',
  'set-cookie',
])

/** Most responses have none, and skip the mapping. */
function hasReferences(fields: HeaderList): boolean {
  for (let i = 0; i < fields.length; i += 2) if (references.has((fields[i] as string).toLowerCase())) return true
  return false
}

function contentOf(
  x: Exchange,
  fields: HeaderList,
  body: UpstreamReply['body'],
  { toClientError, longLived, onEnd }: ClientResponseOptions,
): Body {
  if (body === null || body instanceof Uint8Array) {
    onEnd()
    // Without Content-Length from the upstream, the response to HEAD must not get one either.
    return x.method === 'HEAD' && getField(fields, 'content-length') === undefined ? noContent : body
  }
  const cancel = (): void => {
    onEnd()
    body.cancel()
  }
  const stop = isEventStream(fields) ? (): void => body.cancel() : undefined
  return {
    length: x.method === 'HEAD' ? announcedLength(fields) : body.length,
    cancel,
    async pull(sink, signal) {
      const forget = stop && longLived.whenStopping(stop)
      try {
        return await body.pull(sink, signal)
      } catch (error) {
        // A regular end: the client reconnects when the server is back.
        if (stop !== undefined && longLived.isStopping) return
        throw toClientError(error)
      } finally {
        forget?.()
        onEnd()
      }
    },
  }
}

function announcedLength(fields: HeaderList): number | undefined {
  const length = getField(fields, 'content-length')
  return length === undefined ? undefined : Number(length)
}

const noContent: Source = { pull: async () => {}, cancel: () => {} }
