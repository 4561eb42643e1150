import type { BigIntStats, Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exchange } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { listingReply, type ListingEntry } from '../pages/listing-page.ts'
import type { DenyList } from './access/apply-deny-list.ts'
import { createMounts, foldersNear, type ServedFolder, type ServedFolders } from './mounts.ts'
import { statWithin } from './stat.ts'
import { noteDenial, realPathWithin, type AccessPolicy } from './access/access-policy.ts'
import { isUrlName, type UrlPath, type Platform } from './url-path.ts'
import type { Advise } from './project-advice.ts'
import { fromDisk, toDisk, tryStat } from '../core/util/disk-name.ts'
import { missingOrThrow } from './fs-errors.ts'
import { createPacer } from '../core/util/pacer.ts'

/** Listings that run at the same time; others wait, since a large folder takes long. */
const mostRunning = 4

/** Answers with the listing of a folder; undefined if it is not served. */
export type ListFolder = (urlPath: UrlPath, x: Exchange) => Promise<Reply | undefined>

/** What is listed. */
interface Listed {
  readonly file: string
  readonly urlPath: UrlPath
  /** The folders to which it may link. */
  readonly served: readonly ServedFolder[]
}

/** A listing that several requests share. */
interface ListingRun {
  /** Exchanges that wait for the reply. */
  readonly exchanges: Exchange[]
  readonly reply: Promise<Reply | undefined>
}

/**
 * Makes the function that lists folders of a site. Requests for the same listing share a run that has not begun: a
 * listing has every change that finished before its request was sent. Requests that arrive during a run share the next
 * one.
 */
export function createListFolder(
  options: Omit<ReadFolderOptions, 'signal'> & {
    /** The folders of the site. */
    readonly served: () => ServedFolders
    readonly denied: DenyList
    readonly advice: Advise
  },
): ListFolder {
  const { access, advice } = options
  /** Runs that have not begun, by path, query, `Accept` and the folders to which they may link. */
  const next = new Map<string, ListingRun>()
  /** The end of each current run, by the same key. */
  const current = new Map<string, Promise<unknown>>()
  const waiting: (() => void)[] = []
  let running = 0

  async function list({ file, urlPath, served }: Listed, exchanges: readonly Exchange[]): Promise<Reply | undefined> {
    const { names, segments } = urlPath
    const signal = {
      get aborted() {
        return exchanges.every((x) => x.signal.aborted)
      },
    }
    // All clients disconnected while they waited.
    const entries = signal.aborted ? undefined : await readFolder(file, { ...options, signal })
    const [x] = exchanges
    if (entries === undefined || x === undefined) return undefined
    const path = `/${segments.map((segment) => `${segment}/`).join('')}`
    const mounts = createMounts(served, options.denied)
    const mounted = mounts.below(segments)
    // A mount hides the entry of the same name.
    const own =
      mounted.length === 0 ? entries : entries.filter(({ name }) => !mounted.some((each) => each.name === name))
    const parent = names.length > 0 || mounts.hasAbove(segments)
    const known = names.length === 0 ? await advice() : undefined
    const shown = known?.command === undefined ? undefined : { message: known.message, command: known.command }
    return listingReply({ path, entries: [...own, ...mounted], parent, advice: shown }, x)
  }

  async function run(key: string, listed: Listed, exchanges: readonly Exchange[]): Promise<Reply | undefined> {
    // Requests that have already arrived are handled first, and share this run.
    await new Promise((resolve) => setImmediate(resolve))
    await current.get(key)
    if (running >= mostRunning) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    next.delete(key)
    const listing = list(listed, exchanges)
    const settled = listing.catch(() => {})
    current.set(key, settled)
    try {
      return await listing
    } finally {
      if (current.get(key) === settled) current.delete(key)
      running--
      waiting.shift()?.()
    }
  }

  return async (urlPath, x) => {
    const { file } = urlPath
    if (file === undefined) return undefined
    const served = foldersNear(options.served(), x)
    const key = JSON.stringify([
      ...[x.target.path, x.target.query, x.headers.get('accept')],
      ...served.flatMap(({ prefix, folder }) => [prefix, folder]),
    ])
    const joined = next.get(key)
    joined?.exchanges.push(x)
    const reply = await (joined ?? begin(key, { file, urlPath, served }, x)).reply
    if (reply !== undefined) return reply
    const stat = tryStat(file)
    return stat === undefined ? undefined : noteDenial(access, file, stat, x)
  }

  function begin(key: string, listed: Listed, x: Exchange): ListingRun {
    const exchanges = [x]
    const made = { exchanges, reply: run(key, listed, exchanges) }
    next.set(key, made)
    return made
  }
}

