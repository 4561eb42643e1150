import type { BigIntStats, Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ListingEntry } from '../pages/listing-page.ts'
import type { Boundary } from './access/access-policy.ts'
import { isLocatable, type Platform } from './decode-path.ts'
import { fromDisk, toDisk } from '../core/util/disk-name.ts'
import { lookQuietly } from './exact-stat.ts'
import { look } from './stat.ts'
import { realPath } from './access/real-path.ts'
import { refuse } from './fs-errors.ts'
import { createPacer } from '../core/util/pacer.ts'

/** Most entries of a listing; what the folder holds beyond is left out. */
const listingEntries = 100_000

/** Options of {@link readFolder}. */
export interface ReadFolderOptions {
  readonly boundary: Boundary
  readonly platform: Platform
  /** Whether no client waits for it any more. */
  readonly signal: { readonly aborted: boolean }
  /** Most entries. Default {@link listingEntries}. */
  readonly limit?: number
}

/**
 * What a client may see of a folder: regular files and folders that it could also fetch. Denied names,
 * special files, links out of the site and links to nothing are left out.
 *
 * Entries are looked at synchronously, which is five times cheaper than a promise each, in slices that leave others
 * their turn.
 *
 * @returns undefined when there is no such folder for a client, or the client has gone.
 */
export async function readFolder(path: string, options: ReadFolderOptions): Promise<ListingEntry[] | undefined> {
  const { boundary } = options
  const stat = look(path, boundary)
  if (stat === undefined) return undefined
  const real = realPath(path, stat, boundary)
  if (real === undefined) return undefined
  // A name that is not UTF-8 comes with U+FFFD in it: then all names are read as bytes.
  const entries = (await readEntries(real, 'utf8', options)) ?? (await readEntries(real, 'buffer', options))
  if (entries === undefined) return undefined
  // Had the folder been swapped for a link while it was read, its names would be somebody else's.
  return realPath(path, stat, boundary) === real ? entries : undefined
}

/** The entries of a folder; undefined when a name has to be read as bytes, or the client has gone. */
async function readEntries(
  real: string,
  encoding: 'utf8' | 'buffer',
  { boundary, platform, signal, limit = listingEntries }: ReadFolderOptions,
): Promise<ListingEntry[] | undefined> {
  const admits = boundary.admitsIn(real)
  const entries: ListingEntry[] = []
  const pacer = createPacer()
  try {
    // The types know names as texts alone.
    for await (const dirent of await opendir(toDisk(real), { bufferSize: 512, encoding: encoding as 'utf8' })) {
      if (signal.aborted) return undefined
      const read: string | Buffer = dirent.name
      const name = typeof read === 'string' ? read : fromDisk(read)
      if (encoding === 'utf8' && platform === 'posix' && name.includes('\ufffd')) return undefined
      if (!isLocatable(name, platform)) continue
      const entry = describe(real, name, dirent, boundary, admits)
      if (entry !== undefined) entries.push(entry)
      if (entries.length === limit) break
      if (entries.length % 64 === 0 && pacer.isDue()) await pacer.rest()
    }
  } catch (error) {
    return refuse(error)
  }
  return entries
}

function describe(
  folder: string,
  name: string,
  dirent: Dirent,
  boundary: Boundary,
  admits: (name: string, stat: BigIntStats) => boolean,
): ListingEntry | undefined {
  const path = join(folder, name)
  const stat = lookQuietly(path)
  if (stat === undefined || !(stat.isFile() || stat.isDirectory())) return undefined
  // Only a link can lead elsewhere.
  if (dirent.isSymbolicLink() && realPath(path, stat, boundary) === undefined) return undefined
  if (!admits(name, stat)) return undefined
  const modified = Number(stat.mtimeNs / 1_000_000n)
  return { name, kind: stat.isFile() ? 'file' : 'folder', size: Number(stat.size), modified }
}
