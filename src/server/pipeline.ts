import type { ResolvedConfig } from '../config/types.ts'
import type { ServeError } from '../core/serve-error.ts'
import { createCompression } from '../middleware/compression.ts'
import { createCors } from '../middleware/cors.ts'
import { createIsolation, createResourcePolicy } from '../middleware/constant-fields.ts'
import { createResponseHeaders } from '../middleware/response-headers.ts'
import { createStaleWorker } from '../middleware/stale-worker.ts'
import { createGuard, type HostCheck } from '../middleware/guard/guard.ts'
import { composeFilters, composeLayers } from '../http/compose.ts'
import { emptyReply } from '../http/message/reply.ts'
import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import { createOwnerEndpoints, type Control } from '../control/control.ts'
import type { Owner } from '../control/owner-endpoints.ts'
import type { Live } from '../live/live.ts'
import { createRoutes, type RoutesOptions } from '../routes/routes.ts'
import { createAccess, type Admit } from './access.ts'
import type { FetchHandler } from './fetch-layer.ts'
import type { Phrase } from './embedder-options.ts'
import { createErrorBoundary, createRefuse } from './error-boundary.ts'
import { checkedLayer } from './checked-layer.ts'
import { createHttpsRedirect, createSecureCheck } from './https-redirect.ts'

/**
 * The whole pipeline, outermost first. This list is the documentation of what happens to a
 * request, and in which order.
 */
export function createPipeline(parts: PipelineOptions): Handler {
  const { config, layers, live, control, routes: resolved, root, forward, folder } = parts
  const refuse = createRefuse(parts.onFault, parts.phrase, config.base)
  const boundary = createErrorBoundary(refuse)
  const isSecure = createSecureCheck(config.trust)
  const access = createAccess(config, resolved, (x) => routes.idOf(x), parts.admit)
  // The most specific route answers, whatever its kind.
  const routes = createRoutes({
    within: access.within,
    routes: resolved,
    root,
    base: config.base,
    handler: config.handler?.call && createFetchLayer(config.handler.call),
    forward,
    folder,
    answer: createFetchLayer,
    isSecure,
  })
  // A layer may answer any path, and behind a password nothing may show which paths exist.
  const claims = layers.length > 0 || access.hasPasswords ? undefined : routes.claims
  const cors = config.cors === undefined ? undefined : createCors(config.cors, claims)

  const filters: Filter[] = [
    // first of all the user's own fields, so that what follows decides on the final type and caching
    ...(config.headers.length === 0 ? [] : [createResponseHeaders(config.headers)]),
    // so that other origins may read error replies too
    ...(cors === undefined ? [] : [cors.filter]),
    // which other sites may embed what is served
    createResourcePolicy(cors !== undefined),
    ...(config.isolate ? [createIsolation()] : []),
    // pages get the client of live reload, before their bytes are compressed
    ...(live === undefined ? [] : [live.inject]),
    // changes bytes, validators and length, so before anything that speaks about them
    ...(config.compress ? [createCompression()] : []),
    // last: preconditions and ranges are about the representation as the client gets it
    createLateFilter(hasConditionOrRange, async () =>
      (await import('../middleware/conditions-and-ranges.ts')).createConditionsAndRanges({
        maxRanges: config.limits.ranges,
        refuse,
      }),
    ),
  ]

  const list: Layer[] = [
    // errors of the guard and of filters become plain error replies
    boundary,
    // opens the record before anything can refuse
    opening(parts.opened),
    // message framing, request-target, Host: nothing behind it sees a doubtful message
    createGuard({
      isOurs: parts.isOurs,
      headerCount: config.limits.headerCount,
      targetBytes: config.limits.targetBytes,
    }),
    // the addresses of clients: one that may not use the server gets nothing else
    ...access.addresses,
    // redirects to HTTPS, before a password or any content travels in clear text
    ...(parts.httpsPorts === undefined
      ? []
      : [createHttpsRedirect({ redirect: config.redirect, isSecure, httpsPorts: parts.httpsPorts })]),
    // outbound: replies of all inner layers pass the filters, error replies included
    filtering(composeFilters(filters)),
    // unregisters service workers of an earlier site on this port, which a 404 would leave running
    createStaleWorker(),
    // errors of inner layers become pages, which the filters see
    boundary,
    // preflights come without credentials, so before the password
    ...(cors === undefined ? [] : [cors.layer]),
    // what only the user who started the server may see, by a token that no page gets
    ...(parts.owner === undefined ? [] : [createOwnerEndpoints(config.base, parts.owner)]),
    // endpoints that need a token: pages got it with the password, which not every browser sends with a WebSocket
    ...(control === undefined ? [] : [control.tokenEndpoints]),
    // origins of pages, and the password
    ...access.admission,
    // the client of live reload and its token
    ...(control === undefined ? [] : [control.publicEndpoints]),
    // layers of the program
    ...layers.map(checkedLayer),
    // watches requested files before they are read, so that no change is missed
    ...(live === undefined ? [] : [live.trackRequests]),
  ]

  return composeLayers(list, routes.handle)
}

