import { bust, isAt } from './address.ts'
import { isConnected, onEvent, parentOf, queryAll, rootsOf, sheetsOf } from './dom.ts'
import { holdFonts } from './fonts.ts'
import { findImports, swapImports, type Import } from './imports.ts'
import { settleWithin } from './saved-globals.ts'

/** Milliseconds after which the fonts are released although a new sheet has not loaded. */
const settleMs = 5000

/** Links of new sheets that load, by the link that each one replaces. */
const pending = new Map<HTMLLinkElement, HTMLLinkElement>()

/**
 * Loads a changed style sheet again in every link and `@import`, in the document and in open shadow roots.
 *
 * @returns Whether the page has such a link or import.
 */
export async function swapStyle(path: string, stamp: string): Promise<boolean> {
  let found = false
  const imports: Import[] = []
  const swaps: Promise<void>[] = []
  const releaseFonts = await holdFonts()
  for (const root of rootsOf(document)) {
    for (const link of queryAll<HTMLLinkElement>(root, 'link')) {
      if (!link.relList.contains('stylesheet') || !isAt(link.getAttribute('href'), link.baseURI, path)) continue
      found = true
      if (!isPending(link)) swaps.push(swapLink(link, stamp))
    }
    imports.push(...sheetsOf(root).own.flatMap((sheet) => findImports(sheet, path)))
  }
  await swapImports(imports, stamp)
  // Other changes do not wait for slow links.
  void settleWithin(settleMs, Promise.all(swaps)).then(releaseFonts)
  return found || imports.length > 0
}

function isPending(link: HTMLLinkElement): boolean {
  return [...pending.values()].includes(link)
}

/**
 * Inserts the new sheet after the old one, and removes the old one when the new one has loaded. Both apply in between, so
 * nothing flashes or jumps, and no animation restarts.
 */
async function swapLink(link: HTMLLinkElement, stamp: string): Promise<void> {
  const href = bust(link.getAttribute('href') ?? '', link.baseURI, stamp)
  // A disabled link does not load, so `load` would never fire.
  if (link.disabled) return link.setAttribute('href', href)
  pending.get(link)?.remove()
  const next = link.cloneNode() as HTMLLinkElement
  next.setAttribute('href', href)
  pending.set(link, next)

  function settle(): void {
    if (pending.get(link) !== next) return
    pending.delete(link)
    // The page removed its link while the new sheet loaded, so it does not want the new one either.
    if (!isConnected(link)) return next.remove()
    if (next.sheet !== null && link.sheet !== null) next.sheet.disabled = link.sheet.disabled
    link.remove()
  }
  await new Promise<void>((resolve) => {
    const done = (): void => (settle(), resolve())
    onEvent(next, 'load', done)
    // A removed file removes its styles.
    onEvent(next, 'error', done)
    parentOf(link)?.insertBefore(next, link.nextSibling)
  })
}
