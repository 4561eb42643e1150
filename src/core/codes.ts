/**
 * Every error code of serve8008, with the exit code of the command (1 runtime, 2 usage or configuration, 3 port or
 * permission) and the status of the reply when it ends an exchange. error-texts.ts says what each means. A code is never
 * renamed: scripts match on it. The client gets no details of a 500, which could name a file or a fault of ours, unless
 * its sentence is fixed (`isPublic`).
 */
export const errorCodes = {
  // the process
  E8008_INTERNAL: { exitCode: 1, status: 500 },
  E8008_CLOSED: { exitCode: 1, status: 500 },
  E8008_OUTPUT: { exitCode: 1, status: 500 },
  E8008_PERMISSION: { exitCode: 3, status: 500 },
  E8008_USAGE: { exitCode: 2, status: 500 },
  E8008_NOT_RUNNING: { exitCode: 1, status: 500 },
  E8008_NOT_LOCAL: { exitCode: 2, status: 500 },
  E8008_CONFIG_INVALID: { exitCode: 2, status: 500 },
  E8008_CONFIG_NOT_FOUND: { exitCode: 2, status: 500 },
  E8008_CONFIG_UNREADABLE: { exitCode: 2, status: 500 },
  E8008_PLUGIN: { exitCode: 2, status: 500 },
  E8008_ROOT_NOT_FOUND: { exitCode: 2, status: 500 },
  E8008_ROOT_NOT_FOLDER: { exitCode: 2, status: 500 },
  E8008_ROOT_UNREADABLE: { exitCode: 3, status: 500 },
  E8008_AUTH_FILE: { exitCode: 2, status: 500 },
  E8008_CERT: { exitCode: 2, status: 500 },
  E8008_AUTHORITY: { exitCode: 1, status: 500 },
  E8008_TRUST: { exitCode: 1, status: 500 },
  E8008_PORT_HELD: { exitCode: 3, status: 500 },
  E8008_PORT_DENIED: { exitCode: 3, status: 500 },
  E8008_PORTS_HELD: { exitCode: 3, status: 500 },
  E8008_PORTS_UNREADABLE: { exitCode: 3, status: 500 },
  E8008_ADDRESS: { exitCode: 3, status: 500 },
  E8008_SOCKET: { exitCode: 3, status: 500 },
  // the message (RFC 9112) and its framing
  E8008_MALFORMED: { exitCode: 1, status: 400 },
  E8008_FRAMING: { exitCode: 1, status: 400 },
  E8008_HOST_INVALID: { exitCode: 1, status: 400 },
  E8008_TARGET_INVALID: { exitCode: 1, status: 400 },
  E8008_PATH_INVALID: { exitCode: 1, status: 400 },
  E8008_BODY_INVALID: { exitCode: 1, status: 400 },
  E8008_FILTER: { exitCode: 2, status: 400 },
  E8008_UNAUTHORIZED: { exitCode: 1, status: 401 },
  E8008_FORBIDDEN: { exitCode: 1, status: 403 },
  E8008_CLIENT: { exitCode: 1, status: 403 },
  E8008_ORIGIN: { exitCode: 1, status: 403 },
  E8008_NOT_FOUND: { exitCode: 1, status: 404 },
  E8008_METHOD: { exitCode: 1, status: 405 },
  E8008_TIMEOUT: { exitCode: 1, status: 408 },
  E8008_PRECONDITION: { exitCode: 1, status: 412 },
  E8008_HANDLER: { exitCode: 1, status: 500 },
  E8008_BODY_READ: { exitCode: 1, status: 500, isPublic: true },
  E8008_BODY_TOO_LARGE: { exitCode: 1, status: 413 },
  E8008_TARGET_TOO_LONG: { exitCode: 1, status: 414 },
  E8008_RANGE: { exitCode: 1, status: 416 },
  E8008_EXPECTATION: { exitCode: 1, status: 417 },
  E8008_HOST_NOT_ALLOWED: { exitCode: 1, status: 421 },
  E8008_UPGRADE: { exitCode: 1, status: 426 },
  E8008_GUESSES: { exitCode: 1, status: 429 },
  E8008_HEADERS_TOO_LARGE: { exitCode: 1, status: 431 },
  E8008_NOT_IMPLEMENTED: { exitCode: 1, status: 501 },
  E8008_BUSY: { exitCode: 1, status: 503 },
  // an upstream, or the way to it
  E8008_UPSTREAM_REFUSED: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_UNREACHABLE: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_FORBIDDEN: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_TLS: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_RESET: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_PROTOCOL: { exitCode: 1, status: 502 },
  E8008_UPSTREAM_BUSY: { exitCode: 1, status: 503 },
  E8008_UPSTREAM_UNAVAILABLE: { exitCode: 1, status: 503 },
  E8008_UPSTREAM_TIMEOUT: { exitCode: 1, status: 504 },
  E8008_UPSTREAM_LOOP: { exitCode: 1, status: 508 },
  E8008_HTTP_VERSION: { exitCode: 1, status: 505 },
} as const

/** One of the codes in {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** Whether a code is that of a reply, and never the end of the command. */
export function isReplyCode(code: ErrorCode): boolean {
  return errorCodes[code].status !== 500 || 'isPublic' in errorCodes[code]
}

/** Code of a check of `serve8008 verify`. They are never renamed: scripts match on them. */
export type CheckCode =
  | 'S8008_ANSWER'
  | 'S8008_OPEN_RELAY'
  | 'S8008_HOST'
  | 'S8008_HOST_MISSING'
  | 'S8008_WEBSOCKET_ORIGIN'
  | 'S8008_EVENTS_ORIGIN'
  | 'S8008_CORS'
  | 'S8008_DOTFILES'
  | 'S8008_KEYS'
  | 'S8008_BACKUPS'
  | 'S8008_TRAVERSAL'
  | 'S8008_OUTSIDE'
  | 'S8008_LISTING'
  | 'S8008_TLS_VERSION'
  | 'S8008_TLS_EXPIRY'
  | 'S8008_TLS_NAMES'
