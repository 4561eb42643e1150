import { errorCodes, type ErrorCode } from '../core/codes.ts'
import type { ServeError } from '../core/serve-error.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import { clipText, escapeHtml, visibleText } from '../core/util/escape.ts'
import { asSentence } from '../core/util/sentence.ts'
import { ownPolicy } from './own-csp.ts'
import { preferredType } from './preferred-type.ts'
import { statusTitle } from './status-title.ts'
import { loadTemplate, type Template } from './template.ts'
import type { WayOn } from './ways-on.ts'

/** What a client is told. Bounded, with nothing hidden in it, not yet escaped for a format. */
interface Refusal {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly code: ErrorCode
  readonly hint: string | undefined
}

type Slot = 'status' | 'title' | 'detail' | 'code' | 'hint' | 'ways'

const detailLength = 400
const hintLength = 300

// Offered in this order: curl and fetch() accept anything and get text, a browser asks for HTML by name.
const offered = ['text/plain', 'text/html', 'application/problem+json', 'application/json'] as const

/** The way out where the one who refused gave none. */
const advice: Partial<Record<ErrorCode, string>> = {
  E8008_NOT_FOUND: 'Check the address, and that the file is in the folder being served.',
  E8008_UNAUTHORIZED: 'Reload the page and enter a user name and its password.',
}

/**
 * The reply that an error ends an exchange with: HTML, problem details (RFC 9457) or plain text, by the
 * request's `Accept`. Synchronous, and cheap enough for a flood of 404s.
 */
export function errorReply(
  error: ServeError,
  accept: string | undefined,
  hint: string | undefined = error.hint,
  ways: readonly WayOn[] = [],
): Reply {
  const refusal = describe(error, hint)
  const reply = { status: error.status, close: error.close || undefined }
  const text = (): Reply => ({ ...reply, ...part('text/plain; charset=utf-8', plainText(refusal), error.headers) })
  switch (preferredType(accept, offered)) {
    case 'text/html':
      try {
        return { ...reply, ...htmlPage(refusal, ways, error.headers) }
      } catch {
        // The template could not be read, for example for want of descriptors: the very thing being told, perhaps.
        return text()
      }
    case 'application/problem+json':
    case 'application/json':
      return { ...reply, ...part('application/problem+json', problemDetails(refusal), error.headers) }
    default:
      return text()
  }
}

function describe(error: ServeError, given: string | undefined): Refusal {
  const { status, code } = error
  const title = statusTitle(status)
  if (status === 500 && !('isPublic' in errorCodes[code])) {
    // Its sentence is for the one who runs the server: it may name files, options or a fault of ours.
    return {
      status,
      title,
      code,
      detail: 'The server failed to answer this request.',
      hint: 'The terminal of serve8008 says why.',
    }
  }
  const hint = given ?? advice[code]
  return {
    status,
    title,
    code,
    detail: visibleText(clipText(error.message, detailLength)),
    hint: hint === undefined ? undefined : visibleText(clipText(asSentence(hint), hintLength)),
  }
}

const always = ['Cache-Control', 'no-store', 'Vary', 'Accept', 'X-Content-Type-Options', 'nosniff']

function part(type: string, text: string, headers: HeaderList): Pick<Reply, 'headers' | 'body'> {
  return { headers: ['Content-Type', type, ...always, ...headers], body: Buffer.from(text) }
}

let template: Template<Slot> | undefined
let policy = ''

function htmlPage(refusal: Refusal, ways: readonly WayOn[], headers: HeaderList): Pick<Reply, 'headers' | 'body'> {
  if (template === undefined) {
    template = loadTemplate<Slot>('error.html')
    policy = ownPolicy(
      `default-src 'none'; style-src ${template.styleSources}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    )
  }
  const { status, title, detail, code, hint } = refusal
  const page = template.fill({
    status: String(status),
    title,
    detail,
    code,
    hint: hintMarkup(hint),
    ways: waysMarkup(ways),
  })
  return part('text/html; charset=utf-8', page, ['Content-Security-Policy', policy, ...headers])
}

// A command is offered for copying only while a shell would take every character of it literally: part of
// it may be the client's own words (a Host to allow), and it is going to be pasted.
const command = /^(?:npx )?serve8008(?: [\w./:=@%+,-]+)*$/

function hintMarkup(hint: string | undefined): string {
  if (hint === undefined) return ''
  if (command.test(hint)) {
    return `<p class="hint">To change that, start it with:</p><p class="command"><code>${escapeHtml(hint)}</code></p>`
  }
  return `<p class="hint">${escapeHtml(hint).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`
}

function waysMarkup(ways: readonly WayOn[]): string {
  if (ways.length === 0) return ''
  const links = ways.map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`)
  return `<nav class="ways" aria-label="Ways on">${links.join(' ')}</nav>`
}

function problemDetails({ status, title, detail, code, hint }: Refusal): string {
  return `${JSON.stringify({ title, status, detail, code, hint }, undefined, 2)}\n`
}

function plainText({ status, title, detail, code, hint }: Refusal): string {
  const wayOut = hint === undefined ? '' : `   ${command.test(hint) ? 'try: ' : ''}${hint}`
  return `${status} ${title}\n\n${detail}\n${code}${wayOut}\n`
}
