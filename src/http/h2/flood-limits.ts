import { constants, type Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { createAllowance } from '../../core/util/allowance.ts'

/**
 * Streams that a client may reset. A page that reloads while it loads resets all its requests, with each saved file;
 * only a flood (CVE-2023-44487) resets thousands.
 */
const resets = { burst: 500, refillMs: 20 }
/** PING and SETTINGS frames: each needs an answer (CVE-2019-9512, CVE-2019-9515). */
const pings = { burst: 100, refillMs: 100 }
const settings = { burst: 50, refillMs: 200 }

/**
 * Milliseconds that a client gets to close a session without streams, and that a client which has closed its sending
 * side gets for its replies: it cannot widen a window, and is probably gone.
 */
const lingerMs = 1000

/** The limits of one session. */
export interface SessionWatch {
  /** Counts a stream that was opened. */
  began(): void
  /** Counts a stream that was closed, and whether its client broke it. */
  ended(wasBroken: boolean): void
  /** `performance.now()` since no stream is open; undefined while one is. */
  idleSince(): number | undefined
  /** Takes no new streams, and closes the connection after the last open one. */
  leave(): void
  /** Destroys the session and its connection. */
  cut(): void
}

/** What {@link watchSession} needs. */
export interface SessionWatchOptions {
  readonly session: Http2Session
  /** Its connection. Through `session.socket` Node forbids to destroy it. */
  readonly socket: Duplex
  /** Milliseconds until the first request must have arrived. */
  readonly headerMs: number
  /** Milliseconds that it may idle between requests. */
  readonly idleMs: number
}

/** Closes an idle session with GOAWAY, and destroys one that floods the server (RFC 9113 section 10.5). */
export function watchSession({ session, socket, headerMs, idleMs }: SessionWatchOptions): SessionWatch {
  let streams = 0
  let idleSince = performance.now()
  let timer: NodeJS.Timeout | undefined
  const wait = (ms: number, act: () => void): void => {
    clearTimeout(timer)
    timer = setTimeout(act, ms)
  }
  const cut = (): void => {
    session.destroy()
    socket.destroy()
  }
  const leave = (): void => {
    session.close()
    // Node waits without a bound for incomplete header sections, and for the client to close.
    if (streams === 0) wait(lingerMs, cut)
  }
  const calm = (): void => {
    if (session.destroyed) return
    session.destroy(new Error('A flood.'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
  // Not while Node reads the resets: it would free streams twice, and abort the process.
  const countReset = counter(resets, () => setImmediate(calm))
  session.on('ping', counter(pings, calm))
  session.on('remoteSettings', counter(settings, calm))
  session.once('close', () => wait(lingerMs, cut))
  let gone: NodeJS.Timeout | undefined
  // HTTP/1.1 listeners allow half-open connections.
  socket.once('end', () => (gone = setTimeout(cut, lingerMs)))
  socket.once('close', () => {
    clearTimeout(timer)
    clearTimeout(gone)
  })
  wait(headerMs, leave)
  return {
    began() {
      streams++
      clearTimeout(timer)
    },
    ended(wasBroken) {
      streams--
      idleSince = performance.now()
      if (wasBroken) countReset()
      if (streams > 0 || session.destroyed) return
      if (session.closed) leave()
      else wait(idleMs, leave)
    },
    idleSince: () => (streams === 0 ? idleSince : undefined),
    leave,
    cut,
  }
}

/** Counts events, and acts on each above the allowance: `burst` at once, and one more every `refillMs`. */
function counter(allowed: { burst: number; refillMs: number }, act: () => void): () => void {
  const takeOne = createAllowance({ ...allowed, now: () => performance.now() })
  return () => {
    if (!takeOne()) act()
  }
}
