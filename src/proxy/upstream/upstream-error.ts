import type { UpstreamFault } from '../types.ts'

/** Why an upstream gave no usable answer. Inside `proxy/` only: clients get a ServeError made from it. */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault
  /** Whether a part of the request may have reached the upstream. */
  readonly wrote: boolean

  constructor(fault: UpstreamFault, message: string, options: { readonly wrote: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UpstreamError'
    this.fault = fault
    this.wrote = options.wrote
  }
}

const faults: Readonly<Record<string, UpstreamFault>> = {
  ECONNREFUSED: 'refused',
  // A unix socket that is not there yet, or whose process died and left the file.
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
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers-too-large',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  UND_ERR_INVALID_ARG: 'protocol',
  HPE_INVALID_EOF_STATE: 'reset',
}

const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_)/

/** What an error of a connection means; `fallback` when its code says nothing. */
export function faultOf(error: unknown, fallback: UpstreamFault): UpstreamFault {
  // Both families were tried and each failed in its own way: a port that refuses is the one that tells most.
  const all: unknown[] = error instanceof AggregateError ? error.errors : [error]
  const codes = all.map((each) => (each as { code?: string } | null)?.code ?? '')
  if (codes.includes('ECONNREFUSED')) return 'refused'
  for (const code of codes) {
    if (tlsCode.test(code)) return 'tls'
    const fault = faults[code]
    if (fault !== undefined) return fault
    if (code.startsWith('HPE_')) return 'protocol'
  }
  if (all.some(isTooLarge)) return 'headers-too-large'
  if (all.some(isParserFault)) return 'protocol'
  return fallback
}

/** Wraps whatever a connection failed with. */
export function upstreamError(error: unknown, fallback: UpstreamFault, wrote: boolean): UpstreamError {
  if (error instanceof UpstreamError) return error
  const message = error instanceof AggregateError ? String(error.errors[0]?.message ?? error.message) : messageOf(error)
  return new UpstreamError(faultOf(error, fallback), message, { wrote, cause: error })
}

/** Some of undici's words are about its own code. */
const words: Readonly<Record<string, string>> = {
  'bad response': 'it answers before it is asked, or with a 100 too many',
  'bad upgrade': 'it switches protocols unasked',
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message } = error
  if (name === 'AssertionError') return 'what it sends begins no reply'
  // Response does not match the HTTP/1.1 protocol (Invalid character in chunk size)
  if (name === 'HTTPParserError') return /\((.+)\)$/.exec(message)?.[1] ?? message
  return words[message] ?? message
}

/** nghttp2 takes a header section in nine frames at most, and says so in words only. */
function isTooLarge(error: unknown): boolean {
  return /CONTINUATION/.test(String((error as Partial<Error> | null)?.message))
}

/** undici says some of it in words only: bytes that no reply can begin with, and what its parser refuses. */
function isParserFault(error: unknown): boolean {
  const { name, message } = (error ?? {}) as Partial<Error>
  return name === 'HTTPParserError' || name === 'AssertionError' || /^bad (?:response|upgrade)$/.test(message ?? '')
}
