import type { RedirectAction } from '../config/kinds/redirect.ts'
import type { ReplyAction } from '../config/kinds/reply.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import { getField } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import type { compileTexts } from './client-address.ts'
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
  /** Whether the client of an exchange uses HTTPS, to this server or to a trusted proxy. */
  readonly isSecure: (x: Exchange) => boolean
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
  redirect: { open: (action, _, { isSecure }) => ends(createRedirect(action, isSecure)) },
  reply: { open: (action, _, { isSecure }) => ends(createFixedReply(action, isSecure)) },
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

type SecureCheck = KindTools['isSecure']

/** Redirects to the configured URL. Only the query of the request is added, so that clients cannot choose the target. */
function createRedirect({ to, status }: RedirectAction, isSecure: SecureCheck): Handler {
  const hash = to.indexOf('#')
  const target = hash === -1 ? [to, ''] : [to.slice(0, hash), to.slice(hash)]
  const hasQuery = target[0]?.includes('?') === true
  return addressed(target, isSecure, ([url = '', fragment = ''], x) => ({
    status,
    headers: ['Location', url + (hasQuery ? '' : x.target.query) + fragment, 'Cache-Control', 'no-store'],
    body: null,
  }))
}

/** Sends the configured reply. */
function createFixedReply({ status, headers, body }: ReplyAction, isSecure: SecureCheck): Handler {
  const texts = [body, ...headers]
  const typed = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff']
  const own = getField(headers, 'content-type') === undefined && body !== '' ? typed : []
  // A shared cache that ignores the port would give one client the port of another.
  if (hasPlaceholder(texts) && getField(headers, 'cache-control') === undefined) own.push('Cache-Control', 'no-store')
  const make = ([text = '', ...fields]: readonly string[]): Reply => ({
    status,
    headers: [...own, ...fields],
    body: text === '' ? null : Buffer.from(text),
  })
  if (hasPlaceholder(texts)) return addressed(texts, isSecure, make)
  const reply = Object.freeze(make(texts))
  return () => reply
}

const placeholder = /\{(?:origin|host|port)\}/

function hasPlaceholder(texts: readonly string[]): boolean {
  return texts.some((text) => placeholder.test(text))
}

/** Makes replies of texts whose placeholders are filled for each exchange. What fills them is loaded with the first one. */
function addressed(
  texts: readonly string[],
  isSecure: SecureCheck,
  make: (texts: readonly string[], x: Exchange) => Reply,
): Handler {
  if (!hasPlaceholder(texts)) return (x) => make(texts, x)
  let fill: ReturnType<typeof compileTexts> | undefined
  return async (x) => {
    fill ??= (await import('./client-address.ts')).compileTexts(texts)
    return make(fill(x.authority, isSecure(x)), x)
  }
}
