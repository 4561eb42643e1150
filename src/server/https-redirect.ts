import type { ResolvedConfig } from '../config/types.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import { withVary, type RequestHeaders } from '../http/message/headers.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { addressSet, formatHost } from '../core/util/ip.ts'

/** Which plain requests are sent on to HTTPS. */
export interface HttpsRedirectOptions {
  readonly redirect: ResolvedConfig['redirect']
  /** Addresses that are believed about the scheme of the client. */
  readonly trust: readonly string[]
  /** The port for HTTPS, once there is one. */
  readonly httpsPort: () => number | undefined
}

const upgradeRequest = 'upgrade-insecure-requests'

/**
 * Sends plain requests on to HTTPS. It stands behind the guard, so the name in the location is one of ours, and before
 * everything else, so that no password is asked for in the clear.
 *
 * What came in the clear to the port for HTTPS is always sent on: somebody typed the scheme wrongly.
 */
export function createHttpsRedirect({ redirect, trust, httpsPort }: HttpsRedirectOptions): Layer {
  const isTrusted = addressSet(trust)

  function isSecure(x: Exchange): boolean {
    if (x.peer.encrypted) return true
    // Whoever ends TLS before us would be sent round in circles.
    return isTrusted(x.peer.address) && /^https(?:\s*,|$)/i.test(x.headers.get('x-forwarded-proto') ?? '')
  }

  return (next) => (x) => {
    const port = httpsPort()
    if (port === undefined || isSecure(x)) return next(x)
    // The client may have come through a port that is mapped to ours, and would go through it again.
    if (x.peer.localPort === port) return redirection(308, x, x.authority?.port ?? port)
    if (redirect === undefined) return next(x)
    if (redirect === 'always') return redirection(308, x, port)
    // Upgrade Insecure Requests, section 3.2.
    if (x.headers.get(upgradeRequest) === '1') return varied(redirection(307, x, port))
    const reply = next(x)
    return reply instanceof Promise ? reply.then(varied) : varied(reply)
  }
}

/** Browsers keep a 308, and the next project behind the same port would inherit it: hence `no-store`. */
function redirection(status: number, { authority, target, headers }: Exchange, port: number): Reply {
  const host = formatHost(authority?.hostname ?? 'localhost')
  const path = target.form === 'asterisk' ? '/' : `${target.path}${target.query}`
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${path}`
  const reply = emptyReply(status, ['Location', location, 'Cache-Control', 'no-store'])
  // Content is sent there once more, so it is not waited for here.
  return hasContent(headers) ? { ...reply, close: true } : reply
}

/** RFC 9112 section 6.3. */
function hasContent(headers: RequestHeaders): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

function varied(reply: Reply): Reply {
  return reply.status < 200 ? reply : { ...reply, headers: withVary(reply.headers, 'Upgrade-Insecure-Requests') }
}
