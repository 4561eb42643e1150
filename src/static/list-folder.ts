import type { Exchange } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { listingReply } from '../pages/listing-page.ts'
import type { Mounts } from './mounts.ts'
import { lookQuietly } from './exact-stat.ts'
import { noteRefusal } from './access/note-refusal.ts'
import type { Place } from './url-path.ts'
import type { ProjectAdvice } from './project-advice.ts'
import { readFolder, type ReadFolderOptions } from './read-folder.ts'

/** Listings that are made at the same time; further ones wait. A large folder is work for a good while. */
const atOnce = 4

/** Answers with the listing of a folder; undefined when no client gets to see it. */
export type ListFolder = (place: Place, x: Exchange) => Promise<Reply | undefined>

/** One making of a listing. */
interface Run {
  /** The exchanges that wait for it. */
  readonly exchanges: Exchange[]
  readonly reply: Promise<Reply | undefined>
}

/**
 * Makes the lister of a site. Requests for the same listing share one run as long as it has not begun, so that a
 * listing holds every change that finished before its request was sent. Requests that arrive during a run share the
 * next one.
 */
export function createListFolder(
  options: Omit<ReadFolderOptions, 'signal'> & {
    readonly mounts: Mounts
    readonly advice: () => Promise<ProjectAdvice | undefined>
  },
): ListFolder {
  const { boundary, mounts, advice } = options
  /** Runs that have not begun, by what they list. */
  const next = new Map<string, Run>()
  /** When the run under way ends, by what it lists. */
  const underWay = new Map<string, Promise<unknown>>()
  const waiting: (() => void)[] = []
  let running = 0

  async function list(file: string, place: Place, exchanges: readonly Exchange[]): Promise<Reply | undefined> {
    const { names, segments } = place
    const signal = {
      get aborted() {
        return exchanges.every((x) => x.signal.aborted)
      },
    }
    // Clients that left while they waited are not listed for.
    const entries = signal.aborted ? undefined : await readFolder(file, { ...options, signal })
    const [x] = exchanges
    if (entries === undefined || x === undefined) return undefined
    const path = `/${segments.map((segment) => `${segment}/`).join('')}`
    const mounted = mounts.below(segments)
    // A mount hides what the folder itself has under its name.
    const own =
      mounted.length === 0 ? entries : entries.filter(({ name }) => !mounted.some((each) => each.name === name))
    const parent = names.length > 0 || mounts.hasAbove(segments)
    const known = names.length === 0 ? await advice() : undefined
    const shown = known?.command === undefined ? undefined : { message: known.message, command: known.command }
    return listingReply({ path, entries: [...own, ...mounted], parent, advice: shown }, x)
  }

  async function run(
    key: string,
    file: string,
    place: Place,
    exchanges: readonly Exchange[],
  ): Promise<Reply | undefined> {
    // Requests that have arrived already are handled first, and join.
    await new Promise((resolve) => setImmediate(resolve))
    await underWay.get(key)
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    next.delete(key)
    const listing = list(file, place, exchanges)
    const settled = listing.catch(() => {})
    underWay.set(key, settled)
    try {
      return await listing
    } finally {
      if (underWay.get(key) === settled) underWay.delete(key)
      running--
      waiting.shift()?.()
    }
  }

  return async (place, x) => {
    const { file } = place
    if (file === undefined) return undefined
    const key = [x.target.path, x.target.query, x.headers.get('accept')].join('\n')
    const joined = next.get(key)
    joined?.exchanges.push(x)
    const reply = await (joined ?? begin(key, file, place, x)).reply
    if (reply !== undefined) return reply
    const stat = lookQuietly(file)
    return stat === undefined ? undefined : noteRefusal(boundary, file, stat, x)
  }

  function begin(key: string, file: string, place: Place, x: Exchange): Run {
    const exchanges = [x]
    const made = { exchanges, reply: run(key, file, place, exchanges) }
    next.set(key, made)
    return made
  }
}
