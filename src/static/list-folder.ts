import type { Exchange } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import type { Mounts } from './mounts.ts'
import { lookQuietly } from './exact-stat.ts'
import { noteRefusal } from './note-refusal.ts'
import type { Place } from './place.ts'
import { readFolder, type ReadFolderOptions } from './read-folder.ts'

/** Listings that are made at the same time; further ones wait. A large folder is work for a good while. */
const atOnce = 4

/** Answers with the listing of a folder; undefined when no client gets to see it. */
export type ListFolder = (place: Place, x: Exchange) => Promise<Reply | undefined>

/** Makes the lister of a site. */
export function createListFolder(options: Omit<ReadFolderOptions, 'signal'> & { readonly mounts: Mounts }): ListFolder {
  const { boundary, mounts } = options
  const waiting: (() => void)[] = []
  let running = 0

  async function list(file: string, { names, segments }: Place, x: Exchange): Promise<Reply | undefined> {
    // Who left while waiting is not listed for.
    if (x.signal.aborted) return undefined
    const entries = await readFolder(file, { ...options, signal: x.signal })
    if (entries === undefined) {
      const stat = lookQuietly(file)
      return stat === undefined ? undefined : noteRefusal(boundary, file, stat, x)
    }
    const { listingReply } = await import('../pages/listing-page.ts')
    const path = `/${segments.map((segment) => `${segment}/`).join('')}`
    const mounted = mounts.below(segments)
    // A mount hides what the folder itself has under its name.
    const own =
      mounted.length === 0 ? entries : entries.filter(({ name }) => !mounted.some((each) => each.name === name))
    const parent = names.length > 0 || mounts.hasAbove(segments)
    return listingReply({ path, entries: [...own, ...mounted], parent }, x)
  }

  return async (place, x) => {
    if (place.file === undefined) return undefined
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      return await list(place.file, place, x)
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
