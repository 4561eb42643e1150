import { encodeSegment } from '../core/util/escape.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'

/**
 * Sends the client to the form of a path with or without its final slash.
 *
 * 307: browsers keep a 301 or 308 for good, and on a developer's machine the next project behind the
 * same port would inherit it. The location is built from the decoded segments, none of which is empty
 * or holds a separator, so it starts with one slash and stays on this origin, whatever was sent.
 *
 * @param query With its question mark, or empty; kept.
 */
export function redirectTo(segments: readonly string[], slash: boolean, query: string): Reply {
  const path = segments.map((segment) => `/${encodeSegment(segment)}`).join('')
  // What a query may not hold by RFC 3986 may not enter a header field either (CR, LF, text beyond ASCII).
  const safe = query.replace(/[^\x21-\x7e]+/g, (stray) => encodeURIComponent(Buffer.from(stray).toString()))
  return emptyReply(307, ['Location', `${path}${slash || path === '' ? '/' : ''}${safe}`])
}
