import type { ShownError } from '../types.ts'
import { onEvent } from './dom.ts'
import { createSurface, element } from './surface.ts'

const css = `
  :host { all: initial !important; color-scheme: light dark }
  dialog { box-sizing: border-box; width: min(960px, calc(100vw - 32px)); max-height: calc(100vh - 32px); overflow: auto;
    margin: auto; padding: 20px 24px; border: 0; border-top: 6px solid #cf222e; border-radius: 6px;
    font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace; color: #1f2328; background: #fff;
    box-shadow: 0 8px 32px #0008 }
  dialog:focus { outline: 0 }
  dialog::backdrop { background: #0009 }
  h1 { margin: 0 48px 12px 0; font: 600 18px/1.3 system-ui, sans-serif; color: #cf222e }
  p, pre { margin: 0 0 12px; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
  .place { color: #59636e }
  pre { white-space: pre; overflow: auto; padding: 12px; border-radius: 4px; background: #f6f8fa }
  button { float: right; padding: 2px 10px; font: 13px system-ui, sans-serif; color: inherit; background: none;
    border: 1px solid currentColor; border-radius: 4px; cursor: pointer }
  @media (prefers-color-scheme: dark) {
    dialog { color: #e6edf3; background: #161b22 } h1 { color: #ff7b72 } .place { color: #9198a1 }
    pre { background: #0d1117 }
  }
`
let surface: ReturnType<typeof createSurface> | undefined

/** Shows an error above the page until the user closes it or another one comes. Null hides it. */
export function showError(error: ShownError | null): void {
  surface?.hide()
  surface = undefined
  if (error === null) return
  const shown = createSurface(css)
  surface = shown
  const { title, message, file, line, frame } = error
  const dialog = element('dialog')
  const heading = element('h1', title)
  const close = element('button', 'Close')
  heading.id = 'title'
  dialog.setAttribute('aria-labelledby', heading.id)
  dialog.append(close, heading, element('p', message))
  if (file !== undefined) dialog.append(element('p', line === undefined ? file : `${file}:${line}`, 'place'))
  if (frame !== undefined) dialog.append(element('pre', frame))
  // Keys are meant for the dialog, so the page's own listeners must not get them.
  for (const type of ['keydown', 'keyup', 'keypress']) onEvent(dialog, type, (event) => event.stopPropagation())
  // Escape closes a modal dialog by itself.
  onEvent(dialog, 'close', () => shown.hide())
  onEvent(close, 'click', () => dialog.close())
  shown.root.append(dialog)
  shown.show()
  dialog.showModal()
}
