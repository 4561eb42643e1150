import { isSecretName, redactAuthority, redactUrl } from '../../core/util/secret.ts'
import type { HeaderList } from '../../http/message/headers.ts'
import { redactShapes } from './shapes.ts'
import type { KnownSecrets } from './marks.ts'

/** Schemes of authentication, which are no secrets (RFC 9110 section 11.1). */
const scheme = /^(\s*[a-z][a-z0-9-]{1,24})\s+(\S.*)$/is
/** Schemes that carry a secret, in a field of any name. */
const credentials =
  /^\s*(?:basic|bearer|digest|negotiate|token|api-?key|aws4-[a-z0-9-]+|dpop|hawk|ntlm|sharedkey|vapid)\s+\S/i

/** Fields without the values that carry secrets. Names stay, and so do names and attributes of cookies. */
export function redactFieldList(fields: HeaderList, known: KnownSecrets): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text : redactValue(fields[i - 1] ?? '', text, known)))
}

function redactValue(name: string, value: string, known: KnownSecrets): string {
  const { mark } = known
  switch (name.toLowerCase()) {
    case 'cookie':
      return value
        .split(';')
        .map((pair) => redactPair(pair, known))
        .join(';')
    case 'set-cookie': {
      // By name, never by shape: a session looks like any text.
      const [pair = '', ...attributes] = value.split(';')
      return [redactPair(pair, known), ...attributes].join(';')
    }
    case 'authorization':
    case 'proxy-authorization':
      return redactCredentials(value, known)
    case 'host':
      return redactAuthority(value, mark)
    case 'sec-websocket-protocol':
      // Pages cannot set fields of a handshake, so some send their token as a protocol.
      return value.replace(/[^,\s]{20,}/g, (text) => (/\d/.test(text) ? mark(text) : text))
    case 'proxy-connection':
    case 'sec-websocket-key':
    case 'grpc-status-details-bin':
      return value
  }
  if (credentials.test(value)) return redactCredentials(value, known)
  // Binary metadata of gRPC says by its name only that it is binary.
  if (isSecretName(name) || /-bin$/i.test(name)) return mark(value)
  return redactShapes(redactUrl(value, mark), mark)
}

function redactPair(pair: string, { mark }: KnownSecrets): string {
  const [, name = '', value = ''] = /^(\s*[^=]*=)(.*)$/s.exec(pair) ?? []
  if (name === '') return pair.trim() === '' ? pair : mark(pair)
  const bare = /^\s*"(.*)"\s*$/s.exec(value)
  return name + (bare === null ? value.trim() && mark(value) : `"${bare[1] && mark(bare[1])}"`)
}

/** `Bearer [redacted:3fa9]`. The password of Basic is known from now on by itself too. */
function redactCredentials(value: string, known: KnownSecrets): string {
  const [, name = '', secret = ''] = scheme.exec(value) ?? []
  if (secret === '') return known.mark(value)
  if (/^\s*basic$/i.test(name)) {
    const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(secret, 'base64').toString()) ?? []
    if (password !== '') known.mark(password)
  }
  return `${name} ${known.mark(secret)}`
}
