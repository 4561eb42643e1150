/** Replaces the value of a secret. */
export const hidden = '…'

/**
 * The names of secrets, of fields as of parameters: whole names, then ends of names. Compared in lower case without
 * punctuation, a leading `X-` and a trailing number: `access_token`, `accessToken` and `X-Access-Token-2` are the same.
 */
const secretName =
  /^(?:key|code|sig|pass|pwd|pin|jwt|otp|sid|session|ticket|proxy.+)$|(?:auth|authorization|cookie|token|secret|password|passwd|passphrase|passcode|signature|credential|sessionid|(?:api|access|auth|private|secret|shared|signing|subscription)(?:key|code|keyid))s?$/

/** Schemes of authentication that carry a secret (RFC 9110 section 11), in a field of any name. */
const credentials = /(^|[\s:="'])(basic|bearer|digest|negotiate|token)\s+\S.*$/is

/** The name of a parameter in a URL, and of a parameter or field in any text. */
const parameter = /[?&;#]([^=&;?#]*)=/g
const assignment = /(?<=^|[\s?&;#,{"'=:])([^\s=:&;?#,{"']+)["']?\s*[=:]\s*["']?/g

/** Whether the name of a parameter or a field suggests a token, a key or a password. */
export function isSecretName(name: string): boolean {
  return secretName.test(
    decoded(name)
      .replace(/^x[-_]/i, '')
      .replace(/[^a-z0-9]|\d+$/gi, '')
      .toLowerCase(),
  )
}

/** Fields as a flat list, without the values that carry credentials, whole or in a URL. */
export function redactFields(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 1 ? redactField(fields[i - 1] ?? '', text) : text))
}

/** The value of a field; {@link hidden} where it carries credentials. */
export function redactField(name: string, value: string): string {
  return isSecretName(name) || credentials.exec(value.trim())?.index === 0 ? hidden : redactUrl(value)
}

/**
 * A request-target, a Referer or another URL without secrets: values of query and fragment parameters with the name of a
 * token, key or password, and the userinfo of an absolute URL.
 */
export function redactUrl(url: string): string {
  const bare = url.startsWith('/') ? url : url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${hidden}@`)
  return /[?#]/.test(bare) ? redactParameters(bare, parameter, hidden) : bare
}

/** An authority (`Host`, or the target of a CONNECT) without its userinfo. */
export function redactAuthority(authority: string): string {
  const at = authority.lastIndexOf('@')
  return at === -1 ? authority : `${hidden}${authority.slice(at)}`
}

/**
 * A value that is not what it should be, for a message: a URL with a typing error, a field without its colon. It loses all
 * that may be a secret, and perhaps more.
 */
export function redactText(text: string, user: string = hidden, value: string = hidden): string {
  const bare = redactParameters(withoutUserinfo(text, user), assignment, value)
  return bare.replace(credentials, `$1$2 ${value}`)
}

/** A password may hold any character, also `/` and `@`: all is hidden from the scheme to the last `@`. */
function withoutUserinfo(text: string, mark: string): string {
  const end = text.lastIndexOf('@')
  const before = text.slice(0, Math.max(end, 0))
  const scheme = /:\/+|\/\/+/.exec(before)
  const isPath = scheme === null && before.includes('/') && !/:\S/.test(before)
  if (before === '' || isPath || isWithoutUser(text)) return text
  const start = scheme === null ? 0 : scheme.index + scheme[0].length
  return start === end ? text : text.slice(0, start) + mark + text.slice(end)
}

function isWithoutUser(text: string): boolean {
  return URL.canParse(text) && /^[a-z]+:\/\/[^/?#@]*\//i.test(text) && new URL(text).username === ''
}

function redactParameters(text: string, name: RegExp, mark: string): string {
  let result = ''
  let from = 0
  name.lastIndex = 0
  for (let match = name.exec(text); match !== null; match = name.exec(text)) {
    if (!isSecretName(match[1] as string)) continue
    // Only `&` and `#` end the value: `;` and `?` are part of the secret.
    const value = name.lastIndex
    const length = text.slice(value).search(/[&#]/)
    const end = length === -1 ? text.length : value + length
    result += text.slice(from, value) + (end > value ? mark : '')
    from = end
    name.lastIndex = end
  }
  return result + text.slice(from)
}

/** A name may be percent-encoded (`%74oken`) to evade the check; an invalid encoding is used as it is. */
function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
