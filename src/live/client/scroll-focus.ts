import {
  activeElement,
  documentUrl,
  childNodesOf,
  documentElement,
  onEvent,
  parentOf,
  queryAll,
  whenParsed,
} from './dom.ts'
import { readStored, writeStored } from './stored.ts'

const key = 'place'
/** Milliseconds after which a saved position is ignored. */
const freshMs = 30_000

interface SavedPosition {
  readonly address: string
  readonly at: number
  readonly window: readonly [number, number]
  /** Scrolled elements: selector, left, top. */
  readonly scrolled: readonly (readonly [string, number, number])[]
  /** Scrolled frames of this origin: selector, URL, left, top. */
  readonly frames: readonly (readonly [string, string, number, number])[]
  readonly focus: string | undefined
  readonly selection: readonly [number, number] | undefined
}

/** Saves scroll positions, focus and selection for the next load of this page. */
export function savePosition(): void {
  const focused = activeElement(document)
  const scrolled = queryAll(document, 'body *').filter(({ scrollTop, scrollLeft }) => scrollTop > 0 || scrollLeft > 0)
  const place: SavedPosition = {
    address: location.href,
    at: Date.now(),
    window: [scrollX, scrollY],
    scrolled: scrolled.map((element) => [selectorOf(element), element.scrollLeft, element.scrollTop]),
    frames: scrolledFrames(),
    focus: focused === null || focused instanceof HTMLBodyElement ? undefined : selectorOf(focused),
    selection: selectionOf(focused),
  }
  writeStored(key, place)
}

/** Restores the saved position after a reload, unless the user has scrolled, clicked or typed meanwhile. */
export function restorePosition(): void {
  const place = readStored(key) as SavedPosition | null
  writeStored(key, null)
  if (place === null || place.address !== location.href || Date.now() - place.at > freshMs) return
  let touched = false
  for (const type of ['wheel', 'touchstart', 'pointerdown', 'keydown']) {
    onEvent(window, type, () => (touched = true), true)
  }
  function scroll(): void {
    if (touched || place === null) return
    for (const [selector, left, top] of place.scrolled) {
      queryAll(document, selector)[0]?.scrollTo({ left, top, behavior: 'instant' })
    }
    const [left, top] = place.window
    window.scrollTo({ left, top, behavior: 'instant' })
  }
  whenParsed(() => {
    scroll()
    if (!touched) restoreFocus(place)
  })
  // Pictures make a page longer, so scroll again when all have loaded.
  onEvent(window, 'load', () => {
    scroll()
    if (!touched) scrollFrames(place)
  })
}

function scrolledFrames(): SavedPosition['frames'] {
  return queryAll<HTMLIFrameElement>(document, 'iframe, frame').flatMap((frame) => {
    const { contentDocument, contentWindow } = frame
    if (contentDocument === null || contentWindow === null) return []
    const { scrollX, scrollY } = contentWindow
    return scrollX > 0 || scrollY > 0 ? [[selectorOf(frame), documentUrl(contentDocument), scrollX, scrollY]] : []
  })
}

function scrollFrames({ frames }: SavedPosition): void {
  for (const [selector, address, left, top] of frames) {
    const frame = queryAll<HTMLIFrameElement>(document, selector)[0]
    const shown = frame?.contentDocument ?? null
    if (shown === null || documentUrl(shown) !== address) continue
    frame?.contentWindow?.scrollTo({ left, top, behavior: 'instant' })
  }
}

function restoreFocus({ focus, selection }: SavedPosition): void {
  const element = focus === undefined ? undefined : queryAll<HTMLElement>(document, focus)[0]
  if (element === undefined) return
  element.focus({ preventScroll: true })
  if (selection === undefined || !isTextField(element)) return
  try {
    element.setSelectionRange(...selection)
  } catch {
    // Some types of input have no selection.
  }
}

function selectionOf(element: Element | null): readonly [number, number] | undefined {
  if (element === null || !isTextField(element)) return undefined
  const { selectionStart, selectionEnd } = element
  return selectionStart === null || selectionEnd === null ? undefined : [selectionStart, selectionEnd]
}

function isTextField(element: Element): element is HTMLInputElement | HTMLTextAreaElement {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
}

/** A selector for an element: its id, or its position below the nearest parent with an id. */
function selectorOf(element: Element): string {
  const id = element.getAttribute('id')
  if (id !== null && id !== '' && queryAll(document, `#${CSS.escape(id)}`).length === 1) return `#${CSS.escape(id)}`
  const parent = parentOf(element)
  if (!(parent instanceof Element) || element === documentElement(document)) return ':root'
  const siblings = [...childNodesOf(parent)].filter((node) => node instanceof Element)
  return `${selectorOf(parent)} > :nth-child(${siblings.indexOf(element) + 1})`
}
