/** Replaces the value of a secret. */
export const hidden = '…'

/** What stands for a secret: a text, or one that follows from the secret. */
export type Mark = string | ((secret: string) => string)

function markOf(mark: Mark, secret: string): string {
  return typeof mark === 'string' ? mark : mark(secret)
}

/**
 * The names of secrets, of fields as of parameters: whole names, then ends of names. Compared in lower case without
 * punctuation, a leading `X-` and a trailing number: `access_token`, `accessToken` and `X-Access-Token-2` are the same.
 */
const secretName =
  /^(?:code|session|proxy.+|[cx]srf.*)$|(?:auth(?:[nz]|orization|entication)?|cookie|token|secret|pass(?:word|wd|phrase|code)|signature|credential|sess(?:ion)?id|assertion|samlresponse|hmac(?:sha)?|dpop|(?:api|access|auth|private|secret|shared|signing|subscription|otp)(?:key|code|keyid))s?$/
/** The last word of the name of a secret: `X-User-Pass` is one, and `bypass` is none. */
const secretWord = /(?:^|[^a-z])(?:key|sig|pass|pwd?|pin|jwt|otp|sid|bearer)s?[^a-z]*$/i

/** Schemes of authentication that carry a secret (RFC 9110 section 11), in a field of any name. */
const credentials =
  /(^|[\s:="'])(basic|bearer|digest|negotiate|token|api-?key|aws4-[a-z0-9-]+|dpop|hawk|ntlm|sharedkey|vapid)\s+\S.*$/is

/**
 * The name of a parameter in a URL, and of a parameter or field in any text. A URL in a parameter is encoded, perhaps more
 * than once, so an encoded delimiter (`%3D`, `%253D`) is one.
 */
const parameter = /(?:[?&;#]|%(?:25)*(?:3f|26|3b|23))((?:(?!%(?:25)*(?:3f|26|3b|23|3d))[^=&;?#])*)(?:=|%(?:25)*3d)/gi
const assignment = /(?<=^|[\s?&;#,{"'=:])([^\s=:&;?#,{"']+)["']?\s*[=:]\s*["']?/g

/** The userinfo of each URL in a text, after the slashes: to the last `@` of the authority. */
const userinfo =
  /((?:(?::|%(?:25)*3a)(?:[/\\]|%(?:25)*(?:2f|5c))+|^[/\\]{2,}))(?:(?!%(?:25)*(?:2f|5c|3f|23))[^/\\?#\s<>])+(@|%(?:25)*40)/gi

/** Whether the name of a parameter or a field suggests a token, a key or a password, as `tokens` in `tokens[a]` does. */
export function isSecretName(name: string): boolean {
  const parts = decoded(decoded(name))
    .replace(/^x[-_]/i, '')
    .split(/[[\]]+/)
  return [...parts, parts.join('')].some(isSecretPart)
}

function isSecretPart(name: string): boolean {
  const plain = name.replace(/[^a-z0-9]|\d+$/gi, '').toLowerCase()
  return secretName.test(plain) || secretWord.test(name.replace(/([a-z])(?=[A-Z])/g, '$1-'))
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
 * A request-target, a Referer or another URL without secrets: values of path, query and fragment parameters with the name
 * of a token, key or password, and the userinfo, also those of URLs within it.
 */
export function redactUrl(url: string, mark: Mark = hidden): string {
  // A password with a slash in it makes a URL that cannot be parsed.
  const isBroken = url.includes('@') && /^[a-z][a-z0-9+.-]*:[/\\]/i.test(url) && !URL.canParse(url)
  return redactParts(isBroken ? withoutUserinfo(url, mark) : url, mark, mark)
}

function redactParts(text: string, user: Mark, value: Mark): string {
  const bare = /@|%(?:25)*40/.test(text)
    ? text.replace(userinfo, (all, start: string, end: string) => {
        return start + markOf(user, all.slice(start.length, all.length - end.length)) + end
      })
    : text
  return /[?#;%]/.test(bare) ? redactParameters(bare, parameter, value) : bare
}

/** An authority (`Host`, or the target of a CONNECT) without its userinfo. */
export function redactAuthority(authority: string, mark: Mark = hidden): string {
  return authority.replace(/^.+(?=@|%(?:25)*40)/is, (user) => markOf(mark, user))
}

/** The port of an authority where it is no number: perhaps the password of a userinfo whose end is missing. */
const wrongPort = /(:\/\/[^/?#@:[\]\s]*:)(?!\d*(?:[/?#,\s]|$))(?!:|[^/?#\s]*(?:@|%(?:25)*40))[^/?#\s]+/gi
/** A part of a query that is no parameter. */
const bareQuery = /([?#])[^=&#?\s]+(?=[&#?\s]|$)/g

/**
 * A value that is not what it should be, for a message: a URL with a typing error, a field without its colon. It loses all
 * that may be a secret, and perhaps more.
 */
export function redactText(text: string, user: string = hidden, value: string = hidden): string {
  const bare = redactParts(withoutUserinfo(text, user), user, value).replace(wrongPort, `$1${value}`)
  const whole = bare.includes('://') ? bare.replace(bareQuery, `$1${value}`) : bare
  return redactParameters(whole, assignment, value).replace(credentials, `$1$2 ${value}`)
}

/** The path of a password file, where a user and a password may stand by mistake. */
export function redactPath(path: string): string {
  return redactText(path).replace(/([^/\\]+:)(?![/\\]).+$/s, `$1${hidden}`)
}

/** A password may hold any character, also `/` and `@`: all is hidden from the scheme to the last `@`. */
function withoutUserinfo(text: string, mark: Mark): string {
  const end = text.lastIndexOf('@')
  const before = text.slice(0, Math.max(end, 0))
  const scheme = /:\/+|\/\/+/.exec(before)
  const isPath = scheme === null && before.includes('/') && !/:\S/.test(before)
  if (before === '' || isPath || isWithoutUser(text)) return text
  const start = scheme === null ? 0 : scheme.index + scheme[0].length
  return start === end ? text : text.slice(0, start) + markOf(mark, text.slice(start, end)) + text.slice(end)
}

function isWithoutUser(text: string): boolean {
  return URL.canParse(text) && /^[a-z]+:\/\/[^/?#@]*\//i.test(text) && new URL(text).username === ''
}

function redactParameters(text: string, name: RegExp, mark: Mark): string {
  let result = ''
  let from = 0
  name.lastIndex = 0
  const pathEnd = text.search(/[?#]/)
  for (let match = name.exec(text); match !== null; match = name.exec(text)) {
    if (!isSecretName(match[1] as string)) continue
    // Only `&` and `#` end the value, and a slash or a query that of a path: `;` and `?` are part of the secret.
    const value = name.lastIndex
    const isInPath = name === parameter && (pathEnd === -1 || value <= pathEnd)
    const length = text.slice(value).search(isInPath ? /[/?#]/ : /[&#]/)
    const end = length === -1 ? text.length : value + length
    result += text.slice(from, value) + (end > value ? markOf(mark, text.slice(value, end)) : '')
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
