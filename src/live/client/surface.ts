import { documentElement, isConnected, newElement } from './dom.ts'

/**
 * A place for what we show: beside the body, so that nothing of the page's layout and of its scripts meets it, and in a
 * shadow root, so that no styles do. Its own styles are constructed, which every Content-Security-Policy allows.
 */
export function createSurface(css: string): { root: ShadowRoot; show(): void; hide(): void } {
  const host = newElement('serve8008-live')
  const root = host.attachShadow({ mode: 'closed' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(css)
  root.adoptedStyleSheets = [sheet]
  return {
    root,
    show() {
      if (!isConnected(host)) documentElement(document)?.append(host)
    },
    hide: () => host.remove(),
  }
}

/** Makes an element with a text. Texts come from files and programs, and stay texts. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text = '',
  className = '',
): HTMLElementTagNameMap[Name] {
  const made = newElement(name)
  made.textContent = text
  made.className = className
  return made
}
