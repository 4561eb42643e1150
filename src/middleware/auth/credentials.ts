/** The user and password of a request (RFC 7617). */
export interface Credentials {
  readonly user: string
  readonly password: string
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i
// RFC 7617 section 2 forbids control characters in both. Those of a user name would also reach the log.
const control = /[\u0000-\u001f\u007f-\u009f]/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The credentials of an `Authorization` field; undefined if it is absent, of another scheme, repeated or malformed.
 * Text is UTF-8, as the challenge requires (RFC 7617 section 2.1).
 */
export function parseCredentials(authorization: string | undefined): Credentials | undefined {
  const encoded = authorization === undefined ? undefined : basic.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  let text: string
  try {
    text = decoder.decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
  // A password may contain colons, a user name may not.
  const colon = text.indexOf(':')
  if (colon === -1 || control.test(text)) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
