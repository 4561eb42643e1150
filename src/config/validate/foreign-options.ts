import { isPlainObject } from '../plain-object.ts'
import { quote } from '../diagnostic.ts'

/** What to write instead of a key of another program: a hint, and the key here that takes the same value. */
export interface Correction {
  readonly hint: string
  readonly as?: string
}

const root = (value: unknown): string =>
  `did you mean ${typeof value === 'string' ? `root: ${quote(value)}` : '"root"'}? Further folders are "mounts"`
const layer = (): string => 'write a layer: server.use((next) => (x) => …)'
const single = (): string => 'did you mean single: true?'
const live = (): string => 'did you mean "live"? It is on'
const noLog = (): string => "did you mean log: 'none'?"
const auth = (): string => "write auth: 'user:password'"
const listing = (): string => 'did you mean "listing"? It is on'
const swapped = (): string => 'leave it out: style sheets are swapped in place'
const together = (): string => 'remove it: changes are debounced'
const types = (): string => "write headers: { '/path': { 'content-type': 'text/plain' } }"
const flagAlone = (name: string) => (): string => `leave it out: it is a flag of the command, --${name}`
const wrapper = (value: unknown): string => {
  const keys = isPlainObject(value) ? Object.keys(value) : []
  return keys.length === 0 ? 'leave it out' : `write what it holds at the top: { ${keys.slice(0, 8).join(', ')} }`
}

/** Options of Vite, webpack-dev-server, browser-sync, live-server, serve, http-server and Express. */
const topLevel: Readonly<Record<string, (value: unknown) => string>> = {
  server: wrapper,
  devServer: wrapper,
  preview: wrapper,
  options: wrapper,
  static: root,
  publicDir: root,
  contentBase: root,
  directory: root,
  dir: root,
  baseDir: root,
  folder: root,
  public: root,
  historyApiFallback: single,
  fallback: single,
  singlePage: single,
  rewrites: () => 'did you mean "single"? Other servers are reached by "proxy"',
  redirects: () => "write routes: [{ match: { path: '/old' }, redirect: '/new' }]",
  allowedHosts: () => 'did you mean "allowHost"?',
  directoryListing: listing,
  autoIndex: listing,
  serveIndex: listing,
  showDir: listing,
  showDotfiles: () => 'did you mean "dotfiles"?',
  serveStatic: root,
  publicPath: () => 'did you mean "base"?',
  startPath: (value) => `did you mean open: ${typeof value === 'string' ? quote(value) : "'/path'"}?`,
  file: (value) => `did you mean single: ${typeof value === 'string' ? quote(value) : 'true'}?`,
  disableHostCheck: () => 'name the hosts in "allowHost"',
  htpasswd: () => 'did you mean "authFile"?',
  browser: () => 'set the variable BROWSER; "open" says whether',
  ext: () => 'leave it out: /about is served from about.html (see "cleanUrls")',
  robots: () => 'leave it out: a robots.txt in the folder is served',
  mimeTypes: types,
  mimetypes: types,
  ipc: () => 'did you mean "socket"?',
  files: () => 'did you mean "watch"?',
  injectChanges: swapped,
  noCssInject: swapped,
  wait: together,
  reloadDelay: together,
  reloadDebounce: together,
  notify: () => 'did you mean "toast"?',
  config: flagAlone('config'),
  verbose: flagAlone('verbose'),
  json: () => "did you mean log: 'json'?",
  hot: live,
  hmr: live,
  liveReload: live,
  watchFiles: () => 'did you mean "watch"?',
  watchOptions: () => 'did you mean "ignore", or "poll"?',
  gzip: () => 'did you mean "compress"?',
  brotli: () => 'did you mean "compress"?',
  maxAge: () => 'did you mean "cache"? It takes seconds',
  cacheControl: () => 'did you mean "cache"?',
  etag: () => 'leave it out: entity tags are always sent',
  ssl: () => 'did you mean "tls"? Files of your own are "cert" and "key"',
  https: (value) =>
    isPlainObject(value)
      ? "write tls: true, and its files at the top: { cert: 'a.pem', key: 'b.pem' }"
      : 'did you mean "tls"?',
  middleware: layer,
  middlewares: layer,
  setupMiddlewares: layer,
  configureServer: layer,
  before: layer,
  after: layer,
  onListening: () => "write server.on('listening', …)",
  username: auth,
  user: auth,
  password: auth,
  silent: noLog,
  quiet: noLog,
  logLevel: noLog,
  logger: () => "write server.on('reply', …)",
}

/** What to write instead of an option of another program, or undefined. */
export function foreignOption(key: string, value: unknown): string | undefined {
  return Object.hasOwn(topLevel, key) ? topLevel[key]?.(value) : undefined
}

const to: Correction = { hint: 'did you mean "to"?', as: 'to' }
const url: Correction = { hint: "write to: 'http://host:port'" }
const path: Correction = {
  hint: 'add a path to the target: http://localhost:3000/v1 replaces the matched path by /v1',
}
const fits: Correction = { hint: 'leave it out: redirects and cookies are rewritten (see "rewrite")' }
const hook: Correction = { hint: 'write a layer: server.use((next) => (x) => …)' }
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
  ws: { hint: 'leave it out: WebSockets go through every route' },
  pathRewrite: path,
  stripPrefix: path,
  prependPath: path,
  ignorePath: path,
  bypass: { hint: 'add a route with more conditions in match' },
  router: { hint: 'add routes with more conditions in match' },
  xfwd: { hint: 'leave it out: X-Forwarded-For, -Host and -Proto are always sent' },
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
}

/** What to write instead of a key that a route does not have, or undefined. */
export function foreignRouteKey(key: string, value: unknown): string | undefined {
  return Object.hasOwn(routeKeys, key) ? routeKeys[key]?.(value) : undefined
}

/** What to write instead of a value that another program takes for an option that we have too, or undefined. */
export function foreignValue(key: string, value: unknown): string | undefined {
  if (key === 'host' && value === true) return 'did you mean lan: true?'
  if (key === 'host' && value === false) return 'leave it out: localhost is the default'
  if (key === 'log' && /^(?:false|off|no|quiet|silent|0)$/i.test(String(value))) return 'did you mean "none"?'
  // Formats of morgan that are not ours.
  if (key === 'log' && /^(?:true|on|yes|dev|short|tiny|1)$/i.test(String(value))) return 'did you mean "pretty"?'
  if (key === 'trailingSlash' && typeof value === 'boolean') return `did you mean ${value ? '"always"' : '"never"'}?`
  if (key === 'cors' && isPlainObject(value)) return "use true, or the origins: ['https://app.example.test']"
  if (key === 'proxy' && typeof value === 'string') return `write { "/api": ${quote(value)} }`
  if (key === 'proxy' && Array.isArray(value)) return 'write each as a key: { "/api": "http://localhost:3000" }'
  if (key === 'root' && value instanceof URL) return 'use its path: fileURLToPath(url)'
  if (key === 'routes' && isPlainObject(value)) return "write a list: [{ match: { path: '/old' }, redirect: '/new' }]"
  if (key === 'match' && typeof value === 'string') {
    return `did you mean match: { ${value.startsWith('/') ? 'path' : 'host'}: ${quote(value)} }?`
  }
  if (key === 'reply' && typeof value === 'string') return `did you mean reply: { body: ${quote(value)} }?`
  if (key === 'reply' && typeof value === 'function') return hook.hint
  if (key === 'rewrite' && typeof value !== 'boolean') return `use true or false; for the path: ${path.hint}`
  return undefined
}
