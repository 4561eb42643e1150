import type { Exchange } from '../http/exchange.ts'
import type { HeaderList } from '../http/headers.ts'
import type { Reply } from '../http/reply.ts'
import { visibleText } from '../util/escape.ts'
import { arrangeListing, type ListingPage } from './arrange-listing.ts'
import type { FolderListing } from './folder-listing.ts'
import { formatCount, formatInstant } from './format.ts'
import { columnsMarkup, crumbsMarkup, entryHref, pagesMarkup, rowsMarkup, summaryMarkup } from './listing-markup.ts'
import { parseListingQuery, type ListingQuery } from './listing-query.ts'
import { ownPolicy } from './policy.ts'
import { preferredType } from './preferred-type.ts'
import { loadTemplate, type Template } from './template.ts'

export type { FolderListing, ListingEntry } from './folder-listing.ts'

type Slot =
  | 'path'
  | 'crumbs'
  | 'summary'
  | 'hidden'
  | 'filter'
  | 'complete'
  | 'total'
  | 'columns'
  | 'parent'
  | 'rows'
  | 'pages'

/** Rows of one HTML page: what a browser lays out without a pause. */
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
export function listingReply(listing: FolderListing, x: Exchange): Reply {
  const query = parseListingQuery(x.target.query)
  if (preferredType(x.headers.get('accept'), ['text/html', 'application/json']) === 'application/json') {
    return part('application/json', listingJson(listing, query), [])
  }
  return htmlPage(listing, query, arrangeListing(listing, query, pageLength))
}

// Names of files are nobody else's business: not for a foreign page's script, image or frame.
const ownOriginOnly = ['Cross-Origin-Resource-Policy', 'same-origin', 'X-Frame-Options', 'DENY']
const always = ['Cache-Control', 'no-cache', 'Vary', 'Accept', 'X-Content-Type-Options', 'nosniff', ...ownOriginOnly]

function part(type: string, text: string, headers: HeaderList): Reply {
  return { status: 200, headers: ['Content-Type', type, ...always, ...headers], body: Buffer.from(text) }
}

let template: Template<Slot> | undefined
let policy = ''

function htmlPage(listing: FolderListing, query: ListingQuery, shown: ListingPage): Reply {
  if (template === undefined) {
    template = loadTemplate<Slot>('listing.html')
    policy = ownPolicy(
      `default-src 'none'; style-src ${template.styleSources}; script-src ${template.scriptSources}; img-src data:; ` +
        `form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
  }
  const page = template.fill({
    path: visibleText(listing.path),
    crumbs: crumbsMarkup(listing),
    summary: summaryMarkup(listing, shown, query),
    hidden: hiddenFields(query),
    filter: query.filter,
    complete: String(shown.matches === listing.entries.length && shown.pages === 1),
    total: formatCount(listing.entries.length),
    columns: columnsMarkup(query),
    parent: listing.parent ? parentRow : '',
    rows: rowsMarkup(shown.entries),
    pages: pagesMarkup(shown, query),
  })
  return part('text/html; charset=utf-8', page, ['Content-Security-Policy', policy])
}

const parentRow =
  '<tr class="parent"><th scope="row"><a class="up" href="../" rel="up">../</a></th><td></td><td></td></tr>\n'

/** A form drops the query of its address, so the chosen order travels in fields. */
function hiddenFields({ sort, order }: ListingQuery): string {
  if (sort === 'name' && order === 'asc') return ''
  return `<input type="hidden" name="sort" value="${sort}"><input type="hidden" name="order" value="${order}">`
}

function listingJson(listing: FolderListing, query: ListingQuery): string {
  const { entries } = arrangeListing(listing, { ...query, page: 1 }, Number.MAX_SAFE_INTEGER)
  return JSON.stringify({
    path: listing.path,
    parent: listing.parent,
    total: listing.entries.length,
    entries: entries.map((entry) => ({
      name: entry.name,
      kind: entry.kind,
      href: entryHref(entry),
      size: entry.kind === 'file' ? entry.size : undefined,
      modified: formatInstant(entry.modified),
    })),
  })
}