/** Answers requests that belong to no site: the checks of the guard, then 421. */
export function createRefusal(parts: GuardedOptions): Handler {
  return createGuarded({ ...parts, isOurs: () => false }, () => emptyReply(421))
}

/** What the guard needs to stand before a handler alone. */
export type GuardedOptions = Pick<PipelineOptions, 'config' | 'opened' | 'onFault' | 'phrase'>

/** A handler behind the guard, without anything else of the pipeline. */
export function createGuarded(parts: GuardedOptions & Pick<PipelineOptions, 'isOurs'>, handler: Handler): Handler {
  const { headerCount, targetBytes } = parts.config.limits
  const boundary = createErrorBoundary(createRefuse(parts.onFault, parts.phrase, '/'))
  const guard = createGuard({ isOurs: parts.isOurs, headerCount, targetBytes })
  return composeLayers([boundary, opening(parts.opened), guard], handler)
}

/** What the pipeline needs beside the configuration. */
export interface PipelineOptions extends Pick<RoutesOptions, 'routes' | 'root' | 'forward' | 'folder'> {
  readonly config: ResolvedConfig
  /** Makes the layers of who may use a site. */
  readonly admit: Admit
  /** Whether the server answers for an authority; called for each request. */
  readonly isOurs: HostCheck
  /** Layers that the program added, outermost first. */
  readonly layers: readonly Layer[]
  /** Called with each exchange before any check. */
  readonly opened: (x: Exchange) => void
  /** Called with each internal error; the client gets a 500 without details. */
  readonly onFault: (error: ServeError) => void
  /** Words the option that would prevent an error, for pages and the log. */
  readonly phrase: Phrase
  readonly live: Live | undefined
  /** The control endpoints; undefined where there are none. */
  readonly control: Control | undefined
  /** What the user may ask for who started the server with the command; undefined where a program did. */
  readonly owner: Owner | undefined
  /** Ports for HTTPS, empty until they are bound. Absent where no request is redirected. */
  readonly httpsPorts?: () => readonly number[]
}

/** A layer of a handler of the Fetch API. What it needs is loaded with the first request. */
function createFetchLayer(handler: FetchHandler): Layer {
  return (next) => {
    let handle: Handler | undefined
    return async (x) => (handle ??= (await import('./fetch-layer.ts')).fetchLayer(handler)(next))(x)
  }
}

/** A filter that is loaded with the first request that it concerns. */
function createLateFilter(concerns: (x: Exchange) => boolean, load: () => Promise<Filter>): Filter {
  let filter: Filter | undefined
  return (reply, x) => {
    if (!concerns(x)) return reply
    return filter === undefined ? load().then((loaded) => (filter ??= loaded)(reply, x)) : filter(reply, x)
  }
}

/** Whether a request has `Range` or a precondition. Most have none. */
function hasConditionOrRange({ headers: { names } }: Exchange): boolean {
  for (const name of names) {
    if (name === 'range' || (name.charCodeAt(0) === 105 && name.startsWith('if-'))) return true
  }
  return false
}

function opening(opened: (x: Exchange) => void): Layer {
  return (next) => (x) => {
    opened(x)
    return next(x)
  }
}

function filtering(filter: Filter): Layer {
  return (next) => (x) => {
    const reply = next(x)
    return reply instanceof Promise ? reply.then((settled) => filter(settled, x)) : filter(reply, x)
  }
}
