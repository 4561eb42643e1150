import type { ResolvedConfig } from '../config/types.ts'
import { isSecureClient } from '../http/message/authority.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import { getField, withField, withVary, type RequestHeaders } from '../http/message/headers.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { addressSet, formatHost } from '../core/util/ip.ts'

/** Which plain requests are redirected to HTTPS. */
export interface HttpsRedirectOptions {
  readonly redirect: ResolvedConfig['redirect']
  /** Whether the client uses HTTPS already; see {@link createSecureCheck}. */
  readonly isSecure: (x: Exchange) => boolean
  /** Ports for HTTPS, empty until they are bound. Plain requests elsewhere are redirected to the first one. */
  readonly httpsPorts: () => readonly number[]
}

/** {@link isSecureClient} for the addresses of trusted proxies. */
export function createSecureCheck(trust: readonly string[]): (x: Exchange) => boolean {
  const isTrusted = addressSet(trust)
  return (x) => isSecureClient(x, isTrusted)
}

const upgradeRequest = 'upgrade-insecure-requests'

/**
 * Redirects plain requests to HTTPS. It runs after the guard, so that the host in `Location` is an allowed one, and before
 * everything else, so that no client sends a password in clear text.
 *
 * Plain requests to a port for HTTPS are always redirected: the user typed `http:` instead of `https:`.
 */
export function createHttpsRedirect({ redirect, isSecure, httpsPorts }: HttpsRedirectOptions): Layer {
  return (next) => (x) => {
    const ports = httpsPorts()
    const [port] = ports
    if (port === undefined || isSecure(x)) return next(x)
    // A client may use a mapped port (of a container, say); it keeps the one that it used.
    const { localPort } = x.peer
    if (ports.includes(localPort)) return redirection(308, x, x.authority?.port ?? localPort)
    if (redirect === 'always') return redirection(308, x, port)
    // Upgrade Insecure Requests, section 3.2.
    if (redirect === 'asked' && x.headers.get(upgradeRequest) === '1') return varied(redirection(307, x, port))
    const finish = (reply: Reply): Reply => {
      const adapted = withHttpsPort(reply, x, port)
      return redirect === 'asked' ? varied(adapted) : adapted
    }
    const reply = next(x)
    return reply instanceof Promise ? reply.then(finish) : finish(reply)
  }
}

/**
 * An application that redirects the same URL to HTTPS names the port that the client used, since it knows no other. Browsers
 * do not store this redirect either.
 */
function withHttpsPort(reply: Reply, x: Exchange, port: number): Reply {
  if (reply.status < 300 || reply.status > 399) return reply
  const location = getField(reply.headers, 'location')
  if (location !== `https://${x.headers.get('host')}${pathOf(x)}`) return reply
  const there = withField(reply.headers, 'Location', httpsUrl(x, port))
  return { ...reply, headers: withField(there, 'Cache-Control', 'no-store') }
}

/** `no-store`, since browsers cache a 308: the next project on the same port would inherit it. */
function redirection(status: number, x: Exchange, port: number): Reply {
  const reply = emptyReply(status, ['Location', httpsUrl(x, port), 'Cache-Control', 'no-store'])
  // The client sends the content again to the new location, so it is not read here.
  return hasContent(x.headers) ? { ...reply, close: true } : reply
}

function httpsUrl(x: Exchange, port: number): string {
  const host = formatHost(x.authority?.hostname ?? 'localhost')
  return `https://${host}${port === 443 ? '' : `:${port}`}${pathOf(x)}`
}

function pathOf({ target }: Exchange): string {
  return target.form === 'asterisk' ? '/' : `${target.path}${target.query}`
}

/** RFC 9112 section 6.3. */
function hasContent(headers: RequestHeaders): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

function varied(reply: Reply): Reply {
  return reply.status < 200 ? reply : { ...reply, headers: withVary(reply.headers, 'Upgrade-Insecure-Requests') }
}
