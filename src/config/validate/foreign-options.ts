import { optionsByKey, optionTable, type OptionEntry } from '../options/option-table.ts'
import { isPlainObject } from '../plain-object.ts'
import { quote } from '../diagnostic.ts'

/** What to write instead of a key of another program: a hint, and the key here that takes the same value. */
export interface Correction {
  readonly hint: string
  readonly as?: string
}

const layer = 'write a layer: server.use((next) => (x) => …)'
const swapped = 'leave it out: style sheets are swapped in place'
const together = 'remove it: changes are debounced'
const wrapper = (value: unknown): string => {
  const keys = isPlainObject(value) ? Object.keys(value) : []
  return keys.length === 0 ? 'leave it out' : `write what it holds at the top: { ${keys.slice(0, 8).join(', ')} }`
}

const webSockets = 'leave it out: WebSockets go through every route'
const forwardedFor = 'leave it out: X-Forwarded-For, -Host and -Proto are always sent'
const inRoute = "write it in its route: proxy: { '/': { to: 'http://localhost:3000', … } }"

/** Options of Vite, webpack-dev-server, browser-sync, live-server, serve, http-server and Express that none of ours replaces. */
const foreignKeys: NonNullable<OptionEntry['foreignKeys']> = [
  [['server', 'devServer', 'preview', 'options'], wrapper],
  [['robots'], 'leave it out: a robots.txt in the folder is served'],
  [['injectChanges', 'noCssInject'], swapped],
  [['wait', 'reloadDelay', 'reloadDebounce'], together],
  [['config'], 'leave it out: it is a flag of the command, --config'],
  [['verbose'], 'leave it out: it is a flag of the command, --verbose'],
  [['etag'], 'leave it out: entity tags are always sent'],
  [['middleware', 'middlewares', 'setupMiddlewares', 'configureServer', 'before', 'after'], layer],
  [['onListening'], "write server.on('listening', …)"],
  [['logger'], "write server.on('reply', …)"],
  // http-proxy and http-proxy-middleware take the options of one route.
  [['target', 'upstream', 'forward'], "write proxy: { '/': 'http://localhost:3000' }"],
  [['ws'], webSockets],
  [['xfwd'], forwardedFor],
  [
    ['secure', 'bypass', 'changeOrigin', 'autoRewrite', 'hostRewrite', 'protocolRewrite', 'selfHandleResponse'],
    inRoute,
  ],
  [['rewrite', 'pathRewrite', 'pathFilter', 'router', 'cookieDomainRewrite', 'cookiePathRewrite'], inRoute],
  [['proxyTimeout', 'passHeaders', 'balance', 'retries', 'buffer', 'health'], inRoute],
]

/** What to write instead of an option of another program, or undefined. */
export function foreignOption(key: string, value: unknown): string | undefined {
  const known = [...optionTable.flatMap((entry) => entry.foreignKeys ?? []), ...foreignKeys]
  const [, hint] = known.find(([names]) => names.includes(key)) ?? []
  return typeof hint === 'function' ? hint(value) : hint
}

const to: Correction = { hint: 'did you mean "to"?', as: 'to' }
const url: Correction = { hint: "write to: 'http://host:port'" }
const path: Correction = {
  hint: 'add a path to the target: http://localhost:3000/v1 replaces the matched path by /v1',
}
const fits: Correction = { hint: 'leave it out: redirects and cookies are rewritten (see "rewrite")' }
const hook: Correction = { hint: layer }
const inTls: Correction = { hint: 'write it in tls: { … }' }
const inKey: Correction = { hint: "write it as the key: { '/api': 'http://localhost:3000' }" }

