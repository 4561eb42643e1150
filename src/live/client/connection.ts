import type { FromPage, Session, ToPage } from '../protocol.ts'
import { onEvent, visibilityState } from './dom.ts'
import { clearTimeout, fetch, JSON, setTimeout, WebSocket } from './saved-globals.ts'

/** Milliseconds before the first retry, and the longest wait before a retry. */
const firstMs = 250
const longestMs = 5000
/** Milliseconds until the next attempt after a server has refused the session. */
const refusedMs = 60_000
/** Milliseconds that the server has to answer. */
const answerMs = 10_000

/** Events of a connection. */
export interface ConnectionEvents {
  /** Called with each session. The socket is opened after it resolves. */
  session(session: Session, askedAt: DOMHighResTimeStamp): Promise<void>
  /** Makes the first message. */
  hello(): FromPage
  /** Called after the hello was sent: other messages may follow. */
  greeted(): void
  message(message: ToPage): void
}

/** The connection to the server. It reconnects by itself. */
export interface ServerConnection {
  /** Sends a message if the socket is open. */
  send(message: FromPage): void
}

/** Connects the page to its server while the page is open. */
export function connect(control: URL, events: ConnectionEvents): ServerConnection {
  let socket: WebSocket | undefined
  let attempt: AbortController | undefined
  let timer = 0
  let failures = 0
  let refusedUntil = 0
  let away = false
  let isKnown = false
  let isBlocked = false

  /** Makes one attempt. Each one gets a new session, because a restarted server has another token. */
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
      // After an earlier session another server may be starting on this port, so a refusal is retried soon.
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
      // Only a message resets the backoff: a socket that opens and is closed at once must not be retried quickly for ever.
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
    // Jitter, so that not all pages reconnect at the same moment.
    timer = setTimeout(() => void open(), wait * (0.5 + Math.random() / 2))
  }

  function soon(): void {
    failures = 0
    void open()
  }

  // An open socket keeps a page out of the back/forward cache. So does an unload handler, hence `pagehide`.
  function leave(event: Event): void {
    away = true
    clearTimeout(timer)
    attempt?.abort()
    attempt = undefined
    const former = socket
    socket = undefined
    // Browsers log an error for a socket that is closed before it is open. Without the back/forward cache it closes itself.
    if (former?.readyState === WebSocket.CONNECTING && !(event as PageTransitionEvent).persisted) return
    former?.close()
  }

  function comeBack(): void {
    away = false
    soon()
  }

  // A policy that blocks the connection blocks each attempt, and the browser logs each one.
  function blocked(event: Event): void {
    const { disposition, blockedURI } = event as SecurityPolicyViolationEvent
    if (disposition === 'enforce' && blockedURI.replace(/^ws/, 'http').startsWith(control.href)) isBlocked = true
  }

  onEvent(document, 'securitypolicyviolation', blocked)
  onEvent(window, 'pagehide', leave)
  onEvent(window, 'pageshow', comeBack)
  onEvent(window, 'online', soon)
  // A user who switches from the terminal to the page may have just restarted the server.
  onEvent(window, 'focus', soon)
  onEvent(document, 'visibilitychange', soon)
  soon()
  return {
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
    },
  }
}
