import type { Filter } from '../http/message/exchange.ts'
import { withMissingFields } from './missing-fields.ts'
import { memoizeReply } from '../http/message/reply.ts'

/**
 * Adds `Cross-Origin-Resource-Policy` to every reply that has none: `same-site`, or `cross-origin` with CORS.
 *
 * Without it a page of any origin can load a file with `<script>` or `<img>` and learn its content: a page that
 * includes a source as a classic script reads it (CVE-2025-30359). `Sec-Fetch-*` cannot prevent that, because browsers
 * do not send it to plain HTTP (CVE-2026-6402). `same-site` and not `same-origin`: all ports of a host are one site, so
 * an application on localhost:3000 may show images of localhost:8008. Pages of another host name (also 127.0.0.1
 * instead of localhost) and of `file:` cannot; `--cors` allows them.
 */
export function createResourcePolicy(isShared: boolean): Filter {
  const fields = ['Cross-Origin-Resource-Policy', isShared ? 'cross-origin' : 'same-site']
  const restricted = memoizeReply((reply) => withMissingFields(reply, fields))
  // An upstream decides about its own replies.
  return (reply) => (reply.relayed === true ? reply : restricted(reply))
}
