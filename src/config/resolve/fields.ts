import { parseAuthority } from '../../http/message/authority.ts'
import { forwardedFields, serverFields } from '../../http/message/field-classes.ts'
import { isToken, plainSpelling } from '../../http/message/headers.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { addField, flatten, type Fields } from '../values/headers.ts'
import type { ResolvedProxy } from '../kinds/proxy-types.ts'

type FieldOptions = Readonly<Record<string, string | false>>
type Rules = ResolvedProxy['requestFields']

/** The reason why a route may not set or remove a field. */
interface Reserved {
  readonly set?: string
  readonly remove?: string
}

/** Request fields that only this server may write. A route may replace others, such as `X-Forwarded-For`. */
const requestFields: ReadonlyMap<string, Reserved> = new Map([
  // RFC 9112 section 3.2: a request without it is malformed.
  ['host', { remove: 'every request has one' }],
  // RFC 9110 section 7.6.3.
  ['via', { set: 'loops are found by it', remove: 'loops are found by it' }],
  ['expect', { set: 'this server answers it itself' }],
  ['proxy', { set: 'CGI programs take it for their own proxy' }],
  ['http2-settings', { set: 'it belongs to one connection' }],
  ['sec-websocket-key', { set: 'the reply to it is checked', remove: 'the reply to it is checked' }],
])

/** Reply fields that only this server may write. */
const replyFields: ReadonlyMap<string, Reserved> = new Map([
  // RFC 9110 section 6.6.1.
  ['date', { remove: 'every reply of a server with a clock has one' }],
])

/** Compiles the rules for fields of requests to an upstream. */
export function resolveRequestFields(given: FieldOptions, path: readonly string[], problems: Problem[]): Rules {
  const rules = resolveFields(given, requestFields, path, problems)
  const at = rules.set.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  const host = at === -1 ? undefined : parseAuthority(rules.set[at + 1] as string)
  if (at !== -1 && (host === undefined || host.hostname === '')) {
    problems.push({
      path: [...path, rules.set[at] as string],
      message: `${quote(rules.set[at + 1])} is not a host`,
      hint: 'use a name with or without a port, such as app.example.test:8443',
    })
  }
  return rules
}

/** Checks the names of fields that a route forwards from untrusted clients. */
export function resolvePassHeaders(
  given: boolean | readonly string[],
  path: readonly string[],
  problems: Problem[],
): ResolvedProxy['passHeaders'] {
  if (typeof given === 'boolean') return given || []
  for (const name of given) {
    if (!isToken(name)) {
      problems.push({ path, message: `${quote(name)} is not a field name`, hint: 'use letters, digits and hyphens' })
    } else if (forwardedFields.has(name.toLowerCase())) {
      const hint = 'name the proxies that may set it: trust: ["10.0.0.0/8"]'
      problems.push({ path, message: `${quote(name)} is written by this server`, hint })
    }
  }
  return given.map((name) => name.toLowerCase())
}

/** Compiles the rules for fields of replies to clients. */
export function resolveReplyFields(given: FieldOptions, path: readonly string[], problems: Problem[]): Rules {
  return resolveFields(given, replyFields, path, problems)
}

/** Refuses reserved fields, and fields that frame the message, both to set and to remove. */
function resolveFields(
  given: FieldOptions,
  reserved: ReadonlyMap<string, Reserved>,
  path: readonly string[],
  problems: Problem[],
): Rules {
  const set: Fields = new Map()
  const remove: string[] = []
  for (const [name, value] of Object.entries(given)) {
    const at = [...path, name]
    const lower = name.toLowerCase()
    const plain = plainSpelling(lower)
    const reason = reserved.get(plain)?.[value === false ? 'remove' : 'set']
    if (reason !== undefined) {
      problems.push({ path: at, message: `${quote(name)} is the server's own: ${reason}`, hint: 'leave it out' })
    } else if (value !== false) addField(set, name, value, at, problems)
    else if (!isToken(name) || serverFields.has(plain)) addField(new Map(), name, '', at, problems)
    else remove.push(lower)
  }
  return { set: flatten(set), remove }
}
