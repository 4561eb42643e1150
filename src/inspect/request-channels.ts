import { requestEnd, requestError, requestStart } from '../core/channels.ts'
import { unmapped } from '../core/util/ip.ts'
import { redactAuthority } from '../core/util/secret.ts'
import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { accessRecord, publicTarget } from './access-record.ts'

/** Publishes the start of an exchange, if a program subscribes to it. */
export function publishStart(x: Exchange): void {
  if (!requestStart.hasSubscribers) return
  const { id, method, version } = x
  requestStart.publish({
    id,
    time: Date.now(),
    address: unmapped(x.peer.address),
    method,
    target: publicTarget(x.target),
    version,
    host: redactAuthority(x.headers.get('host') ?? ''),
  })
}

/** Publishes why an exchange failed, if it did, and its end. */
export function publishEnd(x: Exchange, reply: Reply, sent: Sent): void {
  const { id, notes } = x
  const { refusal: code, remark = '' } = notes
  if (code !== undefined && requestError.hasSubscribers) {
    requestError.publish({ id, code, status: reply.status, remark })
  }
  if (requestEnd.hasSubscribers) requestEnd.publish({ id, ...accessRecord(x, reply, sent) })
}
