import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { withoutStamp } from '../http/message/request-target.ts'
import type { AccessRecord } from '../server/types.ts'
import { unmapped } from '../core/util/ip.ts'
import { redactAuthority, redactUrl } from '../core/util/secret.ts'

export { createAccessLog } from './access-log/access-log.ts'

/** Closes the record of one exchange. */
export type Recorder = (x: Exchange, reply: Reply, sent: Sent) => void

/**
 * Makes a recorder that turns finished exchanges into {@link AccessRecord}s. It redacts secrets in URLs, and never reads
 * `Authorization` and `Cookie`.
 */
export function createRecorder(options: { readonly emit: (record: AccessRecord) => void }): Recorder {
  const { emit } = options
  return (x, reply, sent) => {
    const { headers, notes, target } = x
    const elapsed = performance.now() - x.startedAt
    emit({
      // `startedAt` is monotonic and does not follow corrections of the wall clock, so the time is computed backwards.
      time: Math.round(Date.now() - elapsed),
      address: unmapped(x.peer.address),
      method: x.method,
      target: target.form === 'authority' ? redactAuthority(target.raw) : redactUrl(withoutStamp(target.raw)),
      version: x.version,
      host: redactAuthority(headers.get('host') ?? ''),
      status: reply.status,
      bytes: sent.bytes,
      ms: Math.round(elapsed * 1000) / 1000,
      aborted: sent.aborted,
      referer: redactUrl(withoutStamp(headers.get('referer') ?? '')),
      userAgent: headers.get('user-agent') ?? '',
      user: notes.user ?? '',
      refusal: notes.refusal ?? '',
      remark: notes.remark ?? '',
      route: notes.route ?? '',
      upstream: notes.upstream ?? '',
      reason: notes.reason ?? '',
    })
  }
}
