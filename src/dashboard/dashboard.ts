import { readFileSync } from 'node:fs'
import { describeRoute } from '../config/kinds/describe.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import { isLoopback, unmapped } from '../core/util/ip.ts'
import { cookieValue } from '../http/message/cookie.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { isSameOrigin } from '../http/message/origin.ts'
import { emptyReply, type Reply, type Source } from '../http/message/reply.ts'
import { createPasses } from './passes.ts'

/** What the dashboard shows, and how it gets it. */
export interface DashboardOptions {
  /** Path prefix of the control endpoints, `<base>__serve8008/`. */
  readonly prefix: string
  /** Makes a value that no client can guess. */
  readonly newToken: () => string
  /** Streams exchanges as lines of JSON. @throws ServeError `E8008_FILTER` */
  readonly stream: (request: {
    readonly filter: string
    readonly contentBytes: number
    readonly whenGone: Exchange['whenGone']
  }) => Promise<Source>
  /** The sites, as they are now. */
  readonly sites: () => readonly DashboardSite[]
  /** Where clients reach the server. */
  readonly urls: () => { readonly local: readonly string[]; readonly network: readonly string[] }
  /** Reloads every page with live reload. Returns their number. */
  readonly reload: () => number
}

/** A site as the dashboard shows it. */
export interface DashboardSite {
  readonly name: string
  readonly hosts: readonly string[]
  readonly config: { readonly root: string | undefined }
  readonly routes: { readonly current: readonly ResolvedRoute[] }
}

/** The dashboard of a server. */
export interface Dashboard {
  /** Path and query of a link that opens it once. */
  link(): string
  /** Answers every request for its name. */
  readonly handle: Handler
}

/** What the page of the dashboard may do: load its own files and talk to its own endpoints. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

// Source and built files both lie two folders below the package root.
const root = new URL('../../', import.meta.url)
const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '': ['templates/dashboard/index.html', 'text/html; charset=utf-8'],
  'page.js': ['dist/dashboard/page.js', 'text/javascript; charset=utf-8'],
  'page.css': ['templates/dashboard/page.css', 'text/css; charset=utf-8'],
  'icon.svg': ['templates/dashboard/icon.svg', 'image/svg+xml'],
}

/** Makes the dashboard of a server. Nothing of it is loaded before the user asks for it. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const { prefix } = options
  const passes = createPasses(options.newToken)

  function handle(x: Exchange): Reply | Promise<Reply> {
    x.notes.own = true
    if (!isLoopback(unmapped(x.peer.address))) throw forbidden('Only this machine may open the dashboard.')
    const { path } = x.target
    if (!path.startsWith(prefix)) return redirect(prefix)
    const name = path.slice(prefix.length)
    const isPage = Object.hasOwn(files, name)
    if (name === '' && x.target.query !== '') return enter(x)
    const cookie = cookieOf(x)
    if (!passes.isCookie(cookie) && (isPage || Object.hasOwn(endpoints, name))) throw closedError()
    if (isPage) return file(x, name)
    if (!Object.hasOwn(endpoints, name))
      throw new ServeError('E8008_NOT_FOUND', 'The dashboard has no page at this path.')
    // The field needs a preflight from any other origin, and no other origin gets one answered.
    if (!isSameOrigin(x) || !passes.isPass({ cookie, key: x.headers.get('x-serve8008') ?? '' }))
      throw forbidden('Only the page of the dashboard may ask for this.')
    const { method, answer } = endpoints[name] as Endpoint
    allow(x, method)
    return answer(x)
  }

  /** The link from the terminal: its ticket becomes a cookie and a key, and disappears from the address. */
  function enter(x: Exchange): Reply {
    allow(x, 'GET')
    const pass = passes.redeem(new URLSearchParams(x.target.query).get('ticket') ?? '')
    if (pass === undefined) {
      if (passes.isCookie(cookieOf(x))) return redirect(prefix)
      throw closedError()
    }
    const cookie = `${cookieName(x)}=${pass.cookie}; Path=${prefix}; HttpOnly; SameSite=Strict`
    // A worker of an earlier server and what it stored.
    return redirect(`${prefix}#${pass.key}`, ['Set-Cookie', cookie, 'Clear-Site-Data', '"storage"'])
  }

  function cookieOf(x: Exchange): string {
    return cookieValue(x.headers.get('cookie'), cookieName(x)) ?? ''
  }

  const endpoints: Readonly<Record<string, Endpoint>> = {
    exchanges: {
      method: 'GET',
      async answer(x) {
        const query = new URLSearchParams(x.target.query)
        const contentBytes = Math.max(0, Number(query.get('content') ?? 0) || 0)
        const body = await options.stream({
          filter: query.get('filter') ?? '',
          contentBytes,
          whenGone: (callback) => x.whenGone(callback),
        })
        return { status: 200, headers: fields('application/x-ndjson'), body }
      },
    },
    state: { method: 'GET', answer: () => json(stateOf(options)) },
    reload: { method: 'POST', answer: () => json({ pages: options.reload() }) },
  }

  return { link: () => `${prefix}?ticket=${passes.ticket()}`, handle }
}

/** Routes and addresses, as they are now. */
function stateOf({ sites, urls }: DashboardOptions): object {
  return {
    urls: urls(),
    sites: sites().map(({ name, hosts, config, routes }) => ({
      ...{ name, hosts, root: config.root },
      routes: routes.current.map((route) => ({ id: route.id, kind: route.action.kind, text: describeRoute(route) })),
    })),
  }
}

interface Endpoint {
  readonly method: string
  readonly answer: (x: Exchange) => Reply | Promise<Reply>
}

/** Cookies do not know ports, and each server has a dashboard. */
function cookieName({ authority }: Exchange): string {
  return `serve8008-${authority?.port ?? 80}`
}

function file(x: Exchange, name: string): Reply {
  allow(x, 'GET')
  const [path, type] = files[name] as readonly [string, string]
  return { status: 200, headers: fields(type), body: readFileSync(new URL(path, root)) }
}

function allow(x: Exchange, method: string): void {
  if (x.method === method || (method === 'GET' && x.method === 'HEAD')) return
  const allowed = method === 'GET' ? 'GET, HEAD' : method
  throw new ServeError('E8008_METHOD', `The method must be one of: ${allowed}.`, { headers: ['Allow', allowed] })
}

function json(value: object): Reply {
  return { status: 200, headers: fields('application/json'), body: Buffer.from(JSON.stringify(value)) }
}

function fields(type: string): string[] {
  return [
    ...['Content-Type', type],
    ...['Cache-Control', 'no-store, no-transform'],
    ...['Content-Security-Policy', policy],
    ...['Cross-Origin-Opener-Policy', 'same-origin'],
    ...['Cross-Origin-Resource-Policy', 'same-origin'],
    ...['Referrer-Policy', 'no-referrer'],
    ...['X-Content-Type-Options', 'nosniff'],
    ...['X-Frame-Options', 'DENY'],
  ]
}

function redirect(location: string, more: readonly string[] = []): Reply {
  return emptyReply(303, ['Location', location, 'Cache-Control', 'no-store', ...more])
}

function closedError(): ServeError {
  return new ServeError('E8008_FORBIDDEN', 'This browser has not opened the dashboard by its link.', {
    hint: 'run serve8008 dashboard, or press d in the terminal of the server',
  })
}

function forbidden(message: string): ServeError {
  return new ServeError('E8008_FORBIDDEN', message)
}
