import { bust, isAt } from './address.ts'
import { isConnected, onEvent, parentOf, queryAll, rootsOf, sheetsOf } from './dom.ts'
import { holdFonts } from './fonts.ts'
import { findImports, swapImports, type Import } from './imports.ts'
import { settleWithin } from './saved-globals.ts'

/** Milliseconds after which a new sheet that has not come, or was taken away, no longer holds the fonts. */
const settleMs = 5000

/** New sheets that are being loaded, by the one that each takes the place of. */
const pending = new Map<HTMLLinkElement, HTMLLinkElement>()

/**
 * Loads a changed style sheet again wherever the page uses it: links and `@import`, in the document and in open shadow
 * roots.
 *
 * @returns whether the page uses it that way.
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
  // Other changes do not wait for a link that is slow.
  void settleWithin(settleMs, Promise.all(swaps)).then(releaseFonts)
  return found || imports.length > 0
}

function isPending(link: HTMLLinkElement): boolean {
  return [...pending.values()].includes(link)
}

/**
 * Puts the new sheet behind the old one, and takes the old one away when the new one is there: in between both hold,
 * so nothing flashes, jumps or starts again.
 */
async function swapLink(link: HTMLLinkElement, stamp: string): Promise<void> {
  const href = bust(link.getAttribute('href') ?? '', link.baseURI, stamp)
  // A sheet that is turned off is not loaded, so nothing would ever tell that it is there.
  if (link.disabled) return link.setAttribute('href', href)
  pending.get(link)?.remove()
  const next = link.cloneNode() as HTMLLinkElement
  next.setAttribute('href', href)
  pending.set(link, next)

  function settle(): void {
    if (pending.get(link) !== next) return
    pending.delete(link)
    // The page took its sheet away while we loaded it: then it does not want the new one either.
    if (!isConnected(link)) return next.remove()
    if (next.sheet !== null && link.sheet !== null) next.sheet.disabled = link.sheet.disabled
    link.remove()
  }
  await new Promise<void>((resolve) => {
    const done = (): void => (settle(), resolve())
    onEvent(next, 'load', done)
    // A file that is gone takes its styles with it.
    onEvent(next, 'error', done)
    parentOf(link)?.insertBefore(next, link.nextSibling)
  })
}
