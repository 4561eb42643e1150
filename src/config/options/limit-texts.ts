import type { Limits } from './limits.ts'

/** What each limit bounds, for help and documentation: a start does not read it. */
export const limitTexts: Readonly<Record<keyof Limits, string>> = {
  headerBytes: "Bytes of a request's header section, request line included.",
  headerCount: 'Header fields of a request.',
  targetBytes: 'Bytes of the request-target.',
  bodyBytes: "Bytes of a request's content; content that is forwarded without buffering has no limit.",
  passwordGuesses: 'Wrong passwords for one user from one client within guessMs; then it gets a 429 for this user.',
  clientGuesses: 'Wrong passwords for all users from one client (for IPv6 a /64 network) within guessMs.',
  guessMs: 'Milliseconds in which wrong passwords are counted, from the first one; then a client may try again.',
  guessedUsers: 'Pairs of client and user whose wrong passwords are counted; beyond it the oldest one is dropped.',
  headerMs: 'Milliseconds until the header section must be complete.',
  requestMs: 'Milliseconds until the whole request must have arrived.',
  idleMs: 'Milliseconds that a connection may be idle between requests.',
  drainBytes:
    'Bytes of content that are read although the reply does not need them; beyond it an HTTP/1.1 connection closes.',
  drainMs: 'Milliseconds that the end of an HTTP/2 reply waits for such content.',
  lingerBytes: 'Bytes read and dropped after a reply that closes the connection, so that the client can read it.',
  writeMs: 'Milliseconds in which a slow client must read a part of its reply.',
  upstreamConnections:
    'HTTP/1.1 connections to one upstream; beyond it requests wait for a free one. Each upgrade has one beside them.',
  upstreamShare:
    'Percent of these connections that one client may hold, of those that other clients leave. Clients beyond it wait.',
  queuedRequests:
    'Requests that wait for such a connection; beyond it the newest one of the client with the most gets a 503.',
  queueMs: 'Milliseconds that a request waits for such a connection; then it gets a 503.',
  waitingReplies: 'Replies that wait for slow clients; beyond it the one that has waited longest is aborted.',
  waitingBytes: 'Bytes buffered for slow clients; beyond it the reply that has waited longest is aborted.',
  openFiles: 'Files open for sending; beyond it those of slow clients are closed until they read again.',
  halfClosedMs: 'Milliseconds without progress after which the reply to a half-closed client is aborted.',
  connections:
    'Open connections; one more replaces the one that has been idle longest, or is closed when none is idle.',
  closeMs: 'Milliseconds that closing waits for replies under way.',
  cacheBytes: 'Bytes of file content kept in memory.',
  ranges: 'Ranges answered in one reply; a request for more gets the whole file.',
  replyHeaderBytes: "Bytes of the header section of an upstream's reply.",
  livePages: 'Pages connected to live reload; others must be reloaded by hand.',
  pageBytes:
    'Bytes to which the first part of a compressed page may expand for live reload; larger pages pass unchanged.',
  rewriteBytes: 'Bytes of content that `rewriteBody` of a route rewrites; larger content passes unchanged.',
  recordedContentBytes: 'Bytes of the content of a message that a recording keeps; the rest is counted.',
  recordedExchanges: 'Exchanges that recordings keep; beyond it the oldest is dropped.',
  recordedBytes: 'Bytes of fields and content that recordings keep; beyond it the oldest exchange is dropped.',
}
