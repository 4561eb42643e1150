import { documentElement, queryAll } from './dom.ts'
import { fetch } from './saved-globals.ts'
import { difference } from './patch.ts'

/** Patches the page in place of a reload. */
export interface Morph {
  /** Takes note of the document as it is on the server, to compare a later one with. */
  remember(): Promise<void>
  /** Brings the page to the document's present version; false when only a reload can. */
  update(): Promise<boolean>
}

/** Keeps the version of the document that the page shows. */
export function createMorph(): Morph {
  let shown: Document | undefined
  const address = location.href.split('#')[0] ?? ''

  async function load(): Promise<Document | undefined> {
    try {
      // Without our own tag, which is not of the document.
      const response = await fetch(address, {
        headers: { 'X-Serve8008': 'no-live', Accept: 'text/html' },
        cache: 'no-cache',
      })
      if (!response.ok || response.redirected || !/html/.test(response.headers.get('content-type') ?? ''))
        return undefined
      const parsed = new DOMParser().parseFromString(await response.text(), 'text/html')
      // Another one with each answer.
      for (const element of queryAll(parsed, '[nonce]')) element.removeAttribute('nonce')
      return parsed
    } catch {
      return undefined
    }
  }

  return {
    async remember() {
      shown ??= await load()
    },
    async update() {
      const before = shown
      // The address is another one since the page's router was at work.
      if (before === undefined || location.href.split('#')[0] !== address) return false
      const after = await load()
      const live = documentElement(document)
      const roots = [documentElement(before), after === undefined ? null : documentElement(after)] as const
      if (after === undefined || live === null || roots[0] === null || roots[1] === null) return false
      if (unpatchableParts(before) !== unpatchableParts(after)) return false
      try {
        for (const step of difference(live, roots[0], roots[1])) step()
      } catch {
        return false
      }
      copyNonce()
      shown = after
      return true
    },
  }
}

/** What cannot be patched: scripts that have run, templates that were used, and what holds for the document as a whole. */
function unpatchableParts(parsed: Document): string {
  return queryAll(parsed, 'script, template, base, meta[http-equiv]')
    .map((element) => element.outerHTML)
    .join('\n')
}

/** New style elements need the nonce of this load, not the one of the answer they came with. */
function copyNonce(): void {
  const nonce = queryAll<HTMLElement>(document, 'script, style').find((element) => element.nonce !== '')?.nonce
  if (nonce === undefined) return
  for (const style of queryAll<HTMLStyleElement>(document, 'style')) {
    if (style.nonce !== '' || style.sheet !== null) continue
    style.nonce = nonce
    // Judged again when it is put in again.
    style.replaceWith(style)
  }
}
