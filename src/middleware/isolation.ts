import type { Filter } from '../http/message/exchange.ts'
import { withMissingFields } from './missing-fields.ts'
import { memoizeReply } from '../http/message/reply.ts'

/**
 * Cross-origin isolation (`SharedArrayBuffer`, precise timers): `Cross-Origin-Opener-Policy: same-origin`
 * and `Cross-Origin-Embedder-Policy: require-corp` on every reply that does not say otherwise. On every
 * one, because workers and frames need the second as much as pages do (HTML section 7.1.4).
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
