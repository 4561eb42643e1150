import { ServeError } from '../../core/serve-error.ts'
import { quote } from '../diagnostic.ts'
import type { FromHttpProxyResult, ProxyDifference, ProxyProgram } from './types.ts'
import { isPlainObject } from '../plain-object.ts'
import type { MatchOptions, RouteOptions } from '../route-types.ts'
import type { ProxyOptions } from '../kinds/proxy-types.ts'
import { readContexts } from './context.ts'
import { readProxyOptions, type Differ } from './proxy-options.ts'
import { readRewrite, noCounterpart, type Replacement } from './rewrite.ts'
import { readRouter } from './router.ts'
import { readTarget, type ReadTarget } from './target.ts'

type Entry = Readonly<Record<string, unknown>>

/** Settings after their check. */
interface CheckedSettings {
  readonly from: ProxyProgram | undefined
  /** Without a final slash. */
  readonly mount: string
}

/** See `fromHttpProxy`. */
export function convertProxyOptions(options: unknown, settings: CheckedSettings): FromHttpProxyResult {
  const conversion = new Conversion(options, settings)
  if (typeof options === 'string') {
    if (settings.from === 'vite' || settings.from === 'angular') throw invalid(options)
    if ((settings.from ?? 'create-react-app') === 'create-react-app') conversion.addFallback(options)
    else conversion.addShorthand(options)
  } else if (Array.isArray(options)) for (const entry of options) conversion.addEntry(entry)
  else if (!isPlainObject(options) || Object.keys(options).length === 0) throw invalid(options)
  else if (isEntry(options)) conversion.addEntry(options)
  else for (const [context, value] of Object.entries(options)) conversion.addContext(context, value)
  return { routes: conversion.routes, differences: conversion.differences }
}

/** Whether it is one entry, and no table of contexts. */
function isEntry(options: Entry): boolean {
  return ['target', 'router', 'forward', 'context'].some((name) => options[name] !== undefined)
}

function programOf(options: unknown): ProxyProgram {
  if (typeof options === 'string') return 'create-react-app'
  if (Array.isArray(options)) return 'webpack-dev-server'
  return isPlainObject(options) && isEntry(options) ? 'http-proxy-middleware' : 'vite'
}

class Conversion {
  readonly routes: RouteOptions[] = []
  readonly differences: ProxyDifference[] = []
  readonly #program: ProxyProgram
  /** Without a final slash. */
  readonly #mount: string
  readonly #isGuess: boolean

  constructor(options: unknown, { from, mount }: CheckedSettings) {
    this.#program = from ?? programOf(options)
    this.#isGuess = from === undefined
    this.#mount = mount
  }

  /** `proxy` in the package.json of Create React App: what is no file and no page goes to the target. */
  addFallback(target: string): void {
    const method = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    const read = this.#target(target, '/')
    const to = read.origin + read.path
    const proxy = { to, changeOrigin: true, rewrite: false, ...(read.isSecure ? { tls: { verify: false } } : {}) }
    this.routes.push({ match: { path: '/', method }, proxy })
    const why = 'GET requests for what is no file go to the target there; here files come after every route'
    this.#differ('/')('proxy', why, `name the paths: proxy: { '/api': ${quote(target)} }`)
  }

  /** `createProxyMiddleware('http://localhost:3000/api')`: the path is the context, and stays. */
  addShorthand(target: string): void {
    const { origin, path } = this.#target(target, 'target')
    this.addEntry({ context: path === '' ? '/' : path, target: origin })
  }

