import type { ServeError } from '../core/serve-error.ts'
import type { Reply } from '../http/message/reply.ts'
import { clipText, escapeHtml, visibleText } from '../core/util/escape.ts'
import { asSentence } from '../core/util/sentence.ts'
import { ownPolicy, loadTemplate, type Template } from './template.ts'
import { statusTitle } from './status-title.ts'

/** The route and the upstream that the user waits for. */
export interface Awaited {
  /** The route as configured, such as `/api`. */
  readonly route: string
  /** Host and port of the upstream, such as `localhost:3000`. */
  readonly upstream: string
}

type Slot = 'status' | 'title' | 'upstream' | 'route' | 'detail' | 'hint' | 'code'

let template: Template<Slot> | undefined
let policy = ''

/**
 * The page for a browser whose upstream does not accept connections. It names the upstream, asks again at intervals,
 * and reloads when the upstream answers. Without scripts it reloads every 3 seconds.
 *
 * @param error Its sentence, code and hint are shown, its fields are sent.
 */
export function waitingReply(error: ServeError, { route, upstream }: Awaited): Reply {
  if (template === undefined) {
    template = loadTemplate<Slot>('waiting.html')
    const { styleSources, scriptSources } = template
    policy = ownPolicy(
      `default-src 'none'; style-src ${styleSources}; script-src ${scriptSources}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    )
  }
  const page = template.fill({
    status: String(error.status),
    title: statusTitle(error.status),
    upstream: short(upstream),
    route: short(route),
    detail: visibleText(clipText(error.message, 400)),
    hint:
      error.hint === undefined
        ? ''
        : `<p class="hint">${hintMarkup(visibleText(clipText(asSentence(error.hint), 300)))}</p>`,
    code: error.code,
  })
  return {
    status: error.status,
    headers: [
      ...['Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store', 'Vary', 'Accept'],
      ...['X-Content-Type-Options', 'nosniff', 'Content-Security-Policy', policy, 'Retry-After', '2'],
      ...error.headers,
    ],
    body: Buffer.from(page),
    close: error.close || undefined,
  }
}

function short(text: string): string {
  return visibleText(clipText(text, 200))
}

function hintMarkup(hint: string): string {
  return escapeHtml(hint).replace(/`([^`]+)`/g, '<code>$1</code>')
}
