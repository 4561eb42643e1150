import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { maxSendHeaderBlockLength } from '../../http/h2/head.ts'
import type { Dial } from '../upstream/connect.ts'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** Milliseconds that a session without streams is kept: less than servers wait, so that we close first. */
const idleMs = 50_000
/** A session in which nothing happened for this many milliseconds is asked whether it still lives. */
const doubtMs = 5000
/** Milliseconds for the answer to that. */
const pingMs = 1500
const unreadable = 'its session sent a header section that cannot be read, such as one with a field above 64 KiB'
/** Milliseconds in which a frame is on its way, where the connection takes it. */
const sentMs = 500
/** Milliseconds that an idle session gets to say goodbye. */
const farewellMs = 1000
/** Bytes that the upstream may send ahead, for each stream; and for all of them together. */
const streamWindow = 1024 * 1024
const sessionWindow = 16 * 1024 * 1024

/** One HTTP/2 session to an upstream, opened when it is needed and renewed when it is used up. */
export interface Http2Session {
  /** @throws UpstreamError */
  acquire(signal: AbortSignal): Promise<ClientHttp2Session>
  /** Releases a session with its stream, and ends it where nghttp2 has given it up while the stream waits for its reply. */
  follow(session: ClientHttp2Session, stream: ClientHttp2Stream): void
  /** Tells that a session is not used after all. */
  released(session: ClientHttp2Session): void
  /** No new streams; resolves when those under way are over. */
  close(): Promise<void>
}

interface Kept {
  readonly session: ClientHttp2Session
  readonly socket: Socket
  /** Bytes that the upstream may send ahead. */
  window: number
  streams: number
  usedAt: number
  idle: NodeJS.Timeout | undefined
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly authority: string
  readonly dial: Dial
  /** Milliseconds until the upstream must have said that it speaks HTTP/2; 0 is none. */
  readonly connectMs: number
  /** Bytes that the header section of a reply may have. */
  readonly replyHeaderBytes: number
}

/** Keeps one session. Those that are used up live on until their streams are over. */
export function createHttp2Session({ authority, dial, connectMs, replyHeaderBytes }: SessionOptions): Http2Session {
  const alive = new Map<ClientHttp2Session, Kept>()
  let current: Promise<Kept> | undefined
  let currentKept: Kept | undefined
  let isClosed = false

  async function open(): Promise<Kept> {
    const socket = await dial()
    const session = connect(authority, {
      createConnection: () => socket,
      // What is larger comes all the same: it is counted again.
      settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: replyHeaderBytes },
      // Node's own default drops messages with more than 128 fields.
      maxHeaderListPairs: 1000,
      maxSendHeaderBlockLength,
    })
    const kept: Kept = {
      session,
      socket,
      window: sessionWindow,
      streams: 0,
      usedAt: performance.now(),
      idle: undefined,
    }
    alive.set(session, kept)
    // Streams hear of it themselves.
    session.on('error', () => {})
    session.once('close', () => {
      clearTimeout(kept.idle)
      alive.delete(session)
      forget(kept)
    })
    // The upstream's settings tell how many streams it takes and that it speaks HTTP/2 at all.
    let timer: NodeJS.Timeout | undefined
    const greeted = new Promise<void>((resolve, reject) => {
      const message = `No greeting within ${connectMs} ms: does it speak HTTP/2?`
      const late = (): void => reject(new UpstreamError('connect-timeout', message, { wrote: false }))
      timer = connectMs === 0 ? undefined : setTimeout(late, connectMs)
      session.once('remoteSettings', () => resolve()).once('error', reject)
      session.once('close', () => {
        // An upstream that says nothing may not be there yet: a container's proxy accepts in its place.
        if (socket.bytesRead === 0) reject(new UpstreamError('reset', 'It closed the connection.', { wrote: false }))
        else reject(new Error('The upstream does not speak HTTP/2.'))
      })
    })
    try {
      await greeted
    } catch (error) {
      session.destroy()
      throw upstreamError(error, 'protocol', false)
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

  async function endDeaf(kept: Kept): Promise<void> {
    if (!(await isDeaf(kept)) || kept.session.destroyed) return
    forget(kept)
    kept.session.destroy(new UpstreamError('protocol', unreadable, { wrote: true }))
  }

  async function usable(): Promise<Kept> {
    const known = currentKept
    // Node closes it for new streams when the upstream said GOAWAY.
    if (known !== undefined && (known.session.closed || known.session.destroyed)) forget(known)
    else if (known !== undefined && !(await lives(known))) {
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
      const timer = setInterval(() => void endDeaf(kept), doubtMs)
      const stop = (): void => clearInterval(timer)
      stream.once('response', stop).once('close', stop)
    },
    released,
    async close() {
      isClosed = true
      // One that is being opened is closed when it is.
      await current?.catch(() => {})
      await Promise.all([...alive.values()].filter(({ session }) => !session.destroyed).map(ended))
    },
  }
}

/** Ends a session behind its streams, and one without streams in any case: one that failed inside may never say so. */
async function ended({ session, streams }: Kept): Promise<void> {
  // An idle session keeps no process alive, but its end is waited for.
  session.ref()
  const timer = streams > 0 ? undefined : setTimeout(() => session.destroy(), farewellMs)
  await new Promise<void>((resolve) => session.once('close', resolve).close())
  clearTimeout(timer)
}

/** A connection that was lost without a word looks idle: a laptop slept, a router forgot, a container was paused. */
async function lives({ session, streams, usedAt }: Kept): Promise<boolean> {
  if (streams > 0 || performance.now() - usedAt < doubtMs) return true
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
 * Whether nghttp2 has given a session up: behind a header section that it cannot read, such as one with a field above
 * 64 KiB, it reads and writes nothing more, and Node reports no event. So a frame stays in its queue although the
 * connection takes bytes. Not a PING: an upstream that is paused in a debugger need not answer, and servers of gRPC
 * refuse many.
 */
async function isDeaf(kept: Kept): Promise<boolean> {
  const { session, socket } = kept
  if (session.destroyed) return false
  session.setLocalWindowSize(++kept.window)
  await new Promise((resolve) => setTimeout(resolve, sentMs))
  if (session.destroyed) return false
  const { writeQueueSize = 0 } = (socket as { _handle?: { writeQueueSize?: number } })._handle ?? {}
  return writeQueueSize === 0 && (session.state.outboundQueueSize ?? 0) > 0
}

/** The session that is being opened belongs to all who wait for it, so a client that leaves stops waiting only. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new UpstreamError('left', 'The client left.', { wrote: false }))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    const settle = (): void => signal.removeEventListener('abort', leave)
    promise.finally(settle).then(resolve, reject)
  })
}