/** Keys of http-proxy, http-proxy-middleware, Vite and webpack-dev-server. */
const proxyKeys: Readonly<Record<string, Correction>> = {
  target: to,
  upstream: to,
  url: to,
  forward: to,
  host: url,
  hostname: url,
  port: url,
  protocol: url,
  context: inKey,
  pathFilter: inKey,
  secure: { hint: 'did you mean tls: { verify: false }?' },
  ssl: inTls,
  ca: inTls,
  cert: inTls,
  key: inTls,
  servername: inTls,
  ws: { hint: webSockets },
  pathRewrite: path,
  stripPrefix: path,
  prependPath: path,
  ignorePath: path,
  bypass: { hint: 'add a route with more conditions in match' },
  router: { hint: 'add routes with more conditions in match' },
  xfwd: { hint: forwardedFor },
  autoRewrite: fits,
  hostRewrite: fits,
  protocolRewrite: fits,
  cookieDomainRewrite: fits,
  cookiePathRewrite: { hint: "did you mean cookiePath: '/'?" },
  followRedirects: { hint: 'leave it out: the client follows redirects' },
  timeout: { hint: 'did you mean timeouts: { totalMs }?' },
  proxyTimeout: { hint: 'did you mean timeouts: { headersMs }?' },
  auth: { hint: "write headers: { authorization: 'Basic …' }" },
  configure: hook,
  on: hook,
  onProxyReq: hook,
  onProxyRes: hook,
  onError: hook,
  selfHandleResponse: hook,
  logLevel: { hint: 'leave it out: see "log", or "debug" for this route' },
}

/** What to write instead of a key of another proxy, or undefined. */
export function foreignProxyKey(key: string): Correction | undefined {
  return Object.hasOwn(proxyKeys, key) ? proxyKeys[key] : undefined
}

const within = (key: string) => (): string => `write it in match: { ${key}: … }`
const source = (value: unknown): string =>
  `did you mean match: { path: ${typeof value === 'string' ? quote(value) : '…'} }?`
const status = (): string => 'did you mean "status"?'
const inReply = (): string => 'write it in reply: { … }'

/** Keys beside `match`: those of other servers, and misplaced ones. */
const routeKeys: Readonly<Record<string, (value: unknown) => string>> = {
  ...Object.fromEntries(
    ['path', 'exact', 'pattern', 'host', 'method', 'header', 'cookie', 'query'].map((key) => [key, within(key)]),
  ),
  source,
  from: source,
  url: source,
  to: () => 'did you mean "proxy", or "redirect"?',
  target: () => 'did you mean "proxy"?',
  destination: () => 'did you mean "redirect", or "proxy"?',
  statusCode: status,
  code: status,
  type: status,
  permanent: () => 'write status: 308',
  body: inReply,
  headers: inReply,
  fetch: () => 'did you mean "handler"?',
  name: () => 'did you mean "id"?',
}

/** What to write instead of a key that a route does not have, or undefined. */
export function foreignRouteKey(key: string, value: unknown): string | undefined {
  return Object.hasOwn(routeKeys, key) ? routeKeys[key]?.(value) : undefined
}

/** What to write instead of a value that another program takes for an option that we have too, or undefined. */
export function foreignValue(key: string, value: unknown): string | undefined {
  const hint = optionsByKey.get(key)?.correct?.(value)
  if (hint !== undefined) return hint
  if (key === 'match' && typeof value === 'string') {
    return `did you mean match: { ${value.startsWith('/') ? 'path' : 'host'}: ${quote(value)} }?`
  }
  if (key === 'reply' && typeof value === 'string') return `did you mean reply: { body: ${quote(value)} }?`
  if (key === 'reply' && typeof value === 'function') return 'write it as handler: (request) => new Response(…)'
  if (key === 'handler') {
    return typeof value === 'function'
      ? 'use connectLayer(middleware) of the library for middleware of Express and Connect'
      : "write it in a serve8008.config.mjs: handler: (request) => new Response('ok')"
  }
  if (key === 'rewrite' && typeof value !== 'boolean') return `use true or false; for the path: ${path.hint}`
  return undefined
}
