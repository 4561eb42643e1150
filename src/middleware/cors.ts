import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import { getField, isToken, withVary, type HeaderList } from '../http/message/headers.ts'
import { emptyReply, type Reply, memoizeReply } from '../http/message/reply.ts'

/** The two parts of CORS. */
export interface Cors {
  /**
   * Answers the preflights of allowed origins. It must run before authentication, since preflights have no credentials.
   */
  readonly layer: Layer
  /**
   * Allows origins to read replies. A reply that has `Access-Control-Allow-Origin`, as of an upstream, is unchanged.
   */
  readonly filter: Filter
}

/** Whether the server would answer a request with this method itself, and so its preflight too. */
export type Claims = (x: Exchange, method: string) => boolean

/** `*` covers every field, since requests never have credentials here (Fetch, section 3.3.6). */
const exposed: HeaderList = ['Access-Control-Expose-Headers', '*']

/**
 * CORS for every origin (`*`) or for the listed ones, compared exactly (Fetch, section 3.3).
 *
 * Never with credentials. The opaque origin `null` of sandboxed frames is allowed only if every origin is. The field
 * `Access-Control-Allow-Private-Network` is never sent: public pages must not reach the private network.
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

  const shared = memoizeReply((reply) => marked(reply, '*'))
  const unshared = memoizeReply((reply) => ({ ...reply, headers: withVary(reply.headers, 'Origin') }))

  function filter(reply: Reply, x: Exchange): Reply {
    if (getField(reply.headers, 'access-control-allow-origin') !== undefined) return reply
    if (origins === '*') return shared(reply)
    // `Vary` also if the origin is not allowed: a cache must not send this reply to one that is.
    const neutral = unshared(reply)
    const origin = allowedOrigin(x)
    return origin === undefined ? neutral : marked(neutral, origin)
  }

  return { layer, filter }
}

/** Adds no field twice: browsers reject two values. */
function marked(reply: Reply, origin: string): Reply {
  const { headers } = reply
  const added = getField(headers, 'access-control-expose-headers') === undefined ? exposed : []
  return { ...reply, headers: [...headers, 'Access-Control-Allow-Origin', origin, ...added] }
}

const tokens = /^[!#$%&'*+.^_`|~\w, \t-]{1,1024}$/

/** Allows the requested method and fields: an origin that may read replies may send any request. */
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
