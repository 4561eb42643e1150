import type { ResolvedAction } from '../config/route-types.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { getField } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'

/** Redirects to the configured URL. Only the query of the request is added, so that clients cannot choose the target. */
export function createRedirect({ to, status }: Extract<ResolvedAction, { kind: 'redirect' }>): Handler {
  const hash = to.indexOf('#')
  const url = hash === -1 ? to : to.slice(0, hash)
  const fragment = hash === -1 ? '' : to.slice(hash)
  const hasQuery = url.includes('?')
  return (x: Exchange): Reply => ({
    status,
    headers: ['Location', url + (hasQuery ? '' : x.target.query) + fragment, 'Cache-Control', 'no-store'],
    body: null,
  })
}

/** Sends the configured reply. */
export function createFixedReply({ status, headers, body }: Extract<ResolvedAction, { kind: 'reply' }>): Handler {
  const typed = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff']
  const own = getField(headers, 'content-type') === undefined && body !== '' ? typed : []
  const reply: Reply = Object.freeze({
    status,
    headers: [...own, ...headers],
    body: body === '' ? null : Buffer.from(body),
  })
  return () => reply
}
