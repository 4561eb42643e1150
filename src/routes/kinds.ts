import type { RedirectAction } from '../config/kinds/redirect.ts'
import type { ReplyAction } from '../config/kinds/reply.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import { getField } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'

/** Handlers that other features make. */
export interface KindTools {
  /** Makes the handler of a proxy route. */
  readonly forward: (route: ResolvedRoute) => Handler
  /** Makes a layer of a handler of the Fetch API. */
  readonly answer: (handler: FetchHandler) => Layer
}

type Action = ResolvedRoute['action']

interface Kind<Name extends Action['kind']> {
  /** Whether another program reads the path, perhaps in another way. A path with two readings is refused. */
  readonly isForwarded?: true
  /** Makes the layer of a route, once. What it passes on goes to the served folders. */
  readonly open: (action: Extract<Action, { kind: Name }>, route: ResolvedRoute, tools: KindTools) => Layer
}

/** What each kind of `src/config/kinds/registry.ts` does with a request. */
const kinds: { readonly [Name in Action['kind']]: Kind<Name> } = {
  proxy: { isForwarded: true, open: (_, route, { forward }) => ends(forward(route)) },
  redirect: { open: (action) => ends(createRedirect(action)) },
  reply: { open: (action) => ends(createFixedReply(action)) },
  handler: { isForwarded: true, open: ({ call }, _, { answer }) => answer(call as FetchHandler) },
}

/** Makes the layer of a route. */
export function openRoute(route: ResolvedRoute, tools: KindTools): Layer {
  return kinds[route.action.kind].open(route.action as never, route, tools)
}

/** A layer that answers everything. */
function ends(handle: Handler): Layer {
  return () => handle
}

/** Whether another program reads the path of a route, perhaps in another way. */
export function isForwarded({ action }: ResolvedRoute): boolean {
  return kinds[action.kind].isForwarded === true
}

/** Redirects to the configured URL. Only the query of the request is added, so that clients cannot choose the target. */
function createRedirect({ to, status }: RedirectAction): Handler {
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
function createFixedReply({ status, headers, body }: ReplyAction): Handler {
  const typed = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff']
  const own = getField(headers, 'content-type') === undefined && body !== '' ? typed : []
  const reply: Reply = Object.freeze({
    status,
    headers: [...own, ...headers],
    body: body === '' ? null : Buffer.from(body),
  })
  return () => reply
}
