import type { ResolvedAction } from '../config/route-types.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { getField } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'

/** Redirects to where the configuration says, and nowhere else: of the request only the query is kept. */
export function createRedirect({ to, status }: Extract<ResolvedAction, { kind: 'redirect' }>): Handler {
  const border = to.indexOf('#')
  const place = border === -1 ? to : to.slice(0, border)
  const fragment = border === -1 ? '' : to.slice(border)
  const hasQuery = place.includes('?')
  return (x: Exchange): Reply => ({
    status,
    headers: ['Location', place + (hasQuery ? '' : x.target.query) + fragment, 'Cache-Control', 'no-store'],
    body: null,
  })
}

/** Answers with what the configuration says. */
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
