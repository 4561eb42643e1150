import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { maxSendHeaderBlockLength } from '../../http/h2/head.ts'
import type { Connector } from '../upstream/connect.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** Milliseconds that an idle session stays open: less than servers allow, so that the proxy closes it first. */
const idleMs = 50_000
/** Milliseconds without activity after which a session is checked before its reuse. */
const checkAfterMs = 5000
/** Milliseconds for the response to the PING of that check. */
const pingMs = 1500
const unreadableHead = 'it sent a header section that nghttp2 cannot read, such as one with a field above 64 KiB'
/** Milliseconds within which a working session writes a frame to its socket. */
const writeMs = 500
/** Bytes read since the last check that may be a part of a header section, and not only of control frames. */
const sectionBytes = 1024
/** Milliseconds for the graceful close of an idle session. */
const closeMs = 1000
/** Flow-control windows in bytes, for each stream and for the session. */
const streamWindow = 1024 * 1024
const sessionWindow = 16 * 1024 * 1024

/** One HTTP/2 session to an upstream, opened on demand and replaced when it is closed. */
export interface Http2Session {
  /** @throws UpstreamError */
  acquire(signal: AbortSignal): Promise<ClientHttp2Session>
  /** Releases the session when the stream closes. Ends it if nghttp2 hangs while the stream waits for its response. */
  follow(session: ClientHttp2Session, stream: ClientHttp2Stream): void
  /** Releases an acquired session that got no stream. */
  released(session: ClientHttp2Session): void
  /** Refuses new streams; resolves when the open ones are over. */
  close(): Promise<void>
}

interface Kept {
  readonly session: ClientHttp2Session
  readonly socket: Socket
  /** Bytes that were read at the last check for a hanging nghttp2. */
  checkedBytes: number
  streams: number
  usedAt: number
  idle: NodeJS.Timeout | undefined
}

/** Options of {@link createHttp2Session}. */
export interface SessionOptions {
  readonly authority: string
  readonly connector: Connector
  /** Milliseconds until the SETTINGS frame of the upstream; 0 disables the timeout. */
  readonly connectMs: number
  /** Bytes that the header section of a response may have. */
  readonly replyHeaderBytes: number
}

/** Keeps one session for new streams. Older sessions stay open until their streams are over. */
export function createHttp2Session({
  authority,
  connector,
  connectMs,
  replyHeaderBytes,
}: SessionOptions): Http2Session {
  const alive = new Map<ClientHttp2Session, Kept>()
  let current: Promise<Kept> | undefined
  let currentKept: Kept | undefined
  let isClosed = false

  async function open(): Promise<Kept> {
    const socket = await connector()
    const session = connect(authority, {
      createConnection: () => socket,
      // maxHeaderListSize is only advice to the upstream: h2/transport checks the size again.
      settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: replyHeaderBytes },
      // By default Node drops messages with more than 128 fields.
      maxHeaderListPairs: 1000,
      maxSendHeaderBlockLength,
    })
    const kept: Kept = {
      session,
      socket,
      checkedBytes: 0,
      streams: 0,
      usedAt: performance.now(),
      idle: undefined,
    }
    alive.set(session, kept)
    // Each stream gets its own error. Without a listener this one would end the process.
    session.on('error', () => {})
    session.once('close', () => {
      clearTimeout(kept.idle)
      alive.delete(session)
      forget(kept)
    })
    // The SETTINGS frame shows that the upstream uses HTTP/2, and limits the number of streams.
    let timer: NodeJS.Timeout | undefined
    const settingsReceived = new Promise<void>((resolve, reject) => {
      const message = `No SETTINGS frame within ${connectMs} ms; it may not use HTTP/2.`
      const late = (): void => reject(new UpstreamError('connect-timeout', message, { wrote: false }))
      timer = connectMs === 0 ? undefined : setTimeout(late, connectMs)
      session.once('remoteSettings', () => resolve()).once('error', reject)
      session.once('close', () => {
        // A container's proxy accepts connections while the upstream is still starting, and closes them without a byte.
        if (socket.bytesRead === 0) reject(new UpstreamError('reset', 'It closed the connection.', { wrote: false }))
        else reject(new Error('The upstream does not use HTTP/2.'))
      })
    })
    try {
      await settingsReceived
    } catch (error) {
      session.destroy()
      throw upstreamError(error, 'no-http2', false)
    } finally {
      clearTimeout(timer)
    }
    session.setLocalWindowSize(sessionWindow)
    return kept
  }

  function forget(kept: Kept): void {
    if (currentKept !== kept) return
    currentKept = undefined
    current = undefined
  }

  function released(session: ClientHttp2Session): void {
    const kept = alive.get(session)
    if (kept === undefined) return
    kept.usedAt = performance.now()
    if (--kept.streams > 0) return
    session.unref()
    kept.idle = setTimeout(() => session.close(), idleMs).unref()
  }

  async function endIfHanging(kept: Kept): Promise<void> {
    if (!(await isHanging(kept)) || kept.session.destroyed) return
    forget(kept)
    kept.session.destroy(new UpstreamError('protocol', unreadableHead, { wrote: true }))
  }

  async function usable(): Promise<Kept> {
    const known = currentKept
    // After GOAWAY from the upstream Node closes the session for new streams.
    if (known !== undefined && (known.session.closed || known.session.destroyed)) forget(known)
    else if (known !== undefined && !(await isAlive(known))) {
      known.session.destroy()
      forget(known)
    }
    if (isClosed) throw new UpstreamError('reset', 'The upstream is no longer used.', { wrote: false })
    current ??= open().then(
      (kept) => {
        currentKept = kept
        return kept
      },
      (error: unknown) => {
        current = undefined
        throw error
      },
    )
    return await current
  }

  return {
    async acquire(signal) {
      const kept = await unlessAborted(usable(), signal)
      clearTimeout(kept.idle)
      kept.streams++
      kept.usedAt = performance.now()
      kept.session.ref()
      return kept.session
    },
    follow(session, stream) {
      stream.once('close', () => released(session))
      const kept = alive.get(session)
      if (kept === undefined) return
      const timer = setInterval(() => void endIfHanging(kept), checkAfterMs)
      const stop = (): void => clearInterval(timer)
      stream.once('response', stop).once('close', stop)
    },
    released,
    async close() {
      isClosed = true
      // A session that is being opened closes after that.
      await current?.catch(() => {})
      await Promise.all([...alive.values()].filter(({ session }) => !session.destroyed).map(ended))
    },
  }
}

