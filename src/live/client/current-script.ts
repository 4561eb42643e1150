import { contentTypeOf, currentScript, documentElement, queryAll } from './dom.ts'

/** Marks a window that has a client. All scripts share registered symbols, and markup cannot make one. */
const mark = Symbol.for('serve8008.live')

/**
 * The URL of the control folder, from the URL of this script. Undefined if the script is from another origin than the page
 * (a saved page, or another site that includes the script), or runs a second time in a window.
 */
export function controlUrl(): URL | undefined {
  const script = currentScript(document)
  if (!(script instanceof HTMLScriptElement) || documentElement(document) === null) return undefined
  const url = new URL(script.src)
  if (url.origin !== location.origin || mark in window) return undefined
  Object.defineProperty(window, mark, { value: true })
  // An SVG image has no head, and selectors such as `rect:first-child` would count the script element.
  if (!/html/.test(contentTypeOf(document))) Element.prototype.remove.call(script)
  return new URL('.', url)
}

/** Whether the page opts out of live reload: `<meta name="serve8008" content="no-live">`. */
export function isOptedOut(): boolean {
  return queryAll<HTMLMetaElement>(document, 'meta[name="serve8008" i]').some((meta) =>
    (meta.getAttribute('content') ?? '').split(/[\s,]+/).includes('no-live'),
  )
}
