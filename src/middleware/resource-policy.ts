import type { Filter } from '../http/message/exchange.ts'
import { withMissingFields } from './missing-fields.ts'
import { memoizeReply } from '../http/message/reply.ts'

/**
 * `Cross-Origin-Resource-Policy` on every reply that does not say otherwise: `same-site`, or `cross-origin`
 * where CORS is on.
 *
 * Without it a page of any origin can load what is served here with a `<script>` or an `<img>` and learn
 * from it: a foreign page that includes a source as a classic script reads it (CVE-2025-30359). `Sec-Fetch-*`
 * cannot tell, because browsers leave it out towards plain http (CVE-2026-6402). `same-site` and not
 * `same-origin`, because the ports of one host are one site: an application on localhost:3000 may show
 * images of localhost:8008, as it always could. What does stop are pages of another host name (127.0.0.1
 * for localhost among them) and of `file:`; `--cors` is the switch for them.
 */
export function createResourcePolicy(isShared: boolean): Filter {
  const fields = ['Cross-Origin-Resource-Policy', isShared ? 'cross-origin' : 'same-site']
  const ours = memoizeReply((reply) => withMissingFields(reply, fields))
  // What another server gives out is its own to share or not.
  return (reply) => (reply.relayed === true ? reply : ours(reply))
}
