import type { Filter } from '../http/message/exchange.ts'
import { withMissingFields } from './missing-fields.ts'
import { memoizeReply } from '../http/message/reply.ts'

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
