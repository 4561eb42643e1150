/**
 * The value of a cookie in a `Cookie` field (RFC 6265 section 4.2.1), without quotes. Of two cookies with one name the
 * first counts: clients send the more specific one first (section 5.4).
 */
export function cookieValue(field: string | undefined, name: string): string | undefined {
  for (const pair of field?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    return value.replace(/^"(.*)"$/, '$1')
  }
  return undefined
}
