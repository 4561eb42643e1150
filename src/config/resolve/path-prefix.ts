/**
 * One spelling of a URL path prefix: a slash at both ends, percent-encoded as browsers do it, so that
 * it can be compared with a request-target as received. Undefined for anything that a normalising
 * client or server would read as another path (dot segments, doubled or encoded slashes, backslashes,
 * a query, controls).
 */
export function parsePathPrefix(text: string): string | undefined {
  if (/[?#\\\x00-\x1f\x7f]|\/\//.test(text)) return undefined
  if (/%(?![0-9a-f]{2})|%(?:2f|5c|[01][0-9a-f]|7f)/i.test(text)) return undefined
  const path = `${text.startsWith('/') ? '' : '/'}${text}${text.endsWith('/') ? '' : '/'}`
  if (path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))) return undefined
  if (path === '//') return '/'
  return new URL(path, 'http://localhost').pathname.replace(/%[0-9a-f]{2}/g, (octet) => octet.toUpperCase())
}