/** Most entries of a listing; the rest is left out. */
const listingEntries = 100_000

/** Options of {@link readFolder}. */
export interface ReadFolderOptions {
  readonly access: AccessPolicy
  readonly platform: Platform
  /** Whether all clients have disconnected. */
  readonly signal: { readonly aborted: boolean }
  /** Most entries. Default {@link listingEntries}. */
  readonly limit?: number
}

/**
 * The files and folders in a folder that a client could fetch. Hidden names, special files, links out of the site and
 * broken links are left out.
 *
 * Each stat is synchronous, which is five times cheaper than a promise. They run in slices, and other requests are
 * handled in between.
 *
 * @returns undefined if the folder is missing or not served, or the clients have disconnected.
 */
export async function readFolder(path: string, options: ReadFolderOptions): Promise<ListingEntry[] | undefined> {
  const { access } = options
  const stat = statWithin(path, access)
  if (stat === undefined) return undefined
  const real = realPathWithin(path, stat, access)
  if (real === undefined) return undefined
  // A name that is not UTF-8 has U+FFFD: then all names are read again as bytes.
  const entries = (await readEntries(real, 'utf8', options)) ?? (await readEntries(real, 'buffer', options))
  if (entries === undefined) return undefined
  // If a link replaced the folder during the reading, the names may be of a folder outside.
  return realPathWithin(path, stat, access) === real ? entries : undefined
}

/** The entries of a folder; undefined if a name must be read as bytes, or the clients have disconnected. */
async function readEntries(
  real: string,
  encoding: 'utf8' | 'buffer',
  { access, platform, signal, limit = listingEntries }: ReadFolderOptions,
): Promise<ListingEntry[] | undefined> {
  const admits = access.admitsIn(real)
  const entries: ListingEntry[] = []
  const pacer = createPacer()
  try {
    // The types declare no overload for bytes.
    for await (const dirent of await opendir(toDisk(real), { bufferSize: 512, encoding: encoding as 'utf8' })) {
      if (signal.aborted) return undefined
      const read: string | Buffer = dirent.name
      const name = typeof read === 'string' ? read : fromDisk(read)
      if (encoding === 'utf8' && platform === 'posix' && name.includes('\ufffd')) return undefined
      if (!isUrlName(name, platform)) continue
      const entry = entryOf(real, name, dirent, access, admits)
      if (entry !== undefined) entries.push(entry)
      if (entries.length === limit) break
      if (entries.length % 64 === 0 && pacer.isDue()) await pacer.rest()
    }
  } catch (error) {
    return missingOrThrow(error)
  }
  return entries
}

function entryOf(
  folder: string,
  name: string,
  dirent: Dirent,
  access: AccessPolicy,
  admits: (name: string, stat: BigIntStats) => boolean,
): ListingEntry | undefined {
  const path = join(folder, name)
  const stat = tryStat(path)
  if (stat === undefined || !(stat.isFile() || stat.isDirectory())) return undefined
  // Only a link may point out of the site.
  if (dirent.isSymbolicLink() && realPathWithin(path, stat, access) === undefined) return undefined
  if (!admits(name, stat)) return undefined
  const modified = Number(stat.mtimeNs / 1_000_000n)
  return { name, kind: stat.isFile() ? 'file' : 'folder', size: Number(stat.size), modified }
}
