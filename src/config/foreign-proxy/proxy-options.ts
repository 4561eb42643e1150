import { isPlainObject } from '../plain-object.ts'
import { resolveRequestFields } from '../resolve/fields.ts'
import type { Problem } from '../diagnostic.ts'
import type { ProxyOptions } from '../kinds/proxy-types.ts'

/** Reports a difference of one option. */
export type Differ = (option: string, why: string, instead: string) => void

type Writable = { -readonly [Key in keyof ProxyOptions]: ProxyOptions[Key] }

interface Context {
  readonly options: Readonly<Record<string, unknown>>
  readonly proxy: Writable
  readonly differ: Differ
  readonly isSecure: boolean
}

const layer = 'a layer: server.use((next) => (x) => …)'
const leaveOut = 'leave it out'
const noHook = 'a function that changes requests or replies has no counterpart in a route'
const clientHost = 'redirects to the target name the host that the client used'
const ownLog = 'this server has its own log'
const certificateFiles = 'certificates of a route are files'

/** Options that say where requests go, which are read elsewhere, and those that change nothing here. */
const elsewhere: ReadonlySet<string> = new Set([
  ...['target', 'context', 'path', 'pathFilter', 'router', 'pathRewrite', 'rewrite', 'prependPath', 'ignorePath'],
  'preserveHeaderKeyCase',
])

/** What to write instead of an option that has no counterpart: why, and what. */
const listed: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  forward: ['requests are not sent to a second server', 'run a layer that sends them: server.use((next) => (x) => …)'],
  bypass: ['a function chooses the requests', `a route with more in its match, or ${layer}`],
  configure: [noHook, `headers and replyHeaders of the route, or ${layer}`],
  plugins: [noHook, `headers and replyHeaders of the route, or ${layer}`],
  onProxyReq: [noHook, `headers: { 'x-name': 'value' } in the route, or ${layer}`],
  onProxyReqWs: [noHook, `headers: { 'x-name': 'value' } in the route, or ${layer}`],
  onProxyRes: [noHook, `replyHeaders: { 'x-name': 'value' } in the route, or ${layer}`],
  onError: ['clients get a 502 or 504 that says why', "server.on('reply', ({ reason }) => …)"],
  onOpen: ['there is no event for it', "server.on('reply', (record) => …)"],
  onClose: ['there is no event for it', "server.on('reply', (record) => …)"],
  selfHandleResponse: ['a route always answers', layer],
  followRedirects: ['the client follows redirects', leaveOut],
  agent: ['connections to the target are always used again', leaveOut],
  localAddress: ['the system chooses the address', leaveOut],
  lookup: ['the system resolves names', 'write the address in the target'],
  toProxy: ['targets get a path, never a whole URL', leaveOut],
  method: ['the method is forwarded', layer],
  buffer: ['another stream in place of the content has no counterpart', layer],
  ssl: ['certificates belong to the server', 'tls, cert and key beside routes'],
  ca: [certificateFiles, "tls: { ca: 'ca.pem' } in the route"],
  cert: [certificateFiles, "tls: { cert: 'client.pem', key: 'client.key' } in the route"],
  key: [certificateFiles, "tls: { cert: 'client.pem', key: 'client.key' } in the route"],
  pfx: [certificateFiles, "tls: { cert: 'client.pem', key: 'client.key' } in the route"],
  rewriteWsOrigin: [
    'Origin is the page that asks, and is forwarded',
    "headers: { origin: 'http://target' } in the route",
  ],
  ejectPlugins: ['there are no plugins', leaveOut],
  logLevel: [ownLog, 'log beside routes, or leave it out'],
  logProvider: [ownLog, "server.on('reply', (record) => …)"],
  logger: [ownLog, "server.on('reply', (record) => …)"],
  index: ['the first page is found by files', leaveOut],
}

