import { describeRoute, explainAction } from '../config/kinds/describe.ts'
import type { ShowPath } from '../config/kinds/kind.ts'
import { kindOf } from '../config/kinds/registry.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig, ResolvedSite } from '../config/types.ts'
import { createCors } from '../middleware/cors.ts'
import { hostNotAllowed } from '../middleware/guard/guard.ts'
import { parseAuthority, type Authority } from '../http/message/authority.ts'
import { composeLayers } from '../http/compose.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { getField, RequestHeaders } from '../http/message/headers.ts'
import { OpenFiles } from '../http/body/open-files.ts'
import { discard } from '../http/body/reply-body.ts'
import { asSentence } from '../core/util/sentence.ts'
import { isServeError, type Suggestion } from '../core/serve-error.ts'
import { syntheticExchange } from '../http/synthetic-exchange.ts'
import { parseRequestTarget } from '../http/message/request-target.ts'
import { loadDryRun } from '../proxy/proxy.ts'
import {
  createSiteFolders,
  loadExplainRoute,
  requestOf,
  type DescribeRoute,
  type RouteExplanation,
} from '../routes/routes.ts'
import { createHttpsRedirect, createSecureCheck } from './https-redirect.ts'
import { createAccess, createAdmit } from './access.ts'
import { openFolder, rootRoute } from './served-folders.ts'
import { createAllowedHosts, createSiteHosts } from './allowed-hosts.ts'
import { sitesOf } from './site.ts'
import { createSiteFinder, whyRefused } from './sites.ts'

/** The request to explain; it is not sent. */
export interface Question {
  readonly method: string
  /** A URL, or a path on this server. */
  readonly url: string
  /** Flat list of fields. */
  readonly headers: readonly string[]
}

/** What a folder would answer, or the server before any route. */
export interface Answer {
  readonly status: number
  /** The error, or where a redirect goes. */
  readonly why: string | undefined
  /** The option with which the page would not be missing. */
  readonly fix?: Suggestion
}

/** Which route answers a request, and with what. */
export interface RequestExplanation extends RouteExplanation {
  /** The site that answers, where it is one of `sites`. */
  readonly site?: string | undefined
  /** The answer of a folder, before conditions, ranges and compression; or one that comes before every route. */
  readonly answer?: Answer | undefined
  /** The option that allows a request that is refused. */
  readonly fix?: Suggestion | undefined
}

/** What {@link explainRequest} may be given beside the request. */
export interface ExplainOptions {
  /** Whether a name is one of {@link certifiedNames}. */
  readonly isCertified?: ((name: string) => boolean) | undefined
  /** Words the folder of a route. Default: the whole path. */
  readonly show?: ShowPath | undefined
}

/**
 * Explains which route answers a request, why the others do not, and what an upstream would receive.
 *
 * @returns undefined for a URL that names no host or path.
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export async function explainRequest(
  server: ResolvedConfig,
  question: Question,
  options: ExplainOptions = {},
): Promise<RequestExplanation | undefined> {
  const x = exchangeOf(server, question)
  if (x === undefined) return undefined
  const names = server.listeners.map(({ name }) => name)
  const siteOf = createSiteFinder(sitesOf(server), names)
  const site = siteOf(x)
  if (site === undefined) {
    const { fix: _, ...explanation } = refused(x)
    return { ...explanation, text: explanation.text.replace(/\.$/, `: ${whyRefused(siteOf, names, x.headers)}.`) }
  }
  const explanation = await explainSite(site, x, options)
  return site.config === server ? explanation : { site: site.name, ...explanation }
}

async function explainSite(
  { hosts, config }: ResolvedSite,
  x: Asked,
  { isCertified, show }: ExplainOptions,
): Promise<RequestExplanation> {
  let found: ResolvedRoute | undefined
  await explainAsked(config, x, (route) => {
    found = route
    return { text: '', forwards: [] }
  })
  const dryRun = found?.action.kind === 'proxy' ? await loadDryRun() : undefined
  const isOurs = hosts.length > 0 ? createSiteHosts(hosts) : createAllowedHosts(config, config.routes, isCertified)
  const isAdmitted = isOurs(x.authority, x.peer)
  // First, since it notes which fields no upstream gets.
  const early = isAdmitted ? await earlyAnswer(config, x, found?.id || undefined) : undefined
  const explanation = await explainAsked(config, x, (route) => {
    const { id, match, action } = route
    // Fields that a route sets may hold credentials, and explanations end up in terminals and bug reports.
    const shown = kindOf(action).redact(action)
    return {
      text: describeRoute(route, explainAction(action, show)),
      forwards:
        shown.kind === 'proxy' && dryRun !== undefined
          ? dryRun({ id, match, proxy: shown.proxy }, x, config.trust)
          : [],
    }
  })
  if (!isAdmitted) return refused(x)
  if (early !== undefined) return { ...explanation, forwards: [], answer: early }
  if (found === undefined || kindOf(found.action).isFolder !== true) return explanation
  const answer = await folderAnswer(found, config, x)
  if (config.handler === undefined || answer.status < 400) return { ...explanation, answer }
  return { ...explanation, kind: 'handler', text: `no file: answered by ${config.handler.handler}` }
}

function refused(x: Asked): RequestExplanation {
  const { status, code, message, fix } = hostNotAllowed(x.authority)
  return { route: undefined, kind: 'refused', text: `${status} ${code}: ${message}`, forwards: [], lost: [], fix }
}

/** What answers before any route: addresses, the redirect to HTTPS, CORS for preflights, origins and the password, as in the pipeline. */
async function earlyAnswer(config: ResolvedConfig, x: Asked, route: string | undefined): Promise<Answer | undefined> {
  const { listeners, cors, redirect } = config
  const httpsPorts = listeners.flatMap(({ tls, ports }) => (tls ? ports : []))
  const access = createAccess(config, config.routes, () => route, createAdmit(config))
  const layers = [
    ...access.addresses,
    ...(httpsPorts.length === 0
      ? []
      : [createHttpsRedirect({ redirect, isSecure: createSecureCheck(config.trust), httpsPorts: () => httpsPorts })]),
    ...(cors === undefined ? [] : [createCors(cors).layer]),
    ...access.admission,
  ]
  let isPassed = false
  const routes = (): Reply => {
    isPassed = true
    return emptyReply(200)
  }
  const answer = await answerOf(x, composeLayers(layers, routes))
  return isPassed ? undefined : answer
}

