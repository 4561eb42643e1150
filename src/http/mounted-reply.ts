import { getField, withField } from './headers.ts'
import type { Reply } from './reply.ts'

/**
 * A program that mounts us below a path (`app.use('/p', server.handler)`) cuts that path off before it
 * asks. A redirect has to lead back below it.
 */
export function mountedReply(reply: Reply, mount: string): Reply {
  const location = getField(reply.headers, 'location')
  if (location === undefined || !location.startsWith('/')) return reply
  return { ...reply, headers: withField(reply.headers, 'Location', mount + location) }
}

/** The path below which a request was mounted: Express says it, Connect lets it be seen. */
export function mountOf(request: object): string {
  const { baseUrl, originalUrl, url } = request as { baseUrl?: unknown; originalUrl?: unknown; url?: unknown }
  const mount = typeof baseUrl === 'string' ? baseUrl : cut(originalUrl, url)
  // Two slashes in front would name another host, and browsers take a backslash for a slash. The guard never saw this part.
  return mount
    .replace(/(?:[^\x21-\x7e]|[\\#?])+/g, (found) => encodeURIComponent(Buffer.from(found).toString()))
    .replace(/^\/*/, '/')
    .replace(/\/$/, '')
}

function cut(whole: unknown, rest: unknown): string {
  if (typeof whole !== 'string' || typeof rest !== 'string' || !whole.endsWith(rest)) return ''
  return whole.slice(0, whole.length - rest.length)
}
