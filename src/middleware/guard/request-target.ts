import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority, type Authority } from '../../http/message/authority.ts'
import type { Exchange } from '../../http/message/exchange.ts'

// Characters outside visible ASCII; a raw fragment, which no client may send (RFC 9112 section 3.2.1) and which attacks
// have used to hide suffixes from checks; and, in the path, a raw backslash, which some systems read as a slash. In a
// query browsers send it raw (URL standard, query percent-encode set), like `|`, `^`, `` ` ``, `{`, `}`, `[` and `]`.
const forbidden = /[^\x21-\x7e]|#|^[^?]*\\/
const encodedNul = /%00/

/**
 * Checks the form of the request-target (RFC 9112 section 3.2).
 *
 * @returns its authority; undefined if only `Host` has one.
 * @throws ServeError 400 or 414.
 */
export function checkTarget(x: Exchange, targetBytes: number): Authority | undefined {
  const { target, method } = x
  if (target.raw.length > targetBytes) {
    throw new ServeError('E8008_TARGET_TOO_LONG', `The request-target is longer than ${targetBytes} bytes.`, {
      close: true,
    })
  }
  if (forbidden.test(target.raw)) throw invalid('The request-target contains characters that must be percent-encoded.')
  if (encodedNul.test(target.path)) throw invalid('The path contains %00, a NUL character.')
  if (target.form === 'origin') return undefined
  if (target.form === 'asterisk') {
    if (method === 'OPTIONS' && target.raw === '*') return undefined
    throw invalid('The request-target must start with a slash.')
  }
  // Only CONNECT uses the authority form, and the guard has rejected it.
  if (target.scheme !== 'http' && target.scheme !== 'https')
    throw invalid('The scheme of the request-target is not HTTP.')
  const authority = parseAuthority(target.authority ?? '')
  if (authority === undefined || authority.hostname === '')
    throw invalid('The authority of the request-target is invalid.')
  return authority
}

function invalid(message: string): ServeError {
  return new ServeError('E8008_TARGET_INVALID', message, { close: true })
}
