import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Layer } from '../../http/message/exchange.ts'
import { checkFraming } from './framing.ts'
import { HostReader, hostNotAllowed, type HostCheck } from './host.ts'
import { checkTarget } from './request-target.ts'

export { createHostCheck, hostNotAllowed, type HostCheck } from './host.ts'

/** Options of {@link createGuard}. */
export interface GuardOptions {
  /**
   * Whether the server answers for an authority. Called for every request, since addresses are bound after the start.
   */
  readonly isOurs: HostCheck
  /** Most header fields of a request. */
  readonly headerCount: number
  /** Most bytes of a request-target. */
  readonly targetBytes: number
}

/** Methods that always get a 405: CONNECT opens tunnels, TRACE echoes credentials. */
const refusedMethods = new Set(['CONNECT', 'TRACE'])

/**
 * Rejects messages whose end, request-target or host is ambiguous or not allowed. It runs before content is read and
 * before names are resolved.
 */
export function createGuard(options: GuardOptions): Layer {
  const hosts = new HostReader()

  function check(x: Exchange): void {
    if (x.headers.count > options.headerCount) {
      throw new ServeError(
        'E8008_HEADERS_TOO_LARGE',
        `The request has more than ${options.headerCount} header fields.`,
        {
          close: true,
        },
      )
    }
    checkFraming(x)
    if (refusedMethods.has(x.method)) throw methodRefused(x.method)
    const host = hosts.read(x)
    const named = checkTarget(x, options.targetBytes)
    // RFC 9112 section 3.2.2 gives the request-target precedence. Two different authorities are rejected: an attacker
    // could pass a check with one and be routed by the other.
    if (named !== undefined && (named.hostname !== host.hostname || named.port !== host.port)) {
      throw new ServeError('E8008_HOST_INVALID', 'The request-target and Host have different authorities.', {
        close: true,
      })
    }
    if (!options.isOurs(host, x.peer)) throw hostNotAllowed(host)
    checkExpectations(x)
    x.authority = host
  }

  return (next) => (x) => {
    check(x)
    return next(x)
  }
}

function methodRefused(method: string): ServeError {
  return new ServeError('E8008_METHOD', `${method} is not allowed here.`, {
    headers: ['Allow', 'GET, HEAD, OPTIONS'],
    close: method === 'CONNECT',
  })
}

function checkExpectations(x: Exchange): void {
  const expect = x.headers.get('expect')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new ServeError('E8008_EXPECTATION', 'The only supported expectation is 100-continue.', { close: true })
  }
}
