import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority } from '../message/authority.ts'
import { connectionFields } from '../message/field-classes.ts'
import { isToken, isFieldValue, type HeaderList } from '../message/headers.ts'
import { parseRequestTarget, type RequestTarget } from '../message/request-target.ts'

/** What a header section of HTTP/2 says, in the terms of an exchange. */
export interface Http2Head {
  readonly method: string
  readonly target: RequestTarget
  /** `Host` first, made of `:authority`; then the other fields as received, `Cookie` in one piece. */
  readonly headers: HeaderList
  /** What an extended CONNECT (RFC 8441) asks for, else undefined. */
  readonly protocol: string | undefined
  /** Why the message is malformed (RFC 9113 section 8.1.1), else undefined. */
  readonly fault: ServeError | undefined
}

/**
 * Bytes of a header section that may be sent. Node's own 64 KiB would reset the stream in place of a reply, without
 * a word to either side; what a section may have is bounded where it is received.
 */
export const maxSendHeaderBlockLength: number = 2 ** 31 - 1

const known: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':protocol'])

/**
 * Reads a header section. Node refuses much of what is malformed itself, by resetting the stream; but its strictness
 * has changed between releases, and these fields go on to servers that believe them, so every rule is applied here.
 *
 * @param raw Name, value, name, value, pseudo-fields included.
 * @param isEncrypted Whether the connection is under TLS, as `:scheme` has to say.
 */
export function readHttp2Head(raw: HeaderList, isEncrypted: boolean): Http2Head {
  const pseudo = new Map<string, string>()
  const fields: string[] = []
  const hosts: string[] = []
  const cookies: string[] = []
  let problem: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const [name, text] = [raw[i] as string, raw[i + 1] as string]
    if (!isFieldValue(text)) problem ??= 'A field has a value that no field may have.'
    if (name.startsWith(':')) {
      if (fields.length + hosts.length + cookies.length > 0) problem ??= 'A pseudo-field stands behind a field.'
      if (!known.has(name)) problem ??= 'There is a pseudo-field that no request has.'
      if (pseudo.has(name)) problem ??= 'A pseudo-field is there twice.'
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
  // RFC 9113 section 8.2.3: it was cut up for the sake of compression.
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
  if (!isToken(name) || name !== name.toLowerCase()) return 'A field has a name that no field may have.'
  if (connectionFields.has(name)) return `The field ${name} does not exist in HTTP/2.`
  if (name === 'te' && text.toLowerCase() !== 'trailers') return 'TE may only name trailers in HTTP/2.'
  return undefined
}

function pseudoProblem(pseudo: ReadonlyMap<string, string>, method: string): string | undefined {
  if (!isToken(method)) return 'The request has no valid :method.'
  const isConnect = method === 'CONNECT'
  if (pseudo.has(':protocol') && !isConnect) return 'Only a CONNECT has a :protocol.'
  // RFC 9113 section 8.5, RFC 8441 section 4.
  if (isConnect && !pseudo.has(':protocol')) {
    return pseudo.has(':path') || pseudo.has(':scheme') ? 'A CONNECT has neither :path nor :scheme.' : undefined
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

/** Both are kept when they differ: the guard refuses two. */
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
    return new ServeError('E8008_TARGET_INVALID', 'The :scheme is not the one of this connection.')
  }
  // There is no absolute form in HTTP/2: a path that looks like one would be taken for another authority further on.
  if (form === 'absolute' || (raw.startsWith('*') && raw !== '*')) {
    return new ServeError('E8008_TARGET_INVALID', 'The :path must start with a slash.')
  }
  if (protocol !== undefined && protocol !== 'websocket') {
    // RFC 9220 section 3.
    return new ServeError('E8008_NOT_IMPLEMENTED', 'The only :protocol understood here is websocket.')
  }
  return undefined
}

function malformed(message: string): ServeError {
  return new ServeError('E8008_MALFORMED', message)
}
