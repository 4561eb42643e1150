import type { Warning } from '../core/warning.ts'
import { discard } from '../http/body/reply-body.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { visibleText } from '../core/util/escape.ts'

/** Paths that are reported; more come from no browser. */
const reportedPaths = 20

/**
 * Unregisters the service worker under which it runs, and loads the pages again that this one controlled.
 *
 * A page may as well register a worker that is missing, on each load. Then no worker is active before this one, and it
 * fails, as the registration would with the 404.
 */
const script = `// serve8008: there is no service worker at this address. One of an earlier site on this port unregisters itself.
if (self.registration.active === null) throw new Error('404 Not Found')
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

const cleanup: Reply = Object.freeze({
  status: 200,
  headers: [
    ...['Content-Type', 'text/javascript; charset=utf-8', 'X-Content-Type-Options', 'nosniff'],
    // The earlier site may have allowed its worker a wider scope, and an update must allow it again.
    ...['Cache-Control', 'no-store', 'Service-Worker-Allowed', '/'],
  ],
  body: Buffer.from(script),
})

/**
 * Frees browsers from service workers of other projects that were served on this port before: such a worker goes on to
 * answer for every page of the origin, and a 404 for its script does not end it (Service Workers section 7.2, "Update").
 * Browsers ask for the script with `Service-Worker: script` (section 6.4) when one of its pages is opened.
 *
 * What a backend or a file answers stays as it is.
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
  return cleanup
}

/** Reports each path once. */
export function createWorkerReport(onWarning: (warning: Warning) => void): (path: string) => void {
  const reported = new Set<string>()
  return (path) => {
    if (reported.has(path) || reported.size >= reportedPaths) return
    reported.add(path)
    onWarning({
      code: 'W8008_WORKER',
      message: `A browser asked for the service worker ${visibleText(path)}, which is not here.`,
      hint: 'one of an earlier site on this port unregisters itself, and its pages load again',
    })
  }
}
