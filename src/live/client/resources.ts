import { isBusted, ownAddress } from './address.ts'
import { queryAll } from './dom.ts'

/** Milliseconds between two lists of further paths. */
const batchMs = 100
/** Entries that the browser keeps; it forgets further ones, and 250 are few for a page of modules. */
const bufferSize = 5000

/** What the page has loaded. */
export interface Resources {
  /** Paths so far. */
  paths(): string[]
  /** Whether a program took the resource in, so that changing an element would not be enough. */
  isRead(path: string): boolean
}

/**
 * Watches what the page loads from its own origin.
 *
 * @param control our own folder, which does not count.
 * @param found gets new paths: the first at once, the others in batches.
 */
export function watchResources(control: URL, found: (paths: string[]) => void): Resources {
  const initiators = new Map<string, Set<string>>()
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
    const known = initiators.get(url.pathname)
    if (known !== undefined) return void known.add(initiatorType)
    initiators.set(url.pathname, new Set([initiatorType]))
    fresh.push(url.pathname)
  }

  performance.setResourceTimingBufferSize(bufferSize)
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) take(entry as PerformanceResourceTiming)
    if (timer === 0) tell()
  }).observe({ type: 'resource', buffered: true })

  return {
    paths: () => [...initiators.keys()],
    isRead: (path) => [...(initiators.get(path) ?? [])].some((type) => /^(fetch|xmlhttprequest|script)$/.test(type)),
  }
}

/** Whether a frame holds a page of ours: it has a client of its own. A picture or a PDF in a frame has none. */
function isOtherPage(url: URL): boolean {
  const frames = queryAll<HTMLIFrameElement>(document, 'iframe, frame')
  const shown = frames.map((frame) => frame.contentDocument).filter((shown) => shown !== null)
  return shown.some(
    ({ URL: address, contentType }) => address.split('#')[0] === url.href.split('#')[0] && /html/.test(contentType),
  )
}
