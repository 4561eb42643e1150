import { ServeError } from '../../core/serve-error.ts'
import type { ErrorCode } from '../../core/codes.ts'
import type { UpstreamFault } from '../types.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'

interface Wording {
  readonly code: ErrorCode
  /** For the access log. */
  readonly reason: string
  /** The sentence about an upstream such as `localhost:3000 (route /api)`, without its full stop. */
  readonly sentence: (upstream: string) => string
  /** What to do about it; by the label of the upstream where the scheme of its route matters. */
  readonly hint: string | ((label: string) => string)
}

const wordings: Readonly<Record<UpstreamFault, Wording>> = {
  refused: {
    code: 'E8008_UPSTREAM_REFUSED',
    reason: 'refused',
    sentence: (who) => `No server listens on ${who}`,
    hint: 'start that server, or correct the address of the route',
  },
  unreachable: {
    code: 'E8008_UPSTREAM_UNREACHABLE',
    reason: 'unreachable',
    sentence: (who) => `${who} cannot be reached`,
    hint: 'check the host name and the network',
  },
  'forbidden-address': {
    code: 'E8008_UPSTREAM_FORBIDDEN',
    reason: 'forbidden address',
    sentence: (who) => `${who} resolves to an address that the proxy does not connect to`,
    hint: 'its name resolves to a link-local or unspecified address; to allow it, put the IP address into the route',
  },
  'connect-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    sentence: (who) => `${who} did not accept the connection in time`,
    hint: 'the upstream may be overloaded; raise timeouts.connectMs of the route',
  },
  tls: {
    code: 'E8008_UPSTREAM_TLS',
    reason: 'certificate',
    sentence: (who) => `${who} has no trusted certificate, or does not use TLS`,
    hint:
      'to trust it, name its certificate or authority in tls.ca of the route in a config file: tls: { ca: "ca.pem" }, or ' +
      'put NODE_EXTRA_CA_CERTS=ca.pem in front of the command. An upstream of this machine may stay unchecked: end the ' +
      'target with ,insecure',
  },
  'headers-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    sentence: (who) => `${who} did not answer in time`,
    hint: 'raise --timeout, or timeouts.headersMs (upgradeMs for a WebSocket) of the route',
  },
  'body-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    sentence: (who) => `${who} stopped in the middle of its reply`,
    hint: 'raise --timeout, or timeouts.bodyIdleMs of the route',
  },
  'total-timeout': {
    code: 'E8008_UPSTREAM_TIMEOUT',
    reason: 'timeout',
    sentence: (who) => `${who} took too long`,
    hint: 'raise timeouts.totalMs of the route',
  },
  reset: {
    code: 'E8008_UPSTREAM_RESET',
    reason: 'reset',
    sentence: (who) => `${who} closed the connection before its reply was complete`,
    hint: (label) => `check the log of the upstream${otherScheme(label)}`,
  },
  left: {
    code: 'E8008_UPSTREAM_RESET',
    reason: 'client disconnected',
    sentence: (who) => `The request to ${who} was cancelled`,
    hint: 'the client disconnected',
  },
  'headers-too-large': {
    code: 'E8008_UPSTREAM_PROTOCOL',
    reason: 'header section too large',
    sentence: (who) => `The header section of the reply of ${who} is larger than limits.replyHeaderBytes`,
    hint: 'raise it with --limit replyHeaderBytes=1048576; HTTP/2 allows 64 KiB for one field and about 128 KiB in all',
  },
  'queue-full': {
    code: 'E8008_UPSTREAM_BUSY',
    reason: 'queue full',
    sentence: (who) => `Too many requests wait for ${who}`,
    hint: 'see why the upstream is slow; limits.upstreamConnections and queuedRequests bound what it gets',
  },
  'queue-timeout': {
    code: 'E8008_UPSTREAM_BUSY',
    reason: 'waited too long',
    sentence: (who) => `No connection to ${who} became free in time`,
    hint: 'see why the upstream is slow; limits.upstreamConnections and queueMs bound what waits for it',
  },
  protocol: {
    code: 'E8008_UPSTREAM_PROTOCOL',
    reason: 'not HTTP',
    sentence: (who) => `The reply of ${who} is not HTTP`,
    hint: 'the upstream may not be an HTTP server, or may need https:// or h2c:// in the route',
  },
  'no-http2': {
    code: 'E8008_UPSTREAM_PROTOCOL',
    reason: 'not HTTP/2',
    sentence: (who) => `${who} does not use HTTP/2`,
    hint: (label) => `for HTTP/1.1 put ${label.startsWith('h2:') ? 'https' : 'http'}:// into the route`,
  },
}

