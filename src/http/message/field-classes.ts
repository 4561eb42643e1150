// Names are in lower case.

/**
 * Fields about one connection (RFC 9110 section 7.6.1, and those that older software sends). HTTP/2 has none: a request
 * with one is malformed (RFC 9113 section 8.2.2).
 */
export const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * Fields that only the server sets, since they frame the message or manage the connection. A proxy's challenges and
 * credentials are not among them: a program may send its own.
 */
export const serverFields: ReadonlySet<string> = new Set([...connectionFields, 'content-length', 'te', 'trailer'])

/**
 * Fields that no proxy forwards. `Content-Length` is not among them: it describes the content, which a proxy may
 * forward unchanged. The challenges and credentials of a proxy are between it and its client.
 */
export const hopByHopFields: ReadonlySet<string> = new Set([
  ...connectionFields,
  'te',
  'trailer',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
])

/** Digests of the content as sent. They do not hold for other bytes (RFC 9530, RFC 1864). */
export const digestFields: ReadonlySet<string> = new Set(['content-digest', 'content-md5', 'digest', 'repr-digest'])

/**
 * Fields that may not follow the content (RFC 9110 section 6.5.1): a recipient has decided about framing, routing,
 * credentials, conditions and the form of the content before it reads them.
 */
export const headerOnlyFields: ReadonlySet<string> = new Set([
  ...hopByHopFields,
  'age',
  'authorization',
  'cache-control',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'origin',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'vary',
  'via',
  'warning',
  'www-authenticate',
])

/** Fields that tell upstreams which client asked, and for what: those of the client are extended or replaced. */
export const forwardedFields: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
])
