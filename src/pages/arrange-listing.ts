import { forEachInSlices, sortInSlices, type Pacer } from '../core/util/pacer.ts'
import type { ListingQuery } from './listing-query.ts'

/** One page of a listing, and the totals of all pages. */
export interface ListingPage {
  readonly entries: readonly ListingEntry[]
  /** Counts from 1. */
  readonly page: number
  /** Number of pages, at least 1. */
  readonly pages: number
  /** Number of entries that match the filter. */
  readonly matches: number
  /** Number of folders among them. */
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
  // The size of a folder is that of its directory record, which says nothing about its content.
  const sorted = await sortInSlices(folders, query.sort === 'size' ? byName : compare, pacer)
  for (const keyed of await sortInSlices(files, compare, pacer)) sorted.push(keyed)
  const matches = sorted.length
  const pages = Math.max(1, Math.ceil(matches / pageLength))
  const page = Math.min(query.page, pages)
  const shown = sorted.slice((page - 1) * pageLength, page * pageLength)
  return { entries: shown.map(({ entry }) => entry), page, pages, matches, folders: folders.length, bytes }
}

/** macOS returns decomposed names, keyboards type composed ones: both are compared as NFC, in lower case. */
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

/**
 * A key whose string order is the natural order of names: `file2` before `file10`, upper and lower case alike, accented
 * letters next to their base letters.
 *
 * Comparing keys is several times faster than `Intl.Collator` with `numeric`, which blocked the event loop for 0.4 s on
 * 50,000 names, and does not depend on the language of the system.
 */
function naturalKey(name: string): string {
  const folded = ascii.test(name) ? name.toLowerCase() : name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return digit.test(folded) ? folded.replace(/0*(\d+)/g, numberKey) : folded
}

const ascii = /^[\u0000-\u007f]*$/
const digit = /\d/

/** Digits after their count: a longer number sorts later. */
function numberKey(_: string, digits: string): string {
  let key = ''
  let count = digits.length
  // A count above 8 becomes nines and a rest, so that every count is compared digit by digit.
  for (; count > 8; count -= 8) key += '9'
  return key + String(count) + digits
}

/** A folder and its entries. */
export interface FolderListing {
  /** Decoded URL path with a slash at both ends. */
  readonly path: string
  /** In any order. */
  readonly entries: readonly ListingEntry[]
  /** Whether the folder above is served too. */
  readonly parent: boolean
  /** Advice about the project in the folder, and a command; undefined if there is none. */
  readonly advice?: { readonly message: string; readonly command: string } | undefined
}

/** One file or folder of a listing. */
export interface ListingEntry {
  /** Name in the file system. */
  readonly name: string
  readonly kind: 'folder' | 'file'
  /** Bytes. Not meaningful for a folder. */
  readonly size: number
  /** Last change in milliseconds since 1970. */
  readonly modified: number
}
