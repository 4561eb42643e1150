import type { Exchange } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import type { Place } from './place.ts'
import { readFolder, type ReadFolderOptions } from './read-folder.ts'

/** Answers with the listing of a folder; undefined when no client gets to see it. */
export async function listFolder(
  { file, names, segments }: Place,
  x: Exchange,
  options: Omit<ReadFolderOptions, 'signal'>,
): Promise<Reply | undefined> {
  if (file === undefined) return undefined
  const entries = await readFolder(file, { ...options, signal: x.signal })
  if (entries === undefined) return undefined
  const { listingReply } = await import('../pages/listing-page.ts')
  const path = `/${segments.map((segment) => `${segment}/`).join('')}`
  return listingReply({ path, entries, parent: names.length > 0 }, x)
}