/** What the folder of a route answers. The same code as for a real request looks for the file, and nothing is sent. */
async function folderAnswer(route: ResolvedRoute, config: ResolvedConfig, x: Asked): Promise<Answer> {
  const folder = openFolder(route, config, new OpenFiles(config.limits.openFiles), () => createSiteFolders([route]))
  try {
    return await answerOf(x, folder.handle)
  } finally {
    folder.retire()
  }
}

async function answerOf(x: Asked, handler: Handler): Promise<Answer> {
  try {
    const reply = await handler(x)
    discard(reply.body)
    const why = reply.status === 404 ? x.notes.remark : getField(reply.headers, 'location')
    return { status: reply.status, why }
  } catch (error) {
    if (!isServeError(error)) throw error
    const { status, code, message, hint, fix } = error
    const said = hint === undefined || fix !== undefined ? message : `${message} ${asSentence(hint)}`
    // An empty remark keeps the hint out of the log. What is forbidden says its rule there only.
    const why = `${code}: ${((status === 404 || status === 403) && x.notes.remark) || said}`
    return { status, why, ...(fix === undefined ? {} : { fix }) }
  }
}

/**
 * Compiles the routes, and throws away the result.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export async function checkRoutes(config: ResolvedConfig): Promise<void> {
  const x = exchangeOf(config, { method: 'GET', url: '/', headers: [] })
  if (x === undefined) return
  for (const site of sitesOf(config)) await explainAsked(site.config, x, () => ({ text: '', forwards: [] }))
}

type Asked = Exchange & { readonly authority: Authority }

/** The exchange that the request would be, sent from this machine. */
function exchangeOf(config: ResolvedConfig, { method, url: asked, headers: given }: Question): Asked | undefined {
  const url = asked.replace(/#.*$/s, '')
  const target = url.startsWith('/') || url.includes('://') ? url : `http://${url}`
  const { listeners } = config
  const encrypted = target.startsWith('https:')
  const usual = listeners.find(({ tls }) => tls === encrypted) ?? listeners[0]
  // Where the system will choose the port, any one stands for it: no client names 0.
  const port = usual?.ports[0] || 8008
  const host = new RequestHeaders(given).get('host')
  const named =
    host ?? parseRequestTarget(method, target).authority ?? (port === 80 ? 'localhost' : `localhost:${port}`)
  const authority = parseAuthority(named)
  if (authority === undefined || authority.hostname === '' || /[\s\x00-\x1f\x7f]/.test(url)) return undefined
  const headers = host === undefined ? ['Host', named, ...given] : given
  // The port of a URL says which listener is asked.
  const addressed = listeners.find(({ ports }) => ports.includes(authority.port ?? (encrypted ? 443 : 80)))
  const listener = addressed ?? usual
  const localPort = addressed === undefined ? port : (authority.port ?? port)
  const peer = {
    address: '127.0.0.1',
    port: 0,
    localAddress: '127.0.0.1',
    localPort,
    encrypted,
    listener: listener?.name,
  }
  return { ...syntheticExchange({ method, target, headers, peer }), authority }
}

async function explainAsked(config: ResolvedConfig, x: Asked, describe: DescribeRoute) {
  const explainRoute = await loadExplainRoute()
  const isEmpty = config.root === undefined && config.handler === undefined
  const root = isEmpty ? undefined : { ...rootRoute(config), id: config.base }
  return explainRoute(requestOf(x), config.routes, root, describe)
}
