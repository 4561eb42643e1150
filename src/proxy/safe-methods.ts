/** Safe methods (RFC 9110 section 9.2.1 and the IANA registry): the proxy may send such a request twice. */
export const safeMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY',
])