  addContext(context: string, value: unknown): void {
    if (value === undefined || value === false || value === null) return
    if (!/^[/^*]/.test(context)) throw invalid({ [context]: value })
    if (typeof value === 'string') {
      this.addEntry({ context, target: value, changeOrigin: this.#program === 'vite' })
      if (this.#isGuess) {
        const why =
          "Vite's short form sends the name of the target in Host, webpack's that of the client; this is Vite's"
        this.#differ(context)('changeOrigin', why, "fromHttpProxy(options, { from: 'webpack-dev-server' })")
      }
    } else if (isPlainObject(value)) this.addEntry({ ...value, context })
    else throw invalid({ [context]: value })
  }

  addEntry(entry: unknown): void {
    if (typeof entry === 'function') {
      const why = 'a function makes the options; its route is left out'
      this.#differ('proxy')('proxy', why, 'call it, and pass what it returns')
      return
    }
    if (!isPlainObject(entry)) throw invalid(entry)
    const given = entry['context'] ?? entry['pathFilter'] ?? entry['path'] ?? '/'
    const contexts: readonly unknown[] = Array.isArray(given) ? given : [given]
    const all = contexts.filter((context) => typeof context === 'string').join(', ') || 'context'
    if (entry['target'] === undefined && entry['router'] === undefined && entry['forward'] !== undefined) {
      this.#differ(all)('forward', 'requests are not sent without their reply; its route is left out', 'target')
      return
    }
    for (const context of contexts) this.#addRoutes(context, entry, this.#differ(all))
  }

  #addRoutes(context: unknown, entry: Entry, differ: Differ): void {
    const label = typeof context === 'string' ? context : 'context'
    const option = entry['rewrite'] === undefined ? 'pathRewrite' : 'rewrite'
    for (const read of readContexts(context, this.#program)) {
      if ('why' in read) {
        differ('context', `${read.why}; its route is left out`, "a route with its own match: { path: '/api' }")
        continue
      }
      // Without a context the middleware gets everything below its mount.
      const seen = read.path === '/' && this.#keepsMount && this.#mount !== '' ? this.#mount : read.path
      const rewrite = entry['ignorePath'] === true ? noCounterpart : readRewrite(entry[option], seen)
      if (rewrite === noCounterpart) {
        const name = entry['ignorePath'] === true ? 'ignorePath' : option
        const why = 'it replaces more than the beginning of the path; its route is left out'
        differ(name, why, 'a target with a path, which replaces the matched one, or a layer')
        continue
      }
      for (const why of rewrite.lost) differ(option, why, 'a further route for that path')
      const { pattern } = read.match
      const [whole, ...deeper] = rewrite.replacements as [Replacement, ...Replacement[]]
      for (const { path = seen, host, target } of readRouter(entry, differ)) {
        const push = (match: MatchOptions, replacement: Replacement): void =>
          this.#push(label, host === undefined ? match : { ...match, host }, replacement, target, entry, differ)
        if (path !== seen && !path.startsWith(`${trimmed(seen)}/`))
          differ('router', `${path} is outside of the context`, 'a context for it')
        else if (path !== seen) push({ path }, below(whole, path))
        else if (pattern !== undefined) push({ pattern }, whole)
        else {
          for (const each of deeper) push({ path: each.from }, each)
          push({ path: seen }, whole)
        }
      }
    }
  }

  #push(
    label: string,
    { path, pattern, host }: MatchOptions,
    { from, to }: Replacement,
    target: unknown,
    entry: Entry,
    differ: Differ,
  ): void {
    const read = this.#target(target, label)
    for (const [option, why] of read.lost) differ(option, why, 'remove it')
    const received = this.#fullPath(from)
    const sent = (entry['prependPath'] === false ? '' : read.path) + to
    const separator = read.origin.startsWith('unix:') ? ':' : ''
    const address = sent === received ? read.origin : `${read.origin}${separator}${sent || '/'}`
    const proxy: ProxyOptions = { to: address, ...readProxyOptions(entry, read.isSecure, differ) }
    if (sent !== received && proxy.rewrite !== false)
      differ('rewrite', 'redirects and cookies are also moved to the path of the route', 'cookiePath, or leave it')
    const match: MatchOptions = {
      ...(path === undefined ? { pattern: this.#fullPath(pattern ?? '') } : { path: this.#fullPath(path) || '/' }),
      ...(host === undefined ? {} : { host }),
    }
    const earlier = this.routes.find((route) => covers(route, match))
    if (earlier !== undefined) {
      const { host: named = '', path: where, pattern: shape = '/' } = earlier.match
      const why = `${named}${where ?? shape} comes first and gets its requests; the route of ${label} is left out`
      differ('context', why, 'remove it')
      return
    }
    this.routes.push({ match, proxy })
  }

  /** Whether the middleware sees the path with that at which it is mounted: since version 3 it does not. */
  get #keepsMount(): boolean {
    return this.#program !== 'http-proxy-middleware' && this.#program !== 'http-proxy'
  }

  /** The path of the client for one that the middleware sees. */
  #fullPath(seen: string): string {
    return this.#keepsMount ? seen : this.#mount + trimmed(seen)
  }

  #target(target: unknown, label: string): ReadTarget {
    const read = readTarget(target)
    if (read !== undefined) return read
    const message = `${label}: the target is ${target === undefined ? 'missing' : `no URL: ${quote(target)}`}`
    throw new ServeError('E8008_CONFIG_INVALID', message, { hint: "write target: 'http://localhost:3000'" })
  }

  #differ(route: string): Differ {
    return (option, why, instead) => {
      const isKnown = this.differences.some(
        (each) => each.route === route && each.option === option && each.why === why,
      )
      if (!isKnown) this.differences.push({ route, option, why, instead })
    }
  }
}

function trimmed(path: string): string {
  return path === '/' ? '' : path
}

/** What a replacement does with a path below it. */
function below({ from, to }: Replacement, path: string): Replacement {
  return { from: path, to: to + path.slice(from.length) }
}

/** Whether every request of a match is one of an earlier route, which answers first in the other programs. */
function covers({ match }: RouteOptions, { path, pattern, host }: MatchOptions): boolean {
  if (match.path === undefined) return pattern !== undefined && match.pattern === pattern
  if (match.host !== undefined && match.host !== host) return false
  const other = path ?? pattern ?? '/'
  return (
    match.method === undefined && (match.path === '/' || other === match.path || other.startsWith(`${match.path}/`))
  )
}

/** The error for options of another form. */
function invalid(options: unknown): ServeError {
  const message = `fromHttpProxy() takes the proxy options of another program, and got ${quote(options)}.`
  const wrapped = isPlainObject(options)
    ? ['server', 'devServer', 'preview'].find((key) => isPlainObject(options[key]) && 'proxy' in options[key])
    : undefined
  const inner = wrapped ?? (isPlainObject(options) && 'proxy' in options ? '' : undefined)
  const pass = inner === undefined ? undefined : `pass what is in ${inner === '' ? 'proxy' : `${inner}.proxy`}`
  const hint = pass ?? "write fromHttpProxy({ '/api': 'http://localhost:3000' })"
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
