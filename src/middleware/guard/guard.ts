import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Layer } from '../../http/message/exchange.ts'
import { checkFraming } from './framing.ts'
import { HostReader, hostNotAllowed, type HostCheck } from './host.ts'
import { checkTarget } from './request-target.ts'

export { createHostCheck, hostNotAllowed, type HostCheck } from './host.ts'

/** What the guard enforces. */
export interface GuardOptions {
  /** Looked up for every request, since it is known only once the addresses are bound. */
  readonly isOurs: HostCheck
  /** Most header fields of a request. */
  readonly headerCount: number
  /** Most bytes of a request-target. */
  readonly targetBytes: number
}

/** Methods that are never answered with anything but 405: one opens tunnels, the other echoes credentials. */
const refusedMethods = new Set(['CONNECT', 'TRACE'])

/**
 * The door: nothing behind it sees a message whose end, target or host is in doubt. It runs before
 * a byte of content is read and before any name is looked up.
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
    // RFC 9112 section 3.2.2 lets the target win; two different names are an attempt to be routed
    // as one and checked as the other, so they are refused.
    if (named !== undefined && (named.hostname !== host.hostname || named.port !== host.port)) {
      throw new ServeError('E8008_HOST_INVALID', 'The request-target and the Host name different authorities.', {
        close: true,
      })
    }
    if (!options.isOurs(host, x.peer.localAddress)) throw hostNotAllowed(host)
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
    throw new ServeError('E8008_EXPECTATION', 'The only expectation understood here is 100-continue.', { close: true })
  }
}