/** Without TLS or HTTP/2 on the right side, some upstreams close the connection and send nothing. */
function otherScheme(label: string): string {
  if (/^(?:https|h2):/.test(label)) return ''
  return label.startsWith('h2c:')
    ? '; if it uses HTTP/1.1, put http:// into the route'
    : '; if it uses TLS, put https:// into the route'
}

/** The chain of the certificate is trusted, so more authorities do not help. */
function wrongName(error: UpstreamError): Wording {
  const { cert } = error.cause as { readonly cert?: { readonly subjectaltname?: string } }
  const [, name = 'api.test'] = /(?:^|, )DNS:([a-z0-9][a-z0-9.-]*)(?:$|,)/i.exec(cert?.subjectaltname ?? '') ?? []
  return {
    code: 'E8008_UPSTREAM_TLS',
    reason: 'certificate for another name',
    sentence: (who) => `The certificate of ${who} is for another name`,
    hint: `put a name of the certificate into the route, or expect it there: tls: { servername: "${name}" }`,
  }
}

const foreignAuthority = 'has a certificate of an authority that is not trusted'
/** What is wrong with a certificate, by the code of the error. */
const distrusted: ReadonlyMap<unknown, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'has a self-signed certificate, which is not trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', foreignAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', foreignAuthority],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', foreignAuthority],
  ['CERT_HAS_EXPIRED', 'has a certificate that has expired'],
])

const clearText: Wording = {
  code: 'E8008_UPSTREAM_TLS',
  reason: 'no TLS',
  sentence: (who) => `${who} does not use TLS`,
  hint: 'put http:// into the route, or the port that uses TLS',
}

const unknownName: Wording = {
  code: 'E8008_UPSTREAM_UNREACHABLE',
  reason: 'unknown name',
  sentence: (who) => `The name of ${who} cannot be resolved`,
  hint: 'check the spelling; container names resolve only in their own network: use localhost and the published port',
}

/** OpenSSL reads the first bytes of a server without TLS as a record of an unknown version. */
function isClearText({ fault, message }: UpstreamError): boolean {
  return fault === 'tls' && /wrong version number|packet length too long|unknown protocol/i.test(message)
}

/** Faults whose message adds details to the sentence. */
const detailed: ReadonlySet<UpstreamFault> = new Set(['forbidden-address', 'protocol', 'tls'])

function wordingOf(error: UpstreamError): Wording {
  if (isClearText(error)) return clearText
  const code = codeOf(error.cause)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error)
  const why = distrusted.get(code)
  if (why !== undefined) return { ...wordings.tls, sentence: (who) => `${who} ${why}` }
  return code === 'ENOTFOUND' ? unknownName : wordings[error.fault]
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

/** Why an upstream gave no response, in a few words for the access log. */
export function faultReason(error: UpstreamError): string {
  return wordingOf(error).reason
}

/** The error that the client gets for the fault of an upstream. @param advice Replaces the usual hint. */
export function gatewayError(error: UpstreamError, route: string, upstream: string, advice?: string): ServeError {
  const { code, sentence, hint } = wordingOf(error)
  const isDetailed = detailed.has(error.fault) && !isClearText(error) && !distrusted.has(codeOf(error.cause))
  const detail = isDetailed ? ` (${error.message})` : ''
  return new ServeError(code, `${sentence(`${upstream} (route ${route})`)}${detail}.`, {
    hint: advice ?? (typeof hint === 'string' ? hint : hint(upstream)),
    headers: code === 'E8008_UPSTREAM_BUSY' ? ['Retry-After', '1'] : [],
    cause: error,
  })
}
