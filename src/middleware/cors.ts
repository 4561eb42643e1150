import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import { getField, isToken, withVary, type HeaderList } from '../http/message/headers.ts'
import { emptyReply, type Reply, memoizeReply } from '../http/message/reply.ts'

/** The two halves of CORS: preflights are answered on the way in, other replies marked on the way out. */
export interface Cors {
  /** Answers the preflights of allowed origins; it must stand before anything that asks for credentials. */
  readonly layer: Layer
  /** Lets allowed origins read replies. A reply that speaks for itself, such as a backend's, is left alone. */
  readonly filter: Filter
}

/** Whether a request with this method would find something of ours: only then the answer to its preflight is ours too. */
export type Claims = (x: Exchange, method: string) => boolean

/** `*` covers every field here, because there are never credentials (Fetch, section 3.3.6). */
const exposed: HeaderList = ['Access-Control-Expose-Headers', '*']

/**
 * CORS for every origin (`*`) or for the listed ones, compared exactly (Fetch, section 3.3).
 *
 * Never with credentials, never for the opaque origin `null` of a sandboxed frame unless every
 * origin is allowed, and never with `Access-Control-Allow-Private-Network`: a public page gets no way into
 * the private network from here.
 */
export function createCors(origins: '*' | readonly string[], claims: Claims = () => true): Cors {
  const listed = new Set(origins === '*' ? [] : origins.filter((origin) => origin !== 'null'))

  /** The value of `Access-Control-Allow-Origin`, undefined for an origin that is not allowed. */
  function allowedOrigin(x: Exchange): string | undefined {
    if (origins === '*') return '*'
    const origin = x.headers.get('origin')
    return origin !== undefined && listed.has(origin) ? origin : undefined
  }

  function layer(next: Handler): Handler {
    return (x) => {
      if (x.method !== 'OPTIONS' || !x.headers.has('origin')) return next(x)
      const method = x.headers.get('access-control-request-method')
      const origin = allowedOrigin(x)
      if (method === undefined || origin === undefined) return next(x)
      if (!claims(x, method)) x.notes.unclaimed = true
      return preflightReply(origin, method, x.headers.get('access-control-request-headers'))
    }
  }

  const everyone = memoizeReply((reply) => marked(reply, '*'))
  const nobody = memoizeReply((reply) => ({ ...reply, headers: withVary(reply.headers, 'Origin') }))

  function filter(reply: Reply, x: Exchange): Reply {
    if (getField(reply.headers, 'access-control-allow-origin') !== undefined) return reply
    if (origins === '*') return everyone(reply)
    // Also when the origin is not allowed: a cache must not hand this reply to one that is.
    const neutral = nobody(reply)
    const origin = allowedOrigin(x)
    return origin === undefined ? neutral : marked(neutral, origin)
  }

  return { layer, filter }
}

/** A field that a backend has set already is not said twice: browsers take two values for none. */
function marked(reply: Reply, origin: string): Reply {
  const { headers } = reply
  const added = getField(headers, 'access-control-expose-headers') === undefined ? exposed : []
  return { ...reply, headers: [...headers, 'Access-Control-Allow-Origin', origin, ...added] }
}

const tokens = /^[!#$%&'*+.^_`|~\w, \t-]{1,1024}$/

/** Allows what was asked for: an origin that may read replies may also ask with its own method and fields. */
function preflightReply(origin: string, method: string, fields: string | undefined): Reply {
  const headers = [
    'Access-Control-Allow-Origin',
    origin,
    'Vary',
    'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  ]
  if (method.length <= 64 && isToken(method)) headers.push('Access-Control-Allow-Methods', method)
  if (fields !== undefined && tokens.test(fields)) headers.push('Access-Control-Allow-Headers', fields)
  return emptyReply(204, headers)
}
