import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority } from '../message/authority.ts'
import { connectionFields } from '../message/field-classes.ts'
import { isToken, isFieldValue, type HeaderList } from '../message/headers.ts'
import { parseRequestTarget, type RequestTarget } from '../message/request-target.ts'

/** A header section of HTTP/2, in the terms of an exchange. */
export interface Http2Head {
  readonly method: string
  readonly target: RequestTarget
  /** `Host` from `:authority` first; then the other fields as received, `Cookie` joined. */
  readonly headers: HeaderList
  /** The `:protocol` of an extended CONNECT (RFC 8441), else undefined. */
  readonly protocol: string | undefined
  /** Why the message is malformed (RFC 9113 section 8.1.1), else undefined. */
  readonly fault: ServeError | undefined
}

/**
 * Bytes of a header section that may be sent. With Node's default, 64 KiB, a larger one resets the stream without an
 * error; header sections are bounded where they are received.
 */
export const maxSendHeaderBlockLength: number = 2 ** 31 - 1

const known: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':protocol'])

/**
 * Reads a header section. Node resets the stream for most malformed ones, but its strictness differs between releases,
 * and upstreams trust these fields, so every rule is applied here.
 *
 * @param raw Name, value, name, value, pseudo-fields included.
 * @param isEncrypted Whether the connection uses TLS; `:scheme` must agree.
 */
export function readHttp2Head(raw: HeaderList, isEncrypted: boolean): Http2Head {
  const pseudo = new Map<string, string>()
  const fields: string[] = []
  const hosts: string[] = []
  const cookies: string[] = []
  let problem: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const [name, text] = [raw[i] as string, raw[i + 1] as string]
    if (!isFieldValue(text)) problem ??= 'A field has an invalid value.'
    if (name.startsWith(':')) {
      if (fields.length + hosts.length + cookies.length > 0) problem ??= 'A pseudo-field follows a field.'
      if (!known.has(name)) problem ??= 'The request has an unknown pseudo-field.'
      if (pseudo.has(name)) problem ??= 'A pseudo-field is repeated.'
      pseudo.set(name, text)
      continue
    }
    problem ??= fieldProblem(name, text)
    if (name === 'host') hosts.push(text)
    else if (name === 'cookie') cookies.push(text)
    else fields.push(name, text)
  }
  const method = pseudo.get(':method') ?? ''
  const protocol = pseudo.get(':protocol')
  const authority = pseudo.get(':authority')
  problem ??= pseudoProblem(pseudo, method)
  const target = targetOf(pseudo, method)
  // RFC 9113 section 8.2.3: clients split the field for better compression.
  if (cookies.length > 0) fields.push('cookie', cookies.join('; '))
  return {
    method: protocol === undefined ? method : 'GET',
    target,
    headers: [...hostFields(authority, hosts), ...fields],
    protocol,
    fault: problem === undefined ? unsupportedRequest(target, protocol, isEncrypted) : malformed(problem),
  }
}

function fieldProblem(name: string, text: string): string | undefined {
  if (!isToken(name) || name !== name.toLowerCase()) return 'A field has an invalid name.'
  if (connectionFields.has(name)) return `HTTP/2 forbids the field ${name}.`
  if (name === 'te' && text.toLowerCase() !== 'trailers') return 'In HTTP/2 the only value of TE is trailers.'
  return undefined
}

function pseudoProblem(pseudo: ReadonlyMap<string, string>, method: string): string | undefined {
  if (!isToken(method)) return 'The request has no valid :method.'
  const isConnect = method === 'CONNECT'
  if (pseudo.has(':protocol') && !isConnect) return 'Only CONNECT may have :protocol.'
  // RFC 9113 section 8.5, RFC 8441 section 4.
  if (isConnect && !pseudo.has(':protocol')) {
    return pseudo.has(':path') || pseudo.has(':scheme') ? 'CONNECT must not have :path or :scheme.' : undefined
  }
  if (!pseudo.has(':scheme') || (pseudo.get(':path') ?? '') === '') return 'The request has no :path or no :scheme.'
  return undefined
}

function targetOf(pseudo: ReadonlyMap<string, string>, method: string): RequestTarget {
  if (method === 'CONNECT' && !pseudo.has(':protocol'))
    return parseRequestTarget(method, pseudo.get(':authority') ?? '')
  const path = pseudo.get(':path') ?? ''
  return {
    ...parseRequestTarget(method === 'CONNECT' ? 'GET' : method, path),
    scheme: pseudo.get(':scheme')?.toLowerCase(),
  }
}

/** Keeps a `Host` that differs from `:authority`, so that the guard refuses the two. */
function hostFields(authority: string | undefined, hosts: readonly string[]): string[] {
  const given =
    authority === undefined ? hosts : [authority, ...hosts.filter((host) => !isSameAuthority(host, authority))]
  return given.flatMap((host) => ['Host', host])
}

function isSameAuthority(a: string, b: string): boolean {
  const [one, other] = [parseAuthority(a), parseAuthority(b)]
  return one !== undefined && one.hostname === other?.hostname && one.port === other.port
}

function unsupportedRequest({ form, raw, scheme }: RequestTarget, protocol: string | undefined, isEncrypted: boolean) {
  if (form === 'authority') return undefined
  if (scheme !== (isEncrypted ? 'https' : 'http')) {
    return new ServeError(
      'E8008_TARGET_INVALID',
      `The :scheme must be ${isEncrypted ? 'https' : 'http'} on this connection.`,
    )
  }
  // HTTP/2 has no absolute form: an upstream would read such a path as another authority.
  if (form === 'absolute' || (raw.startsWith('*') && raw !== '*')) {
    return new ServeError('E8008_TARGET_INVALID', 'The :path must start with a slash.')
  }
  if (protocol !== undefined && protocol !== 'websocket') {
    // RFC 9220 section 3.
    return new ServeError('E8008_NOT_IMPLEMENTED', 'The only supported :protocol is websocket.')
  }
  return undefined
}

function malformed(message: string): ServeError {
  return new ServeError('E8008_MALFORMED', message)
}
