import { documentElement, isConnected, newElement } from './dom.ts'

/**
 * Makes a shadow root for the messages of the client. It is outside the body, away from the layout and the scripts of the
 * page, and page styles do not apply in it. Its styles are a constructed sheet, which every Content-Security-Policy allows.
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

/** Makes an element with a text. Texts come from files and programs, and are never parsed as HTML. */
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
