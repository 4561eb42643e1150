import { discard } from './body/reply-body.ts'
import type { Exchange } from './message/exchange.ts'
import { getField, withField } from './message/headers.ts'
import { emptyReply, type Reply } from './message/reply.ts'

/** Where a program mounts us: `app.use('/p', server.handler)` cuts `/p` off before it asks. */
export interface Mount {
  /** The path, without a final slash; empty at the top. */
  readonly path: string
  /** Whether the client asked for this path without a final slash, which the program shows as `/`. */
  readonly isBare: boolean
}

/** On a server of ours, and at the top of a program. */
export const noMount: Mount = Object.freeze({ path: '', isBare: false })

/** A reply as it fits below its mount: a redirect leads back below it. */
export function mountedReply(reply: Reply, { path, isBare }: Mount, x: Exchange): Reply {
  if (path === '') return reply
  if (isBare && isDocument(reply, x)) return toSlash(reply, `${path}/${x.target.query}`)
  const location = getField(reply.headers, 'location')
  if (location === undefined || !location.startsWith('/')) return reply
  return { ...reply, headers: withField(reply.headers, 'Location', path + location) }
}

/** What a backend sends belongs to its own address; only it knows how its links are meant. */
function isDocument({ status, relayed }: Reply, { method }: Exchange): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && relayed !== true && (status === 200 || status === 206 || status === 304)
}

/** Seen from `/p`, the link `style.css` leads to `/style.css`. The fields that are about who may read a reply stay. */
function toSlash(reply: Reply, location: string): Reply {
  discard(reply.body)
  const kept = reply.headers.flatMap((name, i) =>
    i % 2 === 0 && /^(?:access-control-|cross-origin-|vary$)/i.test(name) ? [name, reply.headers[i + 1] as string] : [],
  )
  return emptyReply(307, ['Location', location, ...kept])
}

/** Where the program that passes on a request mounts us: Express says it, Connect and Polka let it be seen. */
export function mountOf(request: object): Mount {
  const { baseUrl, originalUrl, url } = request as { baseUrl?: unknown; originalUrl?: unknown; url?: unknown }
  const whole = typeof originalUrl === 'string' ? originalUrl : ''
  const rest = typeof url === 'string' ? url : ''
  // The program puts a slash where the path is cut off as a whole.
  const isBare = /^\/?(?:$|\?)/.test(rest) && /^[^?]*[^?/](?:$|\?)/.test(whole)
  const mount = typeof baseUrl === 'string' ? baseUrl : cut(whole, isBare ? rest.replace(/^\//, '') : rest)
  // Two slashes in front would name another host, and browsers take a backslash for a slash. The guard never saw this part.
  const path = mount
    .replace(/(?:[^\x21-\x7e]|[\\#?])+/g, (found) => encodeURIComponent(Buffer.from(found).toString()))
    .replace(/^\/*/, '/')
    .replace(/\/$/, '')
  return { path, isBare }
}

function cut(whole: string, rest: string): string {
  return whole.endsWith(rest) ? whole.slice(0, whole.length - rest.length) : ''
}
