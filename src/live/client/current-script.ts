import { contentTypeOf, currentScript, documentElement, queryAll } from './dom.ts'

/** Mark of a window that has its client: registered symbols are shared by all scripts, and no markup can make one. */
const mark = Symbol.for('serve8008.live')

/**
 * The folder of the server's own addresses, taken from the address of this very script. Undefined where the script
 * does not come from the page's own origin (a page that was saved, or another site that includes it), or runs a second
 * time in a window.
 */
export function controlUrl(): URL | undefined {
  const script = currentScript(document)
  if (!(script instanceof HTMLScriptElement) || documentElement(document) === null) return undefined
  const url = new URL(script.src)
  if (url.origin !== location.origin || mark in window) return undefined
  Object.defineProperty(window, mark, { value: true })
  // An image has no head: rules such as `rect:first-child` count every element.
  if (!/html/.test(contentTypeOf(document))) Element.prototype.remove.call(script)
  return new URL('.', url)
}

/** Whether the page asks to be left alone: `<meta name="serve8008" content="no-live">`. */
export function isOptedOut(): boolean {
  return queryAll<HTMLMetaElement>(document, 'meta[name="serve8008" i]').some((meta) =>
    (meta.getAttribute('content') ?? '').split(/[\s,]+/).includes('no-live'),
  )
}
