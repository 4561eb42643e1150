import type { Warning } from '../core/warning.ts'
import { discard } from '../http/body/reply-body.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { visibleText } from '../core/util/escape.ts'

/** Most paths that are reported. Browsers request fewer. */
const reportedPaths = 20

/**
 * Unregisters its service worker, and reloads the pages that the worker controls.
 *
 * A page may also register a missing worker. Then none of this address runs yet, only perhaps another one of the project,
 * and the script throws: the registration fails as it would with a 404.
 */
const script = `// serve8008: there is no service worker at this address. One of an earlier site on this port unregisters itself.
const { active, waiting } = self.registration
if (![active, waiting].some((worker) => worker?.scriptURL === self.location.href)) throw new Error('404 Not Found')
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => {
  event.waitUntil(
    self.registration
      .unregister()
      .then(() => self.clients.matchAll({ type: 'window' }))
      .then((pages) => pages.forEach((page) => page.navigate(page.url))),
  )
})
`

/** Ends the service worker whose script it answers for. */
export const endWorker: Reply = Object.freeze({
  status: 200,
  headers: [
    ...['Content-Type', 'text/javascript; charset=utf-8', 'X-Content-Type-Options', 'nosniff'],
    // The earlier site may have allowed a wider scope, which each update must allow again.
    ...['Cache-Control', 'no-store', 'Service-Worker-Allowed', '/'],
  ],
  body: Buffer.from(script),
})

/**
 * Unregisters service workers of other projects that used this port before. Such a worker still answers for every page
 * of the origin, and a 404 for its script does not end it (Service Workers section 7.2, "Update"). Browsers request the
 * script with `Service-Worker: script` (section 6.4) when a page of the worker is opened.
 *
 * Replies from files and upstreams are not changed.
 */
export function createStaleWorker(): Layer {
  return (next) => (x) => {
    if (x.method !== 'GET' || x.headers.get('service-worker') !== 'script') return next(x)
    const reply = next(x)
    return reply instanceof Promise ? reply.then((settled) => orCleanup(settled, x)) : orCleanup(reply, x)
  }
}

function orCleanup(reply: Reply, { notes }: Exchange): Reply {
  if (notes.refusal !== 'E8008_NOT_FOUND') return reply
  discard(reply.body)
  delete notes.refusal
  notes.unclaimed = true
  notes.staleWorker = true
  notes.remark = 'no such service worker'
  return endWorker
}

/** Reports each path once. */
export function createWorkerReport(onWarning: (warning: Warning) => void): (path: string) => void {
  const reported = new Set<string>()
  return (path) => {
    if (reported.has(path) || reported.size >= reportedPaths) return
    reported.add(path)
    onWarning({
      code: 'W8008_WORKER',
      message: `A browser requested the service worker ${visibleText(path)}, which does not exist.`,
      hint: 'if an earlier site on this port left it, serve8008 unregisters it and its pages reload',
    })
  }
}
