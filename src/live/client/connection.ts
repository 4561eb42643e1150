import type { FromPage, Session, ToPage } from '../protocol.ts'
import { onEvent, visibilityState } from './dom.ts'
import { clearTimeout, fetch, JSON, setTimeout, WebSocket } from './saved-globals.ts'

/** Milliseconds of the first and the longest wait before the next attempt. */
const firstMs = 250
const longestMs = 5000
/** Milliseconds until a server that does not want to know us is asked again. */
const refusedMs = 60_000
/** Milliseconds for the server to answer. */
const answerMs = 10_000

/** What a connection tells. */
export interface ConnectionEvents {
  /** Comes before the socket is opened, which waits for it. */
  session(session: Session, askedAt: DOMHighResTimeStamp): Promise<void>
  /** What to say first. */
  hello(): FromPage
  /** It has been said; now everything else may be. */
  greeted(): void
  message(message: ToPage): void
}

/** The connection to the server, which comes back by itself. */
export interface ServerConnection {
  /** Says something, where somebody listens. */
  send(message: FromPage): void
}

/** Connects a page to its server, for as long as the page is open. */
export function connect(control: URL, events: ConnectionEvents): ServerConnection {
  let socket: WebSocket | undefined
  let attempt: AbortController | undefined
  let timer = 0
  let failures = 0
  let refusedUntil = 0
  let away = false
  let isKnown = false
  let isBlocked = false

  /** One attempt: a new session each time, since a server that was started again has another token. */
  async function open(): Promise<void> {
    clearTimeout(timer)
    if (away || isBlocked || socket !== undefined || attempt !== undefined || visibilityState(document) === 'hidden')
      return
    const wait = refusedUntil - performance.now()
    if (wait > 0) return void (timer = setTimeout(() => void open(), wait))
    const current = (attempt = new AbortController())
    const deadline = setTimeout(() => current.abort(), answerMs)
    const askedAt = performance.now()
    try {
      const response = await fetch(new URL('session', control).href, {
        headers: { 'X-Serve8008': 'live' },
        cache: 'no-store',
        credentials: 'same-origin',
        signal: current.signal,
      })
      // A server that knew the page may be another one by now, or in the midst of its start: it is asked again soon.
      if (!response.ok && response.status < 500 && !isKnown) refusedUntil = performance.now() + refusedMs
      if (!response.ok) throw new Error(`status ${response.status}`)
      const session = (await response.json()) as Session
      isKnown = true
      await events.session(session, askedAt)
      if (attempt !== current) return
      attempt = undefined
      join(session)
    } catch {
      if (attempt !== current) return
      attempt = undefined
      later()
    } finally {
      clearTimeout(deadline)
    }
  }

  function join(session: Session): void {
    const url = new URL(session.socket, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = `?token=${encodeURIComponent(session.token)}`
    const current = (socket = new WebSocket(url.href))
    current.onopen = () => {
      current.send(JSON.stringify(events.hello()))
      events.greeted()
    }
    current.onmessage = ({ data }) => {
      if (socket !== current) return
      // Only an answer shows that all is well: a socket that opens and is closed at once shall not be tried for ever.
      failures = 0
      events.message(JSON.parse(String(data)) as ToPage)
    }
    current.onclose = () => {
      if (socket !== current) return
      socket = undefined
      later()
    }
  }

  function later(): void {
    const wait = Math.min(longestMs, firstMs * 2 ** failures++)
    clearTimeout(timer)
    // Not all pages at the same moment.
    timer = setTimeout(() => void open(), wait * (0.5 + Math.random() / 2))
  }

  function soon(): void {
    failures = 0
    void open()
  }

  // An open socket keeps a page from the back/forward cache, and an unload handler does too.
  function leave(event: Event): void {
    away = true
    clearTimeout(timer)
    attempt?.abort()
    attempt = undefined
    const former = socket
    socket = undefined
    // Browsers log an error for a socket that is closed before it is open. A page that is not kept needs not close it.
    if (former?.readyState === WebSocket.CONNECTING && !(event as PageTransitionEvent).persisted) return
    former?.close()
  }

  function comeBack(): void {
    away = false
    soon()
  }

  // A policy of the page that keeps us from the server will do so each time, and the browser logs each time.
  function blocked(event: Event): void {
    const { disposition, blockedURI } = event as SecurityPolicyViolationEvent
    if (disposition === 'enforce' && blockedURI.replace(/^ws/, 'http').startsWith(control.href)) isBlocked = true
  }

  onEvent(document, 'securitypolicyviolation', blocked)
  onEvent(window, 'pagehide', leave)
  onEvent(window, 'pageshow', comeBack)
  onEvent(window, 'online', soon)
  // Whoever turns from the terminal to the page has just started the server again.
  onEvent(window, 'focus', soon)
  onEvent(document, 'visibilitychange', soon)
  soon()
  return {
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
    },
  }
}