/** Options that have a counterpart. */
const carried: Readonly<Record<string, (value: unknown, context: Context) => void>> = {
  changeOrigin(value, { proxy }) {
    if (value === true) proxy.changeOrigin = true
  },
  secure(value, { proxy, isSecure }) {
    if (value === false && isSecure) proxy.tls = { verify: false }
  },
  headers: carryHeaders,
  auth(value, { proxy, differ }) {
    if (typeof value !== 'string') return differ('auth', 'expected user:password', leaveOut)
    const authorization = `Basic ${Buffer.from(value).toString('base64')}`
    proxy.headers = { ...proxy.headers, authorization }
  },
  ws(value, { differ }) {
    if (value === false) differ('ws', 'WebSockets pass through every route', leaveOut)
  },
  xfwd(value, { proxy }) {
    const names = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'forwarded']
    if (value === false) proxy.headers = { ...Object.fromEntries(names.map((name) => [name, false])), ...proxy.headers }
  },
  autoRewrite: rewriteReplies,
  protocolRewrite(value, context) {
    rewriteReplies(value, context)
    const { autoRewrite, hostRewrite } = context.options
    // Alone it leaves the host of the target in redirects.
    if (!autoRewrite && !hostRewrite) context.differ('protocolRewrite', clientHost, leaveOut)
  },
  hostRewrite(value, context) {
    rewriteReplies(value, context)
    context.differ('hostRewrite', clientHost, leaveOut)
  },
  cookieDomainRewrite(value, context) {
    const domains = isPlainObject(value) ? Object.values(value) : [value]
    rewriteReplies(true, context)
    if (domains.every((domain) => domain === '' || domain === null || domain === false)) return
    const why = 'a domain that does not fit the client is removed, and none is set'
    context.differ('cookieDomainRewrite', why, leaveOut)
  },
  cookiePathRewrite(value, context) {
    const all = isPlainObject(value) && Object.keys(value).length === 1 ? value['*'] : value
    if (typeof all === 'string' && all.startsWith('/')) {
      rewriteReplies(true, context)
      context.proxy.cookiePath = all
    } else context.differ('cookiePathRewrite', 'one path is set for all cookies', "cookiePath: '/' in the route")
  },
  proxyTimeout(value, { proxy, differ }) {
    if (typeof value !== 'number' || value < 0) return differ('proxyTimeout', 'expected milliseconds', leaveOut)
    proxy.timeouts = { headersMs: value, bodyIdleMs: value, upgradeMs: value }
  },
  timeout(value, { differ }) {
    const why = 'how long a client may be idle is set for the server'
    differ('timeout', why, `timeouts: { bodyIdleMs: ${String(value)} } in the route, or limits beside routes`)
  },
  on(value, { differ }) {
    const hooks = isPlainObject(value) ? Object.keys(value) : []
    for (const hook of hooks) {
      const [why, instead] = listed[`on${hook.charAt(0).toUpperCase()}${hook.slice(1)}`] ?? listed['onOpen'] ?? []
      differ(`on.${hook}`, why ?? noHook, instead ?? leaveOut)
    }
  },
}

/** Converts what an entry says about how requests are forwarded. */
export function readProxyOptions(
  options: Readonly<Record<string, unknown>>,
  isSecure: boolean,
  differ: Differ,
): Omit<ProxyOptions, 'to'> {
  // As there: redirects and cookies pass unchanged, unless an option rewrites them.
  const proxy: Writable = { to: '', rewrite: false }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || value === null || elsewhere.has(option)) continue
    const read = Object.hasOwn(carried, option) ? carried[option] : undefined
    const [why, instead] = (Object.hasOwn(listed, option) ? listed[option] : undefined) ?? []
    if (read !== undefined) read(value, { options, proxy, differ, isSecure })
    else if (value !== false) differ(option, why ?? 'the option is not known', instead ?? leaveOut)
  }
  const { to: _, ...rest } = proxy
  return rest
}

function rewriteReplies(value: unknown, { proxy }: Context): void {
  if (value !== false && value !== '') delete proxy.rewrite
}

function carryHeaders(value: unknown, { proxy, differ }: Context): void {
  if (!isPlainObject(value)) return differ('headers', 'expected an object of fields', "headers: { 'x-name': 'value' }")
  const fields: Record<string, string> = {}
  for (const [name, given] of Object.entries(value)) {
    if (given === undefined || given === null) continue
    const values: readonly unknown[] = Array.isArray(given) ? given : [given]
    const text = values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(', ')
    const problems: Problem[] = []
    resolveRequestFields({ [name]: text }, [], problems)
    const [problem] = problems
    if (problem === undefined) fields[name] = text
    else differ(`headers.${name}`, problem.message, problem.hint ?? leaveOut)
  }
  if (Object.keys(fields).length > 0) proxy.headers = { ...proxy.headers, ...fields }
}
