import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { withoutStamp, type RequestTarget } from '../http/message/request-target.ts'
import type { AccessRecord } from '../server/types.ts'
import { unmapped } from '../core/util/ip.ts'
import { redactAuthority, redactField, redactUrl } from '../core/util/secret.ts'

/**
 * The record of an exchange whose reply was written or lost. Secrets in URLs are redacted, and `Authorization` and `Cookie`
 * are never read.
 */
export function accessRecord(x: Exchange, reply: Reply, sent: Sent): AccessRecord {
  const { headers, notes, target } = x
  const elapsed = performance.now() - x.startedAt
  return {
    // `startedAt` is monotonic and does not follow corrections of the wall clock, so the time is computed backwards.
    time: Math.round(Date.now() - elapsed),
    address: unmapped(x.peer.address),
    method: x.method,
    target: publicTarget(target),
    version: x.version,
    host: redactAuthority(headers.get('host') ?? ''),
    status: reply.status,
    bytes: sent.bytes,
    ms: Math.round(elapsed * 1000) / 1000,
    aborted: sent.aborted,
    referer: redactUrl(withoutStamp(headers.get('referer') ?? '')),
    userAgent: redactField('user-agent', headers.get('user-agent') ?? ''),
    user: notes.user ?? '',
    refusal: notes.refusal ?? '',
    remark: remarkOf(x, reply),
    route: notes.route ?? '',
    upstream: notes.upstream ?? '',
    reason: notes.reason ?? '',
    site: notes.site ?? '',
    listener: x.peer.listener ?? '',
  }
}

/** Over HTTP/2 only the remark tells a WebSocket (status 200, RFC 8441) from a page: no other request has `Upgrade` there. */
function remarkOf({ version, headers, notes: { remark = '' } }: Exchange, { status }: Reply): string {
  if (version !== '2' || status !== 200 || headers.get('upgrade') === undefined) return remark
  return remark === '' ? 'WebSocket' : `${remark} (WebSocket)`
}

/** A request-target without secrets and without the stamp of live reload. */
export function publicTarget({ form, raw }: RequestTarget): string {
  return form === 'authority' ? redactAuthority(raw) : redactUrl(withoutStamp(raw))
}

/** What browsers ask for by themselves: the icon of each site, and settings for their developer tools. */
const unasked: ReadonlySet<string> = new Set([
  '/favicon.ico image',
  '/.well-known/appspecific/com.chrome.devtools.json empty',
])

/**
 * Whether a browser sent the request by itself, so that a line for a person would only disturb: for a missing file that no
 * page names, or for a text or picture that the page with the same address shows.
 */
export function isAside({ headers, notes, target }: Exchange, { status }: Reply): boolean {
  const destination = headers.get('sec-fetch-dest')
  if (destination === undefined) return false
  const isFile = notes.route === undefined || notes.refusal === 'E8008_NOT_FOUND'
  if (status === 404 && isFile) return unasked.has(`${target.path} ${destination}`)
  if (status >= 400 || (destination !== 'iframe' && destination !== 'image')) return false
  const page = withoutStamp(target.raw).replace(/[?&]serve8008=no-live$/, '')
  return withoutStamp(headers.get('referer') ?? '').endsWith(`//${headers.get('host')}${page}`)
}
