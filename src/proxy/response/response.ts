import type { ResolvedProxy } from '../../config/route-types.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { getField, withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Body, Reply, Source } from '../../http/message/reply.ts'
import type { Endless } from '../long-lived.ts'
import { isEventStream } from './head.ts'
import { rewriteCookies } from './cookies.ts'
import { rewriteLocation } from './location.ts'
import type { UpstreamReply } from '../types.ts'
import type { UrlMapping } from '../url-rewrite.ts'

/** What becomes of an upstream's reply. */
export interface ClientReplyOptions {
  readonly proxy: ResolvedProxy
  /** Value of `Server8008-Route`. */
  readonly name: string
  readonly mapping: () => UrlMapping
  /** Words a fault in the middle of the content. */
  readonly faultOf: (error: unknown) => unknown
  /** Ends event streams when the server stops. */
  readonly endless: Endless
  /** Called when nothing more comes from the upstream. Calling it twice is harmless. */
  readonly ended: () => void
}

/** The client's reply: the upstream's, framed by us, with the changes that its route asks for. */
export function clientReply(x: Exchange, reply: UpstreamReply, options: ClientReplyOptions): Reply {
  const { status, reason, body } = reply
  const fields = withoutStrictTransport(x, reply.headers)
  // RFC 9110 section 8.6: a 204 states no length.
  const headers = clientFields(status, status === 204 ? withoutField(fields, 'content-length') : fields, options)
  // An answer before all content was read: what is left of it stands between here and the next request.
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
 * Strict-Transport-Security is about a host name and all of its ports (RFC 6797 section 8.2): the one of an upstream
 * would lock every plain server of this machine out of the browser. What the route itself sets is added later.
 */
function withoutStrictTransport({ authority }: Exchange, fields: HeaderList): HeaderList {
  const isLocal = authority !== undefined && /(?:^|\.)localhost$/.test(authority.hostname)
  return isLocal ? withoutField(fields, 'strict-transport-security') : fields
}

/** The fields of a reply or of a switch to another protocol. */
export function clientFields(status: number, fields: HeaderList, options: ClientReplyOptions): HeaderList {
  const { proxy, name, mapping } = options
  const fitting = proxy.rewrite && hasReferences(fields) ? rewritten(status, fields, mapping()) : fields
  const { set, remove } = proxy.replyFields
  if (set.length + remove.length === 0) return proxy.debug ? [...fitting, 'Server8008-Route', name] : fitting
  const gone = new Set([...remove, ...set.filter((_, i) => i % 2 === 0).map((each) => each.toLowerCase())])
  const kept = fitting.filter((_, i) => !gone.has((fitting[i - (i % 2)] as string).toLowerCase()))
  const named = proxy.debug && !gone.has('server8008-route')
  return [...kept, ...set, ...(named ? ['Server8008-Route', name] : [])]
}

function rewritten(status: number, fields: HeaderList, mapping: UrlMapping): HeaderList {
  return rewriteCookies(rewriteLocation(status, fields, mapping), mapping)
}

const references: ReadonlySet<string> = new Set([
  'location',
  'content-location',
  'refresh',
  'application-url',
  'set-cookie',
])

/** Most replies have none. */
function hasReferences(fields: HeaderList): boolean {
  for (let i = 0; i < fields.length; i += 2) if (references.has((fields[i] as string).toLowerCase())) return true
  return false
}

function contentOf(
  x: Exchange,
  fields: HeaderList,
  body: UpstreamReply['body'],
  { faultOf, endless, ended }: ClientReplyOptions,
): Body {
  if (body === null || body instanceof Uint8Array) {
    ended()
    // A reply to HEAD says of the length what the upstream said: nothing, if that is what it was.
    return x.method === 'HEAD' && getField(fields, 'content-length') === undefined ? noContent : body
  }
  const cancel = (): void => {
    ended()
    body.cancel()
  }
  const stop = isEventStream(fields) ? (): void => body.cancel() : undefined
  return {
    length: x.method === 'HEAD' ? announcedLength(fields) : body.length,
    cancel,
    async pull(sink, signal) {
      const forget = stop && endless.whenOver(stop)
      try {
        return await body.pull(sink, signal)
      } catch (error) {
        // An end in good order: the client asks again when the server is back.
        if (stop !== undefined && endless.isOver) return
        throw faultOf(error)
      } finally {
        forget?.()
        ended()
      }
    },
  }
}

function announcedLength(fields: HeaderList): number | undefined {
  const length = getField(fields, 'content-length')
  return length === undefined ? undefined : Number(length)
}

const noContent: Source = { pull: async () => {}, cancel: () => {} }
