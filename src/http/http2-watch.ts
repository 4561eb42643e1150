import { constants, type Http2Session } from 'node:http2'

/** Events that a session may have at once, and how many more each second. */
interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

/**
 * Streams that a client may break off. A page that is reloaded while it loads breaks off every request under way, again
 * and again while someone saves a file; only a flood (CVE-2023-44487) does so for thousands.
 */
const resets: Allowance = { burst: 500, perSecond: 50 }
/** PING and SETTINGS frames, each of which has to be answered (CVE-2019-9512, CVE-2019-9515). */
const pings: Allowance = { burst: 100, perSecond: 10 }
const settings: Allowance = { burst: 50, perSecond: 5 }

/** What watches over one session. */
export interface SessionWatch {
  /** A request came. */
  began(): void
  /** A stream is over. */
  ended(wasBroken: boolean): void
}

/**
 * Ends a session that idles, in good order, and one that floods us, at once (RFC 9113 section 10.5).
 *
 * @param headerMs Milliseconds until the first request must have come.
 * @param idleMs Milliseconds that it may idle between requests.
 */
export function watchSession(session: Http2Session, headerMs: number, idleMs: number): SessionWatch {
  let streams = 0
  let idle: NodeJS.Timeout | undefined = setTimeout(() => session.close(), headerMs)
  const calm = (): void => {
    if (!session.destroyed) session.destroy(new Error('A flood.'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
  const countReset = counter(resets, calm)
  session.on('ping', counter(pings, calm))
  session.on('remoteSettings', counter(settings, calm))
  session.once('close', () => clearTimeout(idle))
  return {
    began() {
      streams++
      clearTimeout(idle)
    },
    ended(wasBroken) {
      streams--
      if (wasBroken) countReset()
      if (streams > 0 || session.destroyed) return
      clearTimeout(idle)
      idle = setTimeout(() => session.close(), idleMs)
    },
  }
}

/** Counts events, and acts when there are more than is allowed. */
function counter({ burst, perSecond }: Allowance, act: () => void): () => void {
  let left = burst
  let at = performance.now()
  return () => {
    const now = performance.now()
    left = Math.min(burst, left + ((now - at) / 1000) * perSecond) - 1
    at = now
    if (left < 0) act()
  }
}
