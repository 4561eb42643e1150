import { isSecretName, redactAuthority } from '../../core/util/secret.ts'
import type { HeaderList } from '../../http/message/headers.ts'
import { redactAddress, redactJson } from './json.ts'
import { redactShapes, type MarkSecret } from './shapes.ts'
import type { KnownSecrets, Redactor } from './marks.ts'

/** Schemes of authentication, which are no secrets (RFC 9110 section 11.1). */
const scheme = /^(\s*[a-z][a-z0-9-]{1,24})\s+(\S.*)$/is
/** Schemes that carry a secret, in a field of any name. */
const credentials =
  /^\s*(?:basic|bearer|digest|negotiate|token|api-?key|aws4-[a-z0-9-]+|dpop|hawk|ntlm|sharedkey|vapid)\s+\S/i

/** Fields of credentials whose names do not say so: of gateways, clouds and services, and copies of `Authorization`. */
const credentialField =
  /^(?:(?:x-ms-)?authorization-.+|authentication-info|x-ms-client-principal|x-amzn-oidc-data|x-firebase-appcheck|x-honeycomb-team|x-identity-header)$/i

/** A field that was redacted before. */
interface KnownField {
  readonly value: string
  readonly secrets: readonly string[]
}

/** Fields that are remembered, and the longest of them, in characters. Clients send the same ones with each request. */
const mostFields = 2000
const longestField = 1024
const remembered = new WeakMap<Redactor, FieldMemory>()

/** Fields by name, then by value. A map in order of use would cost more than what it saves. */
class FieldMemory {
  #count = 0
  readonly #fields = new Map<string, Map<string, KnownField>>()

  get(name: string, value: string): KnownField | undefined {
    return this.#fields.get(name)?.get(value)
  }

  set(name: string, value: string, field: KnownField): void {
    if (this.#count++ >= mostFields) {
      this.#fields.clear()
      this.#count = 0
    }
    const values = this.#fields.get(name) ?? new Map<string, KnownField>()
    this.#fields.set(name, values.set(value, field))
  }
}

/** Fields without the values that carry secrets. Names stay, and so do names and attributes of cookies. */
export function redactFieldList(fields: HeaderList, known: KnownSecrets): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text : redactKnown(fields[i - 1] ?? '', text, known)))
}

function redactKnown(name: string, value: string, known: KnownSecrets): string {
  if (value.length > longestField) return redactValue(name, value, known.mark)
  const { redactor } = known
  let memory = remembered.get(redactor)
  if (memory === undefined) remembered.set(redactor, (memory = new FieldMemory()))
  const before = memory.get(name, value)
  if (before !== undefined) {
    for (const secret of before.secrets) known.mark(secret)
    return before.value
  }
  const secrets: string[] = []
  const text = redactValue(name, value, (secret) => {
    secrets.push(secret)
    return known.mark(secret)
  })
  memory.set(name, value, { value: text, secrets })
  return text
}

function redactValue(name: string, value: string, mark: MarkSecret): string {
  switch (name.toLowerCase()) {
    case 'cookie':
      return value
        .split(';')
        .map((pair) => redactPair(pair, mark))
        .join(';')
    case 'set-cookie': {
      // By name, never by shape: a session looks like any text.
      const [pair = '', ...attributes] = value.split(';')
      return [redactPair(pair, mark), ...attributes].join(';')
    }
    case 'authorization':
    case 'proxy-authorization':
      return redactCredentials(value, mark)
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
  if (credentials.test(value)) return redactCredentials(value, mark)
  // Binary metadata of gRPC says by its name only that it is binary.
  if (isSecretName(name) || credentialField.test(name) || /-bin$/i.test(name)) return mark(value)
  if (/^\s*[{[]/.test(value)) return redactJson(value, mark, (text) => redactShapes(redactAddress(text, mark), mark))
  return redactShapes(redactAddress(value, mark), mark)
}

function redactPair(pair: string, mark: MarkSecret): string {
  const [, name = '', value = ''] = /^(\s*[^=]*=)(.*)$/s.exec(pair) ?? []
  if (name === '') return pair.trim() === '' ? pair : mark(pair)
  const bare = /^\s*"(.*)"\s*$/s.exec(value)
  return name + (bare === null ? value.trim() && mark(value) : `"${bare[1] && mark(bare[1])}"`)
}

/** `Bearer [redacted:3fa9]`. The password of Basic is known from now on by itself too. */
function redactCredentials(value: string, mark: MarkSecret): string {
  const [, name = '', secret = ''] = scheme.exec(value) ?? []
  if (secret === '') return mark(value)
  if (/^\s*basic$/i.test(name)) {
    const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(secret, 'base64').toString()) ?? []
    if (password !== '') mark(password)
  }
  return `${name} ${mark(secret)}`
}
