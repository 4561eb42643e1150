import type { Fix } from './serve-error.ts'

/** Something a person should know that does not stop the server. */
export interface Warning {
  /**
   * Stable code: `W8008_EXPOSED` (others on the network can read what is served), `W8008_BAD_PORT` (browsers refuse
   * it), `W8008_CONNECTIONS` (all of them are busy, and a client was turned away), `W8008_PROJECT` (the folder
   * is the source of a project, or a single-page app served without `single`), `W8008_SINGLE` (the page of `single`
   * is not there), `W8008_CUT` (closing cut replies off), `W8008_UNTRUSTED` (a client refused the certificate, or will
   * until it trusts a new local authority), `W8008_CERT` (a certificate of the user's own is not as it should be),
   * `W8008_CERT_NAME` (a name that certificates of the local authority leave out), `W8008_AUTHORITY` (the local
   * authority), `W8008_UNVERIFIED` (a route trusts any upstream), `W8008_HEALTH` (an upstream
   * fails its health check, or passes it again), `W8008_WATCH` and `W8008_WATCH_POLL` (the system
   * reports no changes), `W8008_LIVE_BLOCKED` (a page's policy blocks the client), `W8008_LIVE` (live reload cannot
   * start), `W8008_WORKER` (a browser asked for a service worker that is not here), `W8008_TELLING` (dumps, sources or
   * archives lie at the top of a served folder). Of the command alone: `W8008_ACTIVATION`, `W8008_CONFIG` (an edit of
   * the config file is wrong, or a file that looks like one is not read), `W8008_OPEN`, `W8008_RESTART`, `W8008_OUTPUT` (log lines were dropped).
   */
  readonly code: string
  /** One sentence. */
  readonly message: string
  /** The way out in words. */
  readonly hint?: string
  /** The option that would help. */
  readonly fix?: Fix
}
