import type { UpstreamFault } from '../types.ts'

/** An upstream gave no usable response. Used inside `proxy/` only: clients get the ServeError of `gatewayError`. */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault
  /** Whether a part of the request may have reached the upstream, which forbids some retries. */
  readonly wrote: boolean

  constructor(fault: UpstreamFault, message: string, options: { readonly wrote: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UpstreamError'
    this.fault = fault
    this.wrote = options.wrote
  }
}

/** The client disconnected before the exchange was over. */
export function clientLeftFault(wrote: boolean, cause?: unknown): UpstreamError {
  return new UpstreamError('left', 'The client disconnected.', { wrote, cause })
}

const faults: Readonly<Record<string, UpstreamFault>> = {
  ECONNREFUSED: 'refused',
  // A unix socket that does not exist yet, or whose process has died and left the file.
  ENOENT: 'refused',
  ENOTSOCK: 'refused',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'connect-timeout',
  EPROTO: 'tls',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
}

const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_)/

/** The fault that the error of a connection means; `fallback` if its code is unknown. */
export function upstreamFaultOf(error: unknown, fallback: UpstreamFault): UpstreamFault {
  // Each address family failed with its own error; ECONNREFUSED explains most to the user.
  const all: unknown[] = error instanceof AggregateError ? error.errors : [error]
  const codes = all.map((each) => (each as { code?: string } | null)?.code ?? '')
  if (codes.includes('ECONNREFUSED')) return 'refused'
  for (const code of codes) {
    // RFC 7301 section 3.2: the upstream has none of the offered protocols.
    if (code.endsWith('_ALERT_NO_APPLICATION_PROTOCOL')) return 'no-http2'
    if (tlsCode.test(code)) return 'tls'
    const fault = faults[code]
    if (fault !== undefined) return fault
  }
  if (all.some(isTooLarge)) return 'headers-too-large'
  return fallback
}

/** Wraps the error of a connection. An UpstreamError stays as it is. */
export function upstreamError(error: unknown, fallback: UpstreamFault, wrote: boolean): UpstreamError {
  if (error instanceof UpstreamError) return error
  const message = error instanceof AggregateError ? String(error.errors[0]?.message ?? error.message) : messageOf(error)
  return new UpstreamError(upstreamFaultOf(error, fallback), message, { wrote, cause: error })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** nghttp2 accepts at most nine frames for a header section; its error has no code for that. */
function isTooLarge(error: unknown): boolean {
  return /CONTINUATION/.test(String((error as Partial<Error> | null)?.message))
}
