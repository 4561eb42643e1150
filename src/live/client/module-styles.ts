import { bust } from './address.ts'
import { rootsOf, sheetsOf } from './dom.ts'
import { fetch } from './saved-globals.ts'

/**
 * Replaces the rules of a style sheet that modules imported (`import sheet from './a.css' with { type: 'css' }`).
 * Importing its URL again returns the same sheet object, so every root that adopted it changes.
 *
 * @param addresses URLs under which the page may have imported the sheet.
 * @returns Whether the document or an open shadow root has adopted it.
 */
export async function swapModuleStyle(addresses: readonly string[], stamp: string): Promise<boolean> {
  const adopted = new Set(rootsOf(document).flatMap((root) => sheetsOf(root).adopted))
  if (adopted.size === 0) return false
  const found = await Promise.all(addresses.map((address) => replace(address, adopted, stamp)))
  return found.includes(true)
}

async function replace(address: string, adopted: ReadonlySet<CSSStyleSheet>, stamp: string): Promise<boolean> {
  try {
    const module = (await import(address, { with: { type: 'css' } })) as { readonly default: CSSStyleSheet }
    if (!adopted.has(module.default)) return false
    const response = await fetch(bust(address, location.href, stamp))
    if (!response.ok) return false
    module.default.replaceSync(await response.text())
    return true
  } catch {
    // The browser has no CSS modules, or a policy forbids the load.
    return false
  }
}
