import { bust, isAt } from './address.ts'
import { styleSwaps, type Swap } from './css-urls.ts'
import { onEvent, parentOf, queryAll, rootsOf } from './dom.ts'
import { holdFonts } from './fonts.ts'
import { settleWithin } from './saved-globals.ts'

/** Most milliseconds that a swap waits for a new picture or font to load. */
const preloadMs = 5000

/** Attributes that hold the URL of media, by element. */
const attributes: Readonly<Record<string, readonly string[]>> = {
  img: ['src', 'srcset'],
  source: ['src', 'srcset'],
  video: ['src', 'poster'],
  audio: ['src'],
  track: ['src'],
  input: ['src'],
  image: ['href', 'xlink:href'],
  use: ['href', 'xlink:href'],
  feimage: ['href', 'xlink:href'],
  object: ['data'],
  embed: ['src'],
  link: ['href'],
  body: ['background'],
  table: ['background'],
  td: ['background'],
  th: ['background'],
}
const selector = [...Object.keys(attributes), 'feImage'].join()

/**
 * Replaces a changed picture, sound, video, font or document wherever the page shows it.
 *
 * @returns Whether the page shows it anywhere.
 */
export async function swapMedia(path: string, stamp: string): Promise<boolean> {
  const jobs = rootsOf(document).flatMap((root) => [
    ...queryAll(root, selector).flatMap((element) => elementSwaps(element, path, stamp)),
    ...frameSwaps(root, path, stamp),
    ...styleSwaps(root, path, stamp),
  ])
  const preloads = new Map(
    jobs.flatMap(({ preload }) => (preload === undefined ? [] : [[preload.address, preload.kind]])),
  )
  await settleWithin(preloadMs, Promise.allSettled([...preloads].map(([address, kind]) => preload(address, kind))))
  const hasFont = [...preloads.values()].includes('font')
  const releaseFonts = hasFont ? await holdFonts() : undefined
  for (const job of jobs) job.run()
  void releaseFonts?.()
  return jobs.length > 0
}

async function preload(address: string, kind: 'image' | 'font'): Promise<void> {
  if (kind === 'font') return void (await new FontFace('serve8008', `url(${JSON.stringify(address)})`).load())
  const image = new Image()
  image.src = address
  await image.decode()
}

function elementSwaps(element: Element, path: string, stamp: string): Swap[] {
  if (element instanceof HTMLLinkElement && !/\bicon\b/i.test(element.rel)) return []
  return (attributes[element.localName.toLowerCase()] ?? []).flatMap((name) => {
    const value = element.getAttribute(name)
    if (value === null) return []
    const addresses = name === 'srcset' ? (value.match(candidate) ?? []) : [value.trim()]
    const hits = addresses.filter((address) => isAt(address, element.baseURI, path))
    const first = hits[0]
    if (first === undefined) return []
    const change = (): void => {
      const next =
        name === 'srcset'
          ? value.replace(candidate, (address) =>
              hits.includes(address) ? bust(address, element.baseURI, stamp) : address,
            )
          : bust(first, element.baseURI, stamp)
      element.setAttribute(name, next)
    }
    const player = name === 'src' ? playerOf(element) : undefined
    if (player !== undefined) return [{ run: () => keepPlaying(player, path, change) }]
    if (/^(object|embed|track|link)$/.test(element.localName)) return [{ run: change }]
    return [{ preload: { kind: 'image', address: bust(first, element.baseURI, stamp) }, run: change }]
  })
}

/** A URL in a `srcset`: it neither starts nor ends with a comma (HTML standard, parsing a srcset attribute). */
const candidate = /[^\s,](?:\S*[^\s,])?/g

function playerOf(element: Element): HTMLMediaElement | undefined {
  if (element instanceof HTMLMediaElement) return element
  const parent = element instanceof HTMLSourceElement ? parentOf(element) : null
  return parent instanceof HTMLMediaElement ? parent : undefined
}

/** Changes the source of a player, and continues at the same time. */
function keepPlaying(player: HTMLMediaElement, path: string, change: () => void): void {
  const { currentTime, paused, playbackRate, currentSrc } = player
  const isCurrent = currentSrc === '' || isAt(currentSrc, location.href, path)
  change()
  if (!isCurrent) return
  let done = false
  onEvent(player, 'loadedmetadata', () => {
    if (done) return
    done = true
    player.currentTime = currentTime
    player.playbackRate = playbackRate
    if (!paused) player.play().catch(() => {})
  })
  player.load()
}

/** Swaps of a file in frames. A frame with an HTML page has its own client. */
export function frameSwaps(root: Document | ShadowRoot, path: string, stamp: string): Swap[] {
  return queryAll<HTMLIFrameElement>(root, 'iframe, frame').flatMap((frame) => {
    const shown = frame.contentDocument
    if (shown !== null && /html/.test(shown.contentType)) return []
    const address = shown?.URL ?? frame.getAttribute('src')
    if (address === null || address === undefined || !isAt(address, frame.baseURI, path)) return []
    // Unlike a new `src`, `replace` adds no entry to the history of the tab.
    return [{ run: () => frame.contentWindow?.location.replace(bust(address, frame.baseURI, stamp)) }]
  })
}
