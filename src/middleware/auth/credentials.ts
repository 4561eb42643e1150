/** What a client presents: a user and a password (RFC 7617). */
export interface Credentials {
  readonly user: string
  readonly password: string
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i
// RFC 7617 section 2 forbids control characters in both; in a user name they would also reach the log.
const control = /[\u0000-\u001f\u007f-\u009f]/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The credentials of an `Authorization` field, or undefined when it is absent, of another scheme, sent
 * twice or malformed. Text is UTF-8, which is what our challenge asks for (RFC 7617 section 2.1).
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
  // The password may hold colons, the user may not.
  const colon = text.indexOf(':')
  if (colon === -1 || control.test(text)) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
