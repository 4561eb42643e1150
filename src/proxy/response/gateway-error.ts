import { ServeError } from '../../core/serve-error.ts'
import type { ErrorCode } from '../../core/codes.ts'
import type { UpstreamFault } from '../types.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'

interface Wording {
  readonly code: ErrorCode
  /** As a log line says it. */
  readonly reason: string
  /** The sentence about it, such as `localhost:3000 (route /api)`. */
  readonly says: (upstream: string) => string
  readonly hint: string
}

const wordings: Readonly<Record<UpstreamFault, Wording>> = {
  refused: {
    code: 'E8008_UPSTREAM_REFUSED',
    reason: 'refused',
    says: (who) => `Nothing is listening on ${who}`,
    hint: 'start that server, or correct the address',
  },
  unreachable: {
    code: 'E8008_UPSTREAM_UNREACHABLE',
    reason: 'unreachable',
    says: (who) => `${who} cannot be reached`,
    hint: 'check its name and the network',
  },
  'forbidden-address': {
    code: 'E8008_UPSTREAM_FORBIDDEN',
    reason: 'forbidden address',
    says: (who) => `${who} has an address that is never connected to`,
    hint: 'its name leads to a link-local or unspecified address; configure the address itself if that is meant',
  },
  'connect-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    says: (who) => `${who} did not accept the connection in time`,
    hint: 'is it overloaded? a longer timeouts.connectMs of the route waits longer',
  },
  tls: {
    code: 'E8008_UPSTREAM_TLS',
    reason: 'certificate',
    says: (who) => `${who} has no certificate that can be trusted, or speaks no TLS`,
    hint:
      'if you trust it, name its certificate or its authority in the route of a config file: tls: { ca: "ca.pem" }; ' +
      'without one start with NODE_EXTRA_CA_CERTS=ca.pem, or for another serve8008 "$(serve8008 trust --ca)"',
  },
  'headers-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    says: (who) => `${who} did not answer in time`,
    hint: 'a longer --timeout, or timeouts.headersMs (upgradeMs for a WebSocket) of the route, waits longer',
  },
  'body-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    says: (who) => `${who} stopped in the middle of its reply`,
    hint: 'a longer --timeout, or timeouts.bodyIdleMs of the route, waits longer',
  },
  'total-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    says: (who) => `${who} took too long`,
    hint: 'a longer timeouts.totalMs of the route waits longer',
  },
  reset: {
    code: 'E8008_UPSTREAM_RESET',
    reason: 'reset',
    says: (who) => `${who} closed the connection before its reply was complete`,
    hint: 'its own log may say why; if it speaks TLS, its address begins with https://',
  },
  left: {
    code: 'E8008_UPSTREAM_RESET',
    reason: 'client left',
    says: (who) => `${who} was not needed any more`,
    hint: 'the client left',
  },
  'headers-too-large': {
    code: 'E8008_UPSTREAM_PROTOCOL',
    reason: 'header section too large',
    says: (who) => `The header section of the reply of ${who} is larger than limits.replyHeaderBytes`,
    hint: 'raise it with --limit replyHeaderBytes=1048576; HTTP/2 takes 64 KiB for a field and about 128 KiB in all',
  },
  protocol: {
    code: 'E8008_UPSTREAM_PROTOCOL',
    reason: 'not HTTP',
    says: (who) => `The reply of ${who} is not HTTP`,
    hint: 'does another protocol live on that port?',
  },
}

const clearText: Wording = {
  code: 'E8008_UPSTREAM_TLS',
  reason: 'no TLS',
  says: (who) => `${who} speaks no TLS`,
  hint: 'its address begins with http://, or another port has TLS',
}

const unknownName: Wording = {
  code: 'E8008_UPSTREAM_UNREACHABLE',
  reason: 'unknown name',
  says: (who) => `Nobody knows the name of ${who}`,
  hint: 'check its spelling; names of containers are known in their network alone, and localhost:PORT is what they publish',
}

/** OpenSSL takes the first bytes of a server without TLS for a record of an unknown version. */
function isClearText({ fault, message }: UpstreamError): boolean {
  return fault === 'tls' && /wrong version number|packet length too long|unknown protocol/i.test(message)
}

/** Faults whose message says more than their wording. */
const detailed: ReadonlySet<UpstreamFault> = new Set(['forbidden-address', 'protocol', 'tls'])

function wordingOf(error: UpstreamError): Wording {
  if (isClearText(error)) return clearText
  return codeOf(error.cause) === 'ENOTFOUND' ? unknownName : wordings[error.fault]
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

/** Why an upstream did not answer, in a word or two for a log line. */
export function faultReason(error: UpstreamError): string {
  return wordingOf(error).reason
}

/** What the client gets to know of an upstream's fault. */
export function gatewayError(error: UpstreamError, route: string, upstream: string, advice?: string): ServeError {
  const { code, says, hint } = wordingOf(error)
  const isDetailed = detailed.has(error.fault) && !isClearText(error)
  const detail = isDetailed ? ` (${error.message})` : ''
  return new ServeError(code, `${says(`${upstream} (route ${route})`)}${detail}.`, {
    hint: advice ?? hint,
    cause: error,
  })
}
