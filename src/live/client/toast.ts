import { clearTimeout, setTimeout } from './saved-globals.ts'
import { createSurface, element } from './surface.ts'

/** Milliseconds that a message is shown. */
const shownMs = 2000
/** Milliseconds before the text is set: assistive technology reads changes of a status, not its first text. */
const readableMs = 50

const css = `
  :host { all: initial !important; position: fixed !important; inset: auto 16px 16px auto !important;
    z-index: 2147483647 !important; pointer-events: none !important; color-scheme: light dark }
  div { max-width: 60ch; padding: 8px 12px; border-radius: 6px; overflow-wrap: anywhere;
    font: 13px/1.4 system-ui, sans-serif; color: #fff; background: #1f2328; box-shadow: 0 2px 8px #0006;
    opacity: 0; transition: opacity .15s }
  .shown { opacity: 1 }
  @media (prefers-reduced-motion: reduce) { div { transition: none } }
  @media print { :host { display: none !important } }
`
let surface: ReturnType<typeof createSurface> | undefined
let box: HTMLElement | undefined
let timer = 0

/** Shows a message in the corner of the page for two seconds. */
export function toast(message: string): void {
  if (surface === undefined) {
    surface = createSurface(css)
    box = element('div')
    box.setAttribute('role', 'status')
    surface.root.append(box)
  }
  surface.show()
  clearTimeout(timer)
  timer = setTimeout(() => {
    if (box === undefined) return
    box.textContent = message
    box.className = 'shown'
    timer = setTimeout(remove, shownMs)
  }, readableMs)
}

function remove(): void {
  surface?.hide()
  if (box === undefined) return
  box.textContent = ''
  box.className = ''
}