/** Closes a session after its streams. Destroys an idle one after a timeout: nghttp2 may hang and never close it. */
async function ended({ session, streams }: Kept): Promise<void> {
  // An idle session does not keep the process alive, but its close must.
  session.ref()
  const timer = streams > 0 ? undefined : setTimeout(() => session.destroy(), closeMs)
  await new Promise<void>((resolve) => session.once('close', resolve).close())
  clearTimeout(timer)
}

/** Checks by PING for a connection that was lost silently: after sleep, a NAT timeout, or a paused container. */
async function isAlive({ session, streams, usedAt }: Kept): Promise<boolean> {
  if (streams > 0 || performance.now() - usedAt < checkAfterMs) return true
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), pingMs)
    const sent = session.ping((error) => {
      clearTimeout(timer)
      resolve(error === null)
    })
    if (!sent) resolve(false)
  })
}

/**
 * Whether nghttp2 hangs: after a header section that it cannot read, such as one with a field above 64 KiB, it stops
 * reading and writing, and Node emits no event. A SETTINGS frame is not written then, although the socket accepts bytes
 * (it accepts none while the upstream reads nothing of an upload). Healthy sessions get such a frame only after the
 * upstream has sent content: Tomcat closes a session that gets many control frames between. A PING is no test: an
 * upstream that is paused in a debugger does not answer it, and gRPC servers reject frequent ones.
 */
async function isHanging(kept: Kept): Promise<boolean> {
  const { session, socket } = kept
  const { bytesRead, bytesWritten } = socket
  if (session.destroyed || session.pendingSettingsAck || bytesRead - kept.checkedBytes < sectionBytes) return false
  kept.checkedBytes = bytesRead
  session.settings({})
  await new Promise((resolve) => setTimeout(resolve, writeMs))
  const { writeQueueSize = 0 } = (socket as { _handle?: { writeQueueSize?: number } })._handle ?? {}
  return !session.destroyed && socket.bytesWritten === bytesWritten && writeQueueSize === 0
}

/** A client that disconnects only stops waiting: other requests wait for the same session. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(clientLeftFault(false))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    const settle = (): void => signal.removeEventListener('abort', leave)
    promise.finally(settle).then(resolve, reject)
  })
}
