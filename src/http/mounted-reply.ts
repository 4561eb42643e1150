import { discard } from './body/reply-body.ts'
import type { Exchange } from './message/exchange.ts'
import { getField, withField } from './message/headers.ts'
import { emptyReply, type Reply } from './message/reply.ts'

/** Where a program mounts the handler: `app.use('/p', server.handler)` cuts `/p` off the URL. */
export interface Mount {
  /** The path, without a final slash; empty at the top. */
  readonly path: string
  /** Whether the client requested this path without a final slash, which the program passes on as `/`. */
  readonly isBare: boolean
}

/** The mount of our own listeners, and at the root of a program. */
export const noMount: Mount = Object.freeze({ path: '', isBare: false })

/** Puts the target of a redirect below the mount. */
export function mountedReply(reply: Reply, { path, isBare }: Mount, x: Exchange): Reply {
  if (path === '') return reply
  if (isBare && isDocument(reply, x)) return toSlash(reply, `${path}/${x.target.query}`)
  const location = getField(reply.headers, 'location')
  if (location === undefined || !location.startsWith('/')) return reply
  return { ...reply, headers: withField(reply.headers, 'Location', path + location) }
}

/** Not a reply of an upstream, whose links may be right. */
function isDocument({ status, relayed }: Reply, { method }: Exchange): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && relayed !== true && (status === 200 || status === 206 || status === 304)
}

/** On `/p`, the link `style.css` would point to `/style.css`. Keeps the fields about who may read the reply. */
function toSlash(reply: Reply, location: string): Reply {
  discard(reply.body)
  const kept = reply.headers.flatMap((name, i) =>
    i % 2 === 0 && /^(?:access-control-|cross-origin-|vary$)/i.test(name) ? [name, reply.headers[i + 1] as string] : [],
  )
  return emptyReply(307, ['Location', location, ...kept])
}

/** The mount of a request: Express sets `baseUrl`, Connect and Polka keep the original URL. */
export function mountOf(request: object): Mount {
  const { baseUrl, originalUrl, url } = request as { baseUrl?: unknown; originalUrl?: unknown; url?: unknown }
  const whole = typeof originalUrl === 'string' ? originalUrl : ''
  const rest = typeof url === 'string' ? url : ''
  // The program passes a slash where it cuts the whole path off.
  const isBare = /^\/?(?:$|\?)/.test(rest) && /^[^?]*[^?/](?:$|\?)/.test(whole)
  const mount = typeof baseUrl === 'string' ? baseUrl : cut(whole, isBare ? rest.replace(/^\//, '') : rest)
  // The guard has not checked this part: two leading slashes name another host, and browsers read `\` as a slash.
  const path = mount
    .replace(/(?:[^\x21-\x7e]|[\\#?])+/g, (found) => encodeURIComponent(Buffer.from(found).toString()))
    .replace(/^\/*/, '/')
    .replace(/\/$/, '')
  return { path, isBare }
}

function cut(whole: string, rest: string): string {
  return whole.endsWith(rest) ? whole.slice(0, whole.length - rest.length) : ''
}
