import { isBusted, ownAddress } from './address.ts'
import { documentUrl, contentTypeOf, queryAll } from './dom.ts'
import { fetch, setTimeout } from './saved-globals.ts'

/** Milliseconds between two reports of new paths. */
const batchMs = 100
/** Number of entries that the browser keeps. Its default of 250 is too low for a page with many modules. */
const bufferSize = 5000

/** The resources that the page has loaded. */
export interface Resources {
  /** All paths so far. */
  paths(): string[]
  /** What loaded a path: `link`, `img`, `fetch` and so on, as in Resource Timing. */
  initiators(path: string): ReadonlySet<string>
  /** The URLs of a path that the page loaded, with their queries. */
  addresses(path: string): string[]
  /** Loads a path into the browser's cache again. Such loads are not reported. */
  refresh(path: string): Promise<unknown>
}

/**
 * Watches what the page loads from its own origin.
 *
 * @param control The control folder, whose loads are not reported.
 * @param found Called with new paths: the first ones at once, the others in batches.
 */
export function watchResources(control: URL, found: (paths: string[]) => void): Resources {
  const initiators = new Map<string, Set<string>>()
  const addresses = new Map<string, Set<string>>()
  /** Number of pending loads by {@link Resources.refresh}, by URL: the browser lists them too. */
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

/** Whether a frame holds an HTML page, which has its own client. A picture or a PDF in a frame has none. */
function isOtherPage(url: URL): boolean {
  const frames = queryAll<HTMLIFrameElement>(document, 'iframe, frame')
  const shown = frames.map((frame) => frame.contentDocument).filter((shown) => shown !== null)
  return shown.some(
    (page) => documentUrl(page).split('#')[0] === url.href.split('#')[0] && /html/.test(contentTypeOf(page)),
  )
}
