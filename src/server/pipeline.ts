import { createAuth } from '../middleware/auth/auth.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import type { ServeError } from '../core/serve-error.ts'
import { createCompression } from '../middleware/compression.ts'
import { createCors } from '../middleware/cors.ts'
import { createIsolation } from '../middleware/isolation.ts'
import { createResourcePolicy } from '../middleware/resource-policy.ts'
import { createResponseHeaders } from '../middleware/response-headers.ts'
import { createSelect } from '../middleware/select.ts'
import { createStaleWorker } from '../middleware/stale-worker.ts'
import { createGuard, type HostCheck } from '../middleware/guard/guard.ts'
import { composeFilters, composeLayers } from '../http/compose.ts'
import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import { OpenFiles } from '../http/body/open-files.ts'
import { type Live, createLive } from '../live/live.ts'
import { createRoutes, createFinder } from '../routes/routes.ts'
import { createStatic, type StaticSite } from '../static/static.ts'
import { createErrorBoundary, createRefuse, type Phrase } from './error-boundary.ts'
import { checkedLayer } from './checked-layer.ts'
import { createHttpsRedirect } from './https-redirect.ts'
import type { Events } from './events.ts'

/** What the pipeline needs beside the configuration. */
export interface PipelineOptions {
  readonly config: ResolvedConfig
  /** Which authorities are ours; asked for each request. */
  readonly isOurs: HostCheck
  /** What the embedding program added, outermost first. */
  readonly layers: readonly Layer[]
  /** Called with each exchange before anything looks at it. */
  readonly opened: (x: Exchange) => void
  /** Called with each fault of ours, which the client sees only as a 500. */
  readonly onFault: (error: ServeError) => void
  /** Words a fix on pages and in the log. */
  readonly phrase: Phrase
  readonly live: Live | undefined
  /** The port for HTTPS, once it is bound; without it nothing is redirected there. */
  readonly httpsPort?: () => number | undefined
  /** What `proxy` and `routes` say, and what the program has added. */
  readonly routes: readonly ResolvedRoute[]
  /** Makes the handler of a route that forwards. */
  readonly forward: (route: ResolvedRoute) => Handler
}

/** The served folders: the root and the mounts. They hold the cache, so they outlive a new pipeline. */
export interface Site {
  readonly path: string
  readonly site: StaticSite
}

/** Opens the folders of a configuration. */
export function openSites(config: ResolvedConfig): Site[] {
  const { root } = config
  const folders = servedFolders(config)
  const openFiles = new OpenFiles(config.limits.openFiles)
  const served = folders.map(({ path, folder }) => ({ prefix: path, folder }))
  return folders.map(({ path, folder }) => ({
    path,
    site: createStatic({
      root: folder,
      prefix: path,
      cleanUrls: config.cleanUrls,
      trailingSlash: config.trailingSlash,
      dotfiles: config.dotfiles,
      serve: config.serve,
      followSymlinks: config.followSymlinks,
      listing: config.listing,
      single: folder === root ? config.single : undefined,
      cacheControl: config.cacheControl,
      sidecars: config.compress,
      secretFiles: config.secretFiles,
      served,
      // one bound for the whole server
      cacheBytes: Math.floor(config.limits.cacheBytes / folders.length),
      openFiles,
    }),
  }))
}

/**
 * The whole pipeline, outermost first. This list is the documentation of what happens to a
 * request, and in which order.
 */
