/* Filters that add fields with constant values. */
import type { Filter } from '../http/message/exchange.ts'
import { getField, type HeaderList } from '../http/message/headers.ts'
import { memoizeReply, type Reply } from '../http/message/reply.ts'

/**
 * Cross-origin isolation (`SharedArrayBuffer`, precise timers): adds `Cross-Origin-Opener-Policy: same-origin` and
 * `Cross-Origin-Embedder-Policy: require-corp` to every reply that has none, since workers and frames need the second
 * field too (HTML section 7.1.4).
 */
export function createIsolation(): Filter {
  return memoizeReply((reply) =>
    withMissingFields(reply, [
      'Cross-Origin-Opener-Policy',
      'same-origin',
      'Cross-Origin-Embedder-Policy',
      'require-corp',
    ]),
  )
}

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

/** Adds the fields that a reply does not have. The same reply if it has all of them. */
function withMissingFields(reply: Reply, fields: HeaderList): Reply {
  const headers = [...reply.headers]
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (getField(reply.headers, name.toLowerCase()) === undefined) headers.push(name, fields[i + 1] as string)
  }
  return headers.length === reply.headers.length ? reply : { ...reply, headers }
}
