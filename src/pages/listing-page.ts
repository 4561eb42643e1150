import type { Exchange } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import { escapeHtml, visibleText } from '../core/util/escape.ts'
import { createPacer, forEachInSlices, type Pacer } from '../core/util/pacer.ts'
import { arrangeListing, type ListingPage, type FolderListing, type ListingEntry } from './arrange-listing.ts'
import { formatCount, formatInstant } from './format.ts'
import { columnsMarkup, crumbsMarkup, entryHref, pagesMarkup, rowsMarkup, summaryMarkup } from './listing-markup.ts'
import { parseListingQuery, type ListingQuery } from './listing-query.ts'
import { ownPolicy, loadTemplate, type Template } from './template.ts'
import { preferredType } from './preferred-type.ts'
export type { FolderListing, ListingEntry } from './arrange-listing.ts'

type Slot =
  | 'path'
  | 'crumbs'
  | 'summary'
  | 'advice'
  | 'hidden'
  | 'filter'
  | 'complete'
  | 'total'
  | 'columns'
  | 'parent'
  | 'rows'
  | 'pages'

/** Rows of one HTML page. Browsers lay out this many without a pause. */
const pageLength = 1000

/**
 * The listing of a folder, as HTML or, where `Accept` prefers it, as JSON:
 *
 *     { "path": "/docs/", "parent": true, "total": 2, "entries": [
 *       { "name": "api", "kind": "folder", "href": "./api/", "modified": "2026-03-01T13:05:00.000Z" },
 *       { "name": "a b.md", "kind": "file", "href": "./a%20b.md", "size": 1234, "modified": "…" } ] }
 *
 * Both take `?sort=name|size|modified`, `&order=asc|desc` and `&filter=part-of-a-name`. HTML comes in pages
 * of 1,000 rows (`&page=2`); JSON holds every match, and `total` counts the folder without the filter.
 */
export async function listingReply(listing: FolderListing, x: Exchange): Promise<Reply> {
  const query = parseListingQuery(x.target.query)
  const pacer = createPacer()
  if (preferredType(x.headers.get('accept'), ['text/html', 'application/json']) === 'application/json') {
    return part('application/json', await listingJson(listing, query, pacer), [])
  }
  const shown = await arrangeListing(listing, query, pageLength, pacer)
  if (pacer.isDue()) await pacer.rest()
  return part('text/html; charset=utf-8', Buffer.from(htmlPage(listing, query, shown)), [
    'Content-Security-Policy',
    policy,
  ])
}

// Pages of other origins must not learn file names through a script, image or frame.
const ownOriginOnly = ['Cross-Origin-Resource-Policy', 'same-origin', 'X-Frame-Options', 'DENY']
const always = ['Cache-Control', 'no-cache', 'Vary', 'Accept', 'X-Content-Type-Options', 'nosniff', ...ownOriginOnly]

/** Frozen: concurrent requests share the reply, and it is compressed once. */
function part(type: string, body: Buffer, headers: HeaderList): Reply {
  return Object.freeze({ status: 200, headers: Object.freeze(['Content-Type', type, ...always, ...headers]), body })
}

let template: Template<Slot> | undefined
let policy = ''

function htmlPage(listing: FolderListing, query: ListingQuery, shown: ListingPage): string {
  if (template === undefined) {
    template = loadTemplate<Slot>('listing.html')
    policy = ownPolicy(
      `default-src 'none'; style-src ${template.styleSources}; script-src ${template.scriptSources}; img-src data:; ` +
        `form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
  }
  return template.fill({
    path: visibleText(listing.path),
    crumbs: crumbsMarkup(listing),
    summary: summaryMarkup(listing, shown, query),
    advice: adviceMarkup(listing.advice),
    hidden: hiddenFields(query),
    filter: query.filter,
    complete: String(shown.matches === listing.entries.length && shown.pages === 1),
    total: formatCount(listing.entries.length),
    columns: columnsMarkup(query),
    parent: listing.parent ? parentRow : '',
    rows: rowsMarkup(shown.entries),
    pages: pagesMarkup(shown, query),
  })
}

const parentRow =
  '<tr class="parent"><th scope="row"><a class="up" href="../" rel="up">../</a></th><td></td><td></td></tr>\n'

function adviceMarkup(advice: FolderListing['advice']): string {
  if (advice === undefined) return ''
  return `<p class="advice">${escapeHtml(advice.message)} Run: <code>${escapeHtml(advice.command)}</code></p>`
}

/** Submitting the form replaces the query, so hidden fields carry the chosen order. */
function hiddenFields({ sort, order }: ListingQuery): string {
  if (sort === 'name' && order === 'asc') return ''
  return `<input type="hidden" name="sort" value="${sort}"><input type="hidden" name="order" value="${order}">`
}

/**
 * Written entry by entry: one `JSON.stringify` of 100,000 entries would block the event loop for a tenth of a second.
 */
async function listingJson(listing: FolderListing, query: ListingQuery, pacer: Pacer): Promise<Buffer> {
  const { path, parent } = listing
  const { entries } = await arrangeListing(listing, { ...query, page: 1 }, Number.MAX_SAFE_INTEGER, pacer)
  const head = JSON.stringify({ path, parent, total: listing.entries.length }).slice(0, -1)
  const chunks: Buffer[] = []
  let text = `${head},"entries":[`
  let separator = ''
  await forEachInSlices(entries, pacer, (entry) => {
    text += separator + entryJson(entry)
    separator = ','
    if (text.length < chunkLength) return
    chunks.push(Buffer.from(text))
    text = ''
  })
  return Buffer.concat([...chunks, Buffer.from(`${text}]}`)])
}

/** Characters of JSON that are encoded as bytes at once. */
const chunkLength = 64 * 1024

function entryJson(entry: ListingEntry): string {
  const { name, kind, size, modified } = entry
  return JSON.stringify({
    name,
    kind,
    href: entryHref(entry),
    size: kind === 'file' ? size : undefined,
    modified: formatInstant(modified),
  })
}
