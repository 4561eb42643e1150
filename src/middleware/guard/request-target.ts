import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority, type Authority } from '../../http/message/authority.ts'
import type { Exchange } from '../../http/message/exchange.ts'

// Everything outside visible ASCII; a raw fragment, which no client may send (RFC 9112 section
// 3.2.1) and which has hidden suffixes from checks; and before the query a raw backslash, which
// some systems read as a slash. Browsers encode a backslash in a path as a slash and leave it raw in
// a query (URL standard, query percent-encode set), as they do `|`, `^`, `` ` ``, `{`, `}`, `[` and `]`.
const forbidden = /[^\x21-\x7e]|#|^[^?]*\\/
const encodedNul = /%00/

/**
 * Whether the request-target has a form that this server answers, and the authority it names
 * (RFC 9112 section 3.2; undefined where only `Host` names one).
 *
 * @throws ServeError 400, 405 or 414.
 */
export function checkTarget(x: Exchange, targetBytes: number): Authority | undefined {
  const { target, method } = x
  if (target.raw.length > targetBytes) {
    throw new ServeError('E8008_TARGET_TOO_LONG', `The request-target is longer than ${targetBytes} bytes.`, {
      close: true,
    })
  }
  if (forbidden.test(target.raw)) throw invalid('The request-target holds characters that must be percent-encoded.')
  if (encodedNul.test(target.path)) throw invalid('The path holds a NUL.')
  if (target.form === 'origin') return undefined
  if (target.form === 'asterisk') {
    if (method === 'OPTIONS' && target.raw === '*') return undefined
    throw invalid('The request-target must start with a slash.')
  }
  // The authority form belongs to CONNECT, which never comes this far.
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
