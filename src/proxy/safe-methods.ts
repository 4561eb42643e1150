/** Methods that change nothing (RFC 9110 section 9.2.1 and the registry), so that asking twice is asking once. */
export const safeMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY',
])
