import { constants, type Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { createAllowance } from '../../core/util/allowance.ts'

/**
 * Streams that a client may break off. A page that is reloaded while it loads breaks off every request under way, again
 * and again while someone saves a file; only a flood (CVE-2023-44487) does so for thousands.
 */
const resets = { burst: 500, refillMs: 20 }
/** PING and SETTINGS frames, each of which has to be answered (CVE-2019-9512, CVE-2019-9515). */
const pings = { burst: 100, refillMs: 100 }
const settings = { burst: 50, refillMs: 200 }

/**
 * Milliseconds that a client gets to close a connection on which nothing is under way any more, and that one which has
 * closed its sending side gets for its replies: it can widen no window, and is most likely gone.
 */
const lingerMs = 1000

/** What watches over one session. */
export interface SessionWatch {
  /** A request came. */
  began(): void
  /** A stream is over. */
  ended(wasBroken: boolean): void
  /** `performance.now()` since when no stream is open; undefined while one is. */
  idleSince(): number | undefined
  /** Takes no new streams, and ends the connection when those under way are over. */
  leave(): void
  /** Ends the session and its connection now. */
  cut(): void
}

/** What {@link watchSession} needs. */
export interface SessionWatchOptions {
  readonly session: Http2Session
  /** Its connection, which Node lets nobody else touch before the session is over. */
  readonly socket: Duplex
  /** Milliseconds until the first request must have come. */
  readonly headerMs: number
  /** Milliseconds that it may idle between requests. */
  readonly idleMs: number
}

/** Ends a session that idles, in good order, and one that floods us, at once (RFC 9113 section 10.5). */
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
    // Node waits for streams whose header section never comes to its end, and for a client that never closes.
    if (streams === 0) wait(lingerMs, cut)
  }
  const calm = (): void => {
    if (session.destroyed) return
    session.destroy(new Error('A flood.'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
  // Not while Node reads the frames of the resets: it would free streams twice, and abort the process.
  const countReset = counter(resets, () => setImmediate(calm))
  session.on('ping', counter(pings, calm))
  session.on('remoteSettings', counter(settings, calm))
  session.once('close', () => wait(lingerMs, cut))
  let gone: NodeJS.Timeout | undefined
  // Servers of HTTP/1.1 accept connections that may be open on one side only.
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

/** Counts events, and acts when there are more than is allowed: so many at once, and one more in each `refillMs`. */
function counter(allowed: { burst: number; refillMs: number }, act: () => void): () => void {
  const takeOne = createAllowance({ ...allowed, now: () => performance.now() })
  return () => {
    if (!takeOne()) act()
  }
}
