import { forEachInSlices, sortInSlices, type Pacer } from '../core/util/pacer.ts'
import type { FolderListing, ListingEntry } from './folder-listing.ts'
import type { ListingQuery } from './listing-query.ts'
import { naturalKey } from './natural-key.ts'

/** The part of a folder that one page shows, and where it stands in the whole. */
export interface ListingPage {
  readonly entries: readonly ListingEntry[]
  /** Counts from 1. */
  readonly page: number
  /** How many pages there are, at least 1. */
  readonly pages: number
  /** How many entries match the filter. */
  readonly matches: number
  /** How many of them are folders. */
  readonly folders: number
  /** Bytes of the files among them. */
  readonly bytes: number
}

interface Keyed {
  readonly entry: ListingEntry
  readonly key: string
}

/** Filters and sorts the entries of a folder, folders first, and cuts out one page. */
export async function arrangeListing(
  listing: FolderListing,
  query: ListingQuery,
  pageLength: number,
  pacer: Pacer,
): Promise<ListingPage> {
  const folders: Keyed[] = []
  const files: Keyed[] = []
  let bytes = 0
  const wanted = foldName(query.filter)
  await forEachInSlices(listing.entries, pacer, (entry) => {
    if (wanted !== '' && !foldName(entry.name).includes(wanted)) return
    if (entry.kind === 'file') bytes += entry.size
    const keyed = { entry, key: naturalKey(entry.name) }
    if (entry.kind === 'folder') folders.push(keyed)
    else files.push(keyed)
  })
  const compare = comparison(query)
  // The size of a folder is that of its own record, which tells nobody anything.
  const sorted = await sortInSlices(folders, query.sort === 'size' ? byName : compare, pacer)
  for (const keyed of await sortInSlices(files, compare, pacer)) sorted.push(keyed)
  const matches = sorted.length
  const pages = Math.max(1, Math.ceil(matches / pageLength))
  const page = Math.min(query.page, pages)
  const shown = sorted.slice((page - 1) * pageLength, page * pageLength)
  return { entries: shown.map(({ entry }) => entry), page, pages, matches, folders: folders.length, bytes }
}

/** macOS hands names out decomposed, keyboards type them composed: compare one form, in one case. */
function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function byName(a: Keyed, b: Keyed): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  return a.entry.name < b.entry.name ? -1 : 1
}

function comparison({ sort, order }: ListingQuery): (a: Keyed, b: Keyed) => number {
  const sign = order === 'asc' ? 1 : -1
  if (sort === 'name') return (a, b) => sign * byName(a, b)
  return (a, b) => sign * (a.entry[sort] - b.entry[sort]) || byName(a, b)
}
