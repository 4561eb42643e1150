import type { ServeError } from '../core/serve-error.ts'
import type { Reply } from '../http/message/reply.ts'
import { clipText, escapeHtml, visibleText } from '../core/util/escape.ts'
import { asSentence } from '../core/util/sentence.ts'
import { ownPolicy } from './own-csp.ts'
import { statusTitle } from './status-title.ts'
import { loadTemplate, type Template } from './template.ts'

/** Which part of the configuration the person waits for. */
export interface Awaited {
  /** The route as it was written, such as `/api`. */
  readonly route: string
  /** The upstream as people know it, such as `localhost:3000`. */
  readonly upstream: string
}

type Slot = 'status' | 'title' | 'upstream' | 'route' | 'detail' | 'hint' | 'code'

let template: Template<Slot> | undefined
let policy = ''

/**
 * The page for a person whose backend is not there: it says what is missing, keeps looking, and goes on by itself
 * when the backend answers. Without scripts it reloads every few seconds.
 *
 * @param error Why there is no answer; its sentence, code, hint and fields are shown and sent.
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
