import { hidden, isSecretName } from '../../core/util/secret.ts'

const parameter = /[?&;#]([^=&;?#]*)=/g

/**
 * A request-target or a Referer without secrets: values of query and fragment parameters with the name of a token, key or
 * password, and the userinfo of an absolute URL.
 */
export function redactUrl(url: string): string {
  const bare = url.startsWith('/') ? url : url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${hidden}@`)
  return /[?#]/.test(bare) ? redactParameters(bare) : bare
}

/** An authority (`Host`, or the target of a CONNECT) without its userinfo. */
export function redactAuthority(authority: string): string {
  const at = authority.lastIndexOf('@')
  return at === -1 ? authority : `${hidden}${authority.slice(at)}`
}

function redactParameters(url: string): string {
  let result = ''
  let from = 0
  parameter.lastIndex = 0
  for (let match = parameter.exec(url); match !== null; match = parameter.exec(url)) {
    if (!isSecret(match[1] as string)) continue
    // Only `&` and `#` end the value: `;` and `?` are part of the secret.
    const value = parameter.lastIndex
    const length = url.slice(value).search(/[&#]/)
    const end = length === -1 ? url.length : value + length
    result += url.slice(from, value) + (end > value ? hidden : '')
    from = end
    parameter.lastIndex = end
  }
  return result + url.slice(from)
}

function isSecret(name: string): boolean {
  return isSecretName(decoded(name))
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