export function createPipeline(parts: PipelineOptions, sites: readonly Site[]): Handler {
  const { config, layers, live } = parts
  const refuse = createRefuse(parts.onFault, parts.phrase, config.base)
  const boundary = createErrorBoundary(refuse)
  // the most specific first: what is forwarded, redirects, fixed replies, the served folders
  const routes = createRoutes({
    folders: sites.map(({ path, site }) => ({ path, handle: site.handle, has: site.has })),
    routes: parts.routes,
    base: config.base,
    forward: parts.forward,
  })
  const auth = authLayers(config)
  // What a layer answers is not known before it is asked, and behind a password nothing may show what is there.
  const claims = layers.length > 0 || auth.length > 0 ? undefined : routes.claims
  const cors = config.cors === undefined ? undefined : createCors(config.cors, claims)

  const filters: Filter[] = [
    // first of all the user's own fields, so that what follows decides on the final type and caching
    ...(config.headers.length === 0 ? [] : [createResponseHeaders(config.headers)]),
    // so that other origins may read refusals too
    ...(cors === undefined ? [] : [cors.filter]),
    // which other sites may embed what is served
    createResourcePolicy(cors !== undefined),
    ...(config.isolate ? [createIsolation()] : []),
    // pages get the client of live reload, before their bytes are compressed
    ...(live === undefined ? [] : [live.inject]),
    // changes bytes, validators and length, so before anything that speaks about them
    ...(config.compress ? [createCompression()] : []),
    // last: preconditions and ranges are about the representation as the client gets it
    createSelect({ maxRanges: config.limits.ranges, refuse }),
  ]

  const list: Layer[] = [
    // what is thrown by the guard or by a filter becomes a plain refusal
    boundary,
    // opens the record before anything can refuse
    opening(parts.opened),
    // message framing, request-target, Host: nothing behind it sees a doubtful message
    createGuard({
      isOurs: parts.isOurs,
      headerCount: config.limits.headerCount,
      targetBytes: config.limits.targetBytes,
    }),
    // plain requests that belong to HTTPS, before anything is asked of them or told to them in the clear
    ...(parts.httpsPort === undefined ? [] : [createHttpsRedirect({ ...config, httpsPort: parts.httpsPort })]),
    // outbound: everything further in passes the filters, refusals included
    filtering(composeFilters(filters)),
    // service workers that an earlier site on this port left behind, where a 404 would leave them running
    createStaleWorker(),
    // what is thrown further in becomes a page that the filters still see
    boundary,
    // preflights come without credentials, so before the password
    ...(cors === undefined ? [] : [cors.layer]),
    // they ask for a token that was given out behind the password: not every browser sends that with a WebSocket
    ...(live === undefined ? [] : [live.tokenEndpoints]),
    ...auth,
    // the client of live reload and its token
    ...(live === undefined ? [] : [live.publicEndpoints]),
    // what the embedding program added
    ...layers.map(checkedLayer),
    // watches what is asked for, before it is read: so no change of it is missed
    ...(live === undefined ? [] : [live.trackRequests]),
  ]

  return composeLayers(list, routes.handle)
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

function authLayers(config: ResolvedConfig): Layer[] {
  if (config.auth !== undefined) return [createAuth(config.auth)]
  if (config.authFile !== undefined) return [createAuth({ file: config.authFile })]
  return []
}

/** Live reload for the served folders, where the configuration wants it. */
export function openLive(config: ResolvedConfig, sites: readonly Site[], events: Events): Live | undefined {
  const { live } = config
  if (live === undefined) return undefined
  const siteOf = createFinder(sites)
  return createLive({
    ...live,
    base: config.base,
    folders: [config.root, ...config.mounts.map(({ folder }) => folder)],
    cached: config.cacheControl !== 'no-cache',
    maxPages: config.limits.livePages,
    pageBytes: config.limits.pageBytes,
    dependenciesOf: (path) => siteOf(path)?.site.dependencies(path) ?? { files: [], isMissing: false },
    onChange: (paths) => events.emit('change', paths),
    onUpdate: (update) => events.emit('reload', update),
    onConsole: (error) => events.emit('console', error),
    onWarning: (warning) => events.emit('warning', warning),
  })
}

/** The served folders by their paths, `base` included: the root first, then the mounts. */
export function servedFolders(
  config: Pick<ResolvedConfig, 'base' | 'root' | 'mounts'>,
): { readonly path: string; readonly folder: string }[] {
  const { base, root, mounts } = config
  return [
    { path: base, folder: root },
    ...mounts.map(({ path, folder }) => ({ path: `${base}${path.slice(1)}`, folder })),
  ]
}
