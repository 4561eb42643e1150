import type { RedirectAction } from '../config/kinds/redirect.ts'
import type { ReplyAction } from '../config/kinds/reply.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import { getField } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import type { TableEntry } from './table.ts'

/** What answers the requests of a route. */
export interface Answerer {
  readonly handle: Handler
  /** Whether it has something at the exchange's path: a folder has a file or a folder there, others have everything. */
  has(x: Exchange): boolean
}

/** Handlers that other features make. */
export interface KindTools {
  /** Makes what answers from the folder of a route. */
  readonly folder: (route: ResolvedRoute) => Answerer
  /** Makes the handler of a proxy route. */
  readonly forward: (route: ResolvedRoute) => Handler
  /** Makes a layer of a handler of the Fetch API. */
  readonly answer: (handler: FetchHandler) => Layer
}

type Action = ResolvedRoute['action']

interface Kind<Name extends Action['kind']> {
  /** Whether another program reads the path, perhaps in another way. A path with two readings is refused. */
  readonly isForwarded?: true
  /** Whether it serves files: paths are compared as static files compare them, and other kinds go first. */
  readonly isFolder?: true
  /** Makes what answers, once. What it passes on goes to `files`, the served folders. */
  readonly open: (
    action: Extract<Action, { kind: Name }>,
    route: ResolvedRoute,
    tools: KindTools,
    files: Handler,
  ) => Answerer
}

/** What each kind of `src/config/kinds/registry.ts` does with a request. */
const kinds: { readonly [Name in Action['kind']]: Kind<Name> } = {
  proxy: { isForwarded: true, open: (_, route, { forward }) => ends(forward(route)) },
  redirect: { open: (action) => ends(createRedirect(action)) },
  reply: { open: (action) => ends(createFixedReply(action)) },
  folder: { isFolder: true, open: (_, route, { folder }) => folder(route) },
  handler: {
    isForwarded: true,
    open: ({ call }, _, { answer }, files) => ends(answer(call as FetchHandler)(files)),
  },
}

/** Makes what answers the requests of a route. */
export function openRoute(route: ResolvedRoute, tools: KindTools, files: Handler): Answerer {
  return kinds[route.action.kind].open(route.action as never, route, tools, files)
}

/** Answers everything. */
function ends(handle: Handler): Answerer {
  return { handle, has: () => true }
}

/** A route as an entry of a table. */
export function entryOf<Item>({ id, match, action }: ResolvedRoute, item: Item): TableEntry<Item> {
  const { isForwarded = false, isFolder = false } = kinds[action.kind]
  return { id, match, item, isForwarded, isFolder }
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
