import { documentElement, queryAll } from './dom.ts'
import { fetch } from './saved-globals.ts'
import { difference } from './patch.ts'

/** Patches the page instead of a reload. */
export interface Morph {
  /** Fetches the document, to compare a later version with it. */
  remember(): Promise<void>
  /** Patches the page to the current version of the document; false if only a reload can. */
  update(): Promise<boolean>
}

/** Makes a morph for this page. */
export function createMorph(): Morph {
  let shown: Document | undefined
  const address = location.href.split('#')[0] ?? ''

  async function load(): Promise<Document | undefined> {
    try {
      // The document without the client script.
      const response = await fetch(address, {
        headers: { 'X-Serve8008': 'no-live', Accept: 'text/html' },
        cache: 'no-cache',
      })
      if (!response.ok || response.redirected || !/html/.test(response.headers.get('content-type') ?? ''))
        return undefined
      const parsed = new DOMParser().parseFromString(await response.text(), 'text/html')
      // Servers send another nonce with each reply, which is no change of the document.
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
      // The page's router has changed the URL.
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

/** The markup that cannot be patched: scripts that have run, used templates, and elements that affect the whole document. */
function unpatchableParts(parsed: Document): string {
  return queryAll(parsed, 'script, template, base, meta[http-equiv]')
    .map((element) => element.outerHTML)
    .join('\n')
}

/** New style elements need the nonce of the loaded page, not the one of the fetched document. */
function copyNonce(): void {
  const nonce = queryAll<HTMLElement>(document, 'script, style').find((element) => element.nonce !== '')?.nonce
  if (nonce === undefined) return
  for (const style of queryAll<HTMLStyleElement>(document, 'style')) {
    if (style.nonce !== '' || style.sheet !== null) continue
    style.nonce = nonce
    // The browser checks the nonce again when the element is inserted again.
    style.replaceWith(style)
  }
}
