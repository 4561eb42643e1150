import type { FromPage } from '../protocol.ts'
import { onEvent } from './dom.ts'
import { console, setTimeout } from './saved-globals.ts'
import { describeValue, formatLog } from './describe.ts'

type ConsoleMessage = Extract<FromPage, { type: 'console' }>

/** Most characters of one text, and most texts within a second: the limits of the server. */
const maxLength = 4096
const perSecond = 20
const secondMs = 1000
/** Most texts that wait for the session: errors while the page loads. */
const maxWaiting = 20

/** Sends the errors of a page, for the terminal. */
export interface ConsoleTexts {
  /** Sends the waiting errors and every new one; with false, drops them. */
  wanted(isWanted: boolean): void
}

/** Collects uncaught errors, unhandled rejections and, once errors are wanted, calls of `console.error`. */
export function collectErrors(send: (message: ConsoleMessage) => void): ConsoleTexts {
  let state: 'unknown' | 'wanted' | 'unwanted' = 'unknown'
  let waiting: ConsoleMessage[] = []
  let count = 0
  let wrapped = false

  function add(level: ConsoleMessage['level'], text: string): void {
    if (state === 'unwanted') return
    const message: ConsoleMessage = { type: 'console', level, text: text.slice(0, maxLength) }
    if (state === 'unknown') {
      if (waiting.length < maxWaiting) waiting.push(message)
      return
    }
    if (count++ === 0) setTimeout(endSecond, secondMs)
    if (count <= perSecond) send(message)
  }

  function endSecond(): void {
    const more = count - perSecond
    count = 0
    if (more > 0) add('error', `and ${more} more`)
  }

  onEvent(window, 'error', (event) => {
    if (!(event instanceof ErrorEvent)) return
    const { error, message, filename, lineno, colno } = event
    const isError = error instanceof Error
    add('exception', isError ? describeValue(error) : `${message}\n    at ${filename}:${lineno}:${colno}`)
  })
  onEvent(window, 'unhandledrejection', (event) => {
    add('rejection', describeValue((event as PromiseRejectionEvent).reason))
  })

  /** Wraps `console.error`, only on pages whose errors are wanted. A proxy keeps the properties of the function. */
  function wrapConsole(): void {
    wrapped = true
    let busy = false
    console.error = new Proxy(console.error, {
      apply(target, self, values: unknown[]) {
        Reflect.apply(target, self, values)
        // Describing a value may run code of the page, which may log an error again.
        if (busy) return
        busy = true
        try {
          add('error', formatLog(values))
        } catch {
          // The page must not notice.
        } finally {
          busy = false
        }
      },
    })
  }

  return {
    wanted(isWanted) {
      state = isWanted ? 'wanted' : 'unwanted'
      const texts = waiting
      waiting = []
      if (!isWanted) return
      if (!wrapped) wrapConsole()
      for (const { level, text } of texts) add(level, text)
    },
  }
}
