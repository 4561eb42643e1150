import { isBusted, ownAddress } from './address.ts'
import { documentUrl, contentTypeOf, queryAll } from './dom.ts'
import { fetch, setTimeout } from './saved-globals.ts'

/** Milliseconds between two lists of further paths. */
const batchMs = 100
/** Entries that the browser keeps; it forgets further ones, and 250 are few for a page of modules. */
const bufferSize = 5000

/** What the page has loaded. */
export interface Resources {
  /** Paths so far. */
  paths(): string[]
  /** How the page came to load a path: `link`, `img`, `fetch` and so on, as Resource Timing names it. */
  initiators(path: string): ReadonlySet<string>
  /** The addresses, with their queries, under which it loaded a path. */
  addresses(path: string): string[]
  /** Loads a path on our own account, past every cache. */
  refresh(path: string): Promise<unknown>
}

/**
 * Watches what the page loads from its own origin.
 *
 * @param control our own folder, which does not count.
 * @param found gets new paths: the first at once, the others in batches.
 */
export function watchResources(control: URL, found: (paths: string[]) => void): Resources {
  const initiators = new Map<string, Set<string>>()
  const addresses = new Map<string, Set<string>>()
  /** Loads of our own that will be told of as well. */
  const own = new Map<string, number>()
  let fresh: string[] = []
  let timer = 0

  function tell(): void {
    timer = 0
    if (fresh.length === 0) return
    const paths = fresh
    fresh = []
    timer = setTimeout(tell, batchMs)
    found(paths)
  }

  function take(entry: PerformanceResourceTiming): void {
    const url = ownAddress(entry.name, location.href)
    if (url === undefined || url.pathname.startsWith(control.pathname) || isBusted(url)) return
    const { initiatorType } = entry
    if (/^i?frame$/.test(initiatorType) && isOtherPage(url)) return
    const mine = initiatorType === 'fetch' ? (own.get(url.href) ?? 0) : 0
    if (mine > 0) return void own.set(url.href, mine - 1)
    const known = initiators.get(url.pathname)
    initiators.set(url.pathname, new Set(known).add(initiatorType))
    addresses.set(url.pathname, new Set(addresses.get(url.pathname)).add(url.origin + url.pathname + url.search))
    if (known === undefined) fresh.push(url.pathname)
  }

  performance.setResourceTimingBufferSize(bufferSize)
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) take(entry as PerformanceResourceTiming)
    if (timer === 0) tell()
  }).observe({ type: 'resource', buffered: true })

  return {
    paths: () => [...initiators.keys()],
    initiators: (path) => initiators.get(path) ?? new Set(),
    addresses: (path) => [...(addresses.get(path) ?? [new URL(path, location.href).href])],
    refresh(path) {
      const { href } = new URL(path, location.href)
      own.set(href, (own.get(href) ?? 0) + 1)
      return fetch(href, { cache: 'reload' })
    },
  }
}

/** Whether a frame holds a page of ours: it has a client of its own. A picture or a PDF in a frame has none. */
function isOtherPage(url: URL): boolean {
  const frames = queryAll<HTMLIFrameElement>(document, 'iframe, frame')
  const shown = frames.map((frame) => frame.contentDocument).filter((shown) => shown !== null)
  return shown.some(
    (page) => documentUrl(page).split('#')[0] === url.href.split('#')[0] && /html/.test(contentTypeOf(page)),
  )
}
