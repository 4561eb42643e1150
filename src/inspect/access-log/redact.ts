import { hidden, isSecretName } from '../../core/util/secret.ts'

/** Stands where a secret stood. */
export const redacted: string = hidden

const parameter = /[?&;#]([^=&;?#]*)=/g

/**
 * A request-target or a Referer without its secrets: the values of query and fragment parameters
 * that are named like a token, a key or a password, and the userinfo of an absolute URL.
 */
export function redactUrl(url: string): string {
  const bare = url.startsWith('/') ? url : url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${redacted}@`)
  return /[?#]/.test(bare) ? redactParameters(bare) : bare
}

/** An authority (`Host`, or the target of a CONNECT) without its userinfo. */
export function redactAuthority(authority: string): string {
  const at = authority.lastIndexOf('@')
  return at === -1 ? authority : `${redacted}${authority.slice(at)}`
}

function redactParameters(url: string): string {
  let result = ''
  let from = 0
  parameter.lastIndex = 0
  for (let match = parameter.exec(url); match !== null; match = parameter.exec(url)) {
    if (!isSecret(match[1] as string)) continue
    // The value ends at `&` or `#` only: a `;` or `?` within it belongs to the secret.
    const value = parameter.lastIndex
    const length = url.slice(value).search(/[&#]/)
    const end = length === -1 ? url.length : value + length
    result += url.slice(from, value) + (end > value ? redacted : '')
    from = end
    parameter.lastIndex = end
  }
  return result + url.slice(from)
}

function isSecret(name: string): boolean {
  return isSecretName(decoded(name))
}

/** A name may be percent-encoded to slip past (`%74oken`); a broken encoding is taken as it stands. */
function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
