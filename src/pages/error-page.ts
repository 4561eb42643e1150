import { errorCodes, type ErrorCode } from '../core/codes.ts'
import type { ServeError } from '../core/serve-error.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import { clipText, escapeHtml, visibleText } from '../core/util/escape.ts'
import { createLru } from '../core/util/lru.ts'
import { asSentence } from '../core/util/sentence.ts'
import { ownPolicy, loadTemplate, type Template } from './template.ts'
import { preferredType } from './preferred-type.ts'
import { statusTitle } from './status-title.ts'

/** The text that a client receives: clipped, control characters made visible, not yet escaped for a format. */
interface PageContent {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly code: ErrorCode
  readonly hint: string | undefined
}

type Slot = 'status' | 'title' | 'detail' | 'code' | 'hint' | 'links'

const detailLength = 400
const hintLength = 300

// Offered in this order: curl and fetch() accept anything and get text, a browser asks for HTML by name.
const offered = ['text/plain', 'text/html', 'application/json'] as const

/** The hint of errors that have none. */
const usualHints: Partial<Record<ErrorCode, string>> = {
  E8008_NOT_FOUND: 'Check the address, and that the file is in the folder being served.',
  E8008_UNAUTHORIZED: 'With curl, add -u NAME; in a browser, reload the page and enter a user name and its password.',
}

/**
 * The reply to a request that failed: HTML, problem details (RFC 9457) or plain text, by the request's `Accept`.
 * Synchronous, and cheap enough for a flood of 404s.
 *
 * @param hint Replaces the hint of the error.
 * @param links Other pages that the HTML form links to.
 */
export function errorReply(
  error: ServeError,
  accept: string | undefined,
  hint: string | undefined = error.hint,
  links: readonly PageLink[] = [],
): Reply {
  const type = preferredType(accept, offered)
  const key = JSON.stringify([type, error.code, error.close, error.message, hint, error.headers, links])
  const known = replies.get(key)
  if (known !== undefined) return known
  const content = shownOf(error, hint)
  const reply = { status: error.status, close: error.close || undefined }
  try {
    const made = Object.freeze({ ...reply, ...inForm(type, content, links, error.headers) })
    if (key.length <= mostKey) replies.set(key, made)
    return made
  } catch {
    // The template cannot be read, for example because no descriptor is free, which may be this very error.
    return { ...reply, ...inForm('text/plain', content, links, error.headers) }
  }
}

/** The last replies, most of them a 404: what follows is computed once for a shared (frozen) reply. */
const replies = createLru<string, Reply>(64)
/** Characters: a sentence may quote the client, who must not fill the memory. */
const mostKey = 1000

function inForm(
  type: (typeof offered)[number],
  content: PageContent,
  links: readonly PageLink[],
  headers: HeaderList,
): Pick<Reply, 'headers' | 'body'> {
  if (type === 'text/html') return htmlPage(content, links, headers)
  if (type === 'application/json') return part('application/problem+json', problemDetails(content), headers)
  return part('text/plain; charset=utf-8', plainText(content), headers)
}

function shownOf(error: ServeError, given: string | undefined): PageContent {
  const { status, code } = error
  const title = statusTitle(status)
  if (status === 500 && !('isPublic' in errorCodes[code])) {
    // The sentence is for the user of the command: it may name files, options or a fault of serve8008.
    return {
      status,
      title,
      code,
      detail: 'The server failed to answer this request.',
      hint: 'The terminal of serve8008 shows the reason.',
    }
  }
  const hint = given ?? usualHints[code]
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
  return { headers: Object.freeze(['Content-Type', type, ...always, ...headers]), body: Buffer.from(text) }
}

let template: Template<Slot> | undefined
let policy = ''

function htmlPage(
  content: PageContent,
  links: readonly PageLink[],
  headers: HeaderList,
): Pick<Reply, 'headers' | 'body'> {
  if (template === undefined) {
    template = loadTemplate<Slot>('error.html')
    policy = ownPolicy(
      `default-src 'none'; style-src ${template.styleSources}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    )
  }
  const { status, title, detail, code, hint } = content
  const page = template.fill({
    status: String(status),
    title,
    detail,
    code,
    hint: hintMarkup(hint),
    links: linksMarkup(links),
  })
  return part('text/html; charset=utf-8', page, ['Content-Security-Policy', policy, ...headers])
}

// The page offers a command for copying only if a shell takes every character literally: a part may come from the
// client (a Host to allow).
const command = /^(?:npx )?serve8008(?: [\w./:=@%+,-]+)*$/

function hintMarkup(hint: string | undefined): string {
  if (hint === undefined) return ''
  if (command.test(hint)) {
    return `<p class="hint">To change that, start it with:</p><p class="command"><code>${escapeHtml(hint)}</code></p>`
  }
  return `<p class="hint">${escapeHtml(hint).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`
}

function linksMarkup(links: readonly PageLink[]): string {
  if (links.length === 0) return ''
  const anchors = links.map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`)
  return `<nav class="links" aria-label="Other pages">${anchors.join(' ')}</nav>`
}

function problemDetails({ status, title, detail, code, hint }: PageContent): string {
  return `${JSON.stringify({ title, status, detail, code, hint }, undefined, 2)}\n`
}

function plainText({ status, title, detail, code, hint }: PageContent): string {
  const suffix = hint === undefined ? '' : `   ${command.test(hint) ? 'try: ' : ''}${hint}`
  return `${status} ${title}\n\n${detail}\n${code}${suffix}\n`
}

/** A link on an error page. */
export interface PageLink {
  readonly label: string
  /** Relative: stays on this origin, and below the path at which a program mounts the server. */
  readonly href: string
}

/**
 * Links from a path without a file to the folder above and to the start page. They depend on the slashes of the path
 * only: they reveal nothing about the disk, and no text of the client reaches the page.
 *
 * @param path Path of the request-target as sent, against which browsers resolve relative links.
 * @param base Path prefix of the site with a slash at both ends.
 */
export function linksUp(path: string, base: string): PageLink[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const toTop = '../'.repeat(folder.split('/').length - 2) || './'
  const start = { label: 'Start page', href: toTop + base.slice(1) }
  const isSlashed = folder === path
  const above = isSlashed ? folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1) : folder
  const isBelow = above.startsWith(base) && above.length > base.length
  return isBelow ? [{ label: 'Folder above', href: isSlashed ? '../' : './' }, start] : [start]
}
