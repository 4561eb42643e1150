import { formatBytes } from '../core/util/format-bytes.ts'
import { encodeSegment, escapeHtml, visibleText } from '../core/util/escape.ts'
import type { ListingPage, FolderListing, ListingEntry } from './arrange-listing.ts'
import { formatCount, formatInstant, formatLocal, formatNoun } from './format.ts'
import { firstOrder, formatListingQuery, type ListingQuery, type ListingSort } from './listing-query.ts'

/** A name as HTML text: markup and control characters in it are shown and have no effect. */
function nameMarkup(name: string): string {
  return escapeHtml(visibleText(name))
}

/** The link to an entry. It begins with `./`, since a name such as `javascript:x` would be an absolute URL. */
export function entryHref({ name, kind }: ListingEntry): string {
  return `./${encodeSegment(name)}${kind === 'folder' ? '/' : ''}`
}

/** The table's rows, one for each entry of the page. */
export function rowsMarkup(entries: readonly ListingEntry[]): string {
  let rows = ''
  for (const entry of entries) {
    const folder = entry.kind === 'folder'
    const name = nameMarkup(entry.name)
    rows += `<tr><th scope="row"><a${folder ? ' class="folder"' : ''} href="${entryHref(entry)}">${name}${folder ? '/' : ''}</a></th>`
    rows += folder ? '<td></td>' : `<td title="${formatNoun(entry.size, 'byte')}">${formatBytes(entry.size)}</td>`
    rows += `<td>${timeMarkup(entry.modified)}</td></tr>\n`
  }
  return rows
}

function timeMarkup(ms: number): string {
  const instant = formatInstant(ms)
  if (instant === undefined) return ''
  const [day, time] = formatLocal(ms)
  return `<time datetime="${instant}" title="${instant}">${day} <span>${time}</span></time>`
}

/** The path as links, one for each folder above. Plain text where the folder above is not served. */
export function crumbsMarkup({ path, parent }: FolderListing): string {
  const names = path.split('/').slice(1, -1)
  const crumbs = ['', ...names].map((name, i) => {
    const label = `${nameMarkup(name)}/`
    const above = names.length - i
    if (above === 0) return `<li><span aria-current="page">${label}</span></li>`
    return parent ? `<li><a href="${'../'.repeat(above)}">${label}</a></li>` : `<li>${label}</li>`
  })
  return crumbs.join('')
}

/** The head of the table: each column is sorted by a link, which works without a script. */
export function columnsMarkup(query: ListingQuery): string {
  return (
    columnMarkup(query, 'name', 'Name') +
    columnMarkup(query, 'size', 'Size') +
    columnMarkup(query, 'modified', 'Modified')
  )
}

function columnMarkup(query: ListingQuery, sort: ListingSort, label: string): string {
  const active = query.sort === sort
  const turned = query.order === 'asc' ? 'desc' : 'asc'
  const href = formatListingQuery({ ...query, sort, order: active ? turned : firstOrder(sort), page: 1 })
  const sorted = active ? ` aria-sort="${query.order === 'asc' ? 'ascending' : 'descending'}"` : ''
  return `<th scope="col"${sorted}><a href="${escapeHtml(href)}">${label}</a></th>`
}

/** The number of folders and files and their size, in one line. */
export function summaryMarkup(listing: FolderListing, shown: ListingPage, query: ListingQuery): string {
  const files = shown.matches - shown.folders
  const counts: string[] = []
  if (shown.folders > 0) counts.push(formatNoun(shown.folders, 'folder'))
  if (files > 0) counts.push(`${formatNoun(files, 'file')}, ${formatBytes(shown.bytes)}`)
  if (query.filter === '') return counts.length === 0 ? 'This folder is empty.' : counts.join(', ')
  const all = `<a href="${escapeHtml(formatListingQuery({ ...query, filter: '', page: 1 }))}">Show all ${formatCount(listing.entries.length)}</a>`
  return `${counts.length === 0 ? 'Nothing' : counts.join(', ')} with “${nameMarkup(query.filter)}” in the name. ${all}`
}

/** Links to the other pages of a large folder; empty for a folder that fits on one page. */
export function pagesMarkup({ page, pages }: ListingPage, query: ListingQuery): string {
  if (pages === 1) return ''
  const link = (to: number, label: string, relation: string): string =>
    `<a${relation} href="${escapeHtml(formatListingQuery({ ...query, page: to }))}">${label}</a>`
  let links = page > 1 ? link(page - 1, '← Previous', ' rel="prev"') : ''
  let last = 0
  for (const to of nearbyPages(page, pages)) {
    if (to > last + 1) links += '<span>…</span>'
    links += to === page ? `<span aria-current="page">${to}</span>` : link(to, String(to), '')
    last = to
  }
  if (page < pages) links += link(page + 1, 'Next →', ' rel="next"')
  return `<nav class="pages" aria-label="Pages">${links}</nav>`
}

/** The first and the last page, and those near the current one. */
function nearbyPages(page: number, pages: number): number[] {
  const near: number[] = []
  for (let to = 1; to <= pages; to++) if (to === 1 || to === pages || Math.abs(to - page) <= 2) near.push(to)
  return near
}
