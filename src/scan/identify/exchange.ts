import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { replyState } from './reply.ts'

/** Most bytes of a reply that are read. */
export const replyBytes: number = 64 * 1024

/** Milliseconds for the content after the head of a reply: a stream of events never ends. */
const contentMs = 300

/** Milliseconds for the rest after the first bytes that are not HTTP: a greeting is one line or packet. */
const otherMs = 60

/** Where to ask, and how long. */
export interface Place {
  readonly address: string
  readonly port: number
  readonly signal: AbortSignal
}

/** What came back on one connection. */
export interface Heard {
  readonly bytes: Buffer
  /**
   * Why the connection ended. `complete`: a whole HTTP reply is there. `closed`: by the server. `time`: by us, after the
   * time given. `full`: by us, after {@link replyBytes}. `failed`: no connection, or an error of TLS.
   */
  readonly end: 'complete' | 'closed' | 'time' | 'full' | 'failed'
  /** The code of the error, for example `ECONNRESET`. */
  readonly error: string | undefined
}

/** How one connection is used. */
export interface Call {
  /** Sent when the connection is open, or after {@link patienceMs} without a byte from the server. */
  readonly send: Buffer | string
  /** Milliseconds to wait for a server that speaks first. Default 0. */
  readonly patienceMs?: number
  /** Milliseconds from the start to the end of the connection. */
  readonly timeMs: number
  /** Whether the bytes so far tell enough. Default: a whole HTTP reply, or what follows its head for {@link contentMs}. */
  readonly isEnough?: (bytes: Buffer) => boolean
  /** A connection over TLS instead of a plain one. */
  readonly secure?: () => TLSSocket
}

/**
 * Opens a connection, sends bytes and collects what comes back, bounded in bytes and in time. Never rejects. What the server
 * sends after the bound is not read.
 */
export function call(place: Place, { send, patienceMs = 0, timeMs, isEnough, secure }: Call): Promise<Heard> {
  return new Promise((resolve) => {
    const { signal } = place
    const bytes = Buffer.allocUnsafe(replyBytes)
    let length = 0
    let isEnded = false
    let patience: NodeJS.Timeout | undefined
    const socket: Socket = secure?.() ?? connect({ host: place.address, port: place.port, noDelay: true })
    const settle = (end: Heard['end'], error?: string): void => {
      if (isEnded) return
      isEnded = true
      clearTimeout(timer)
      clearTimeout(patience)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve({ bytes: bytes.subarray(0, length), end, error })
    }
    const abort = (): void => settle('time')
    let timer = setTimeout(settle, timeMs, 'time')
    let isLast = false
    const speak = (): void => void socket.write(send)
    const state = replyState()
    signal.addEventListener('abort', abort)
    socket.once(secure === undefined ? 'connect' : 'secureConnect', () => {
      if (patienceMs === 0) speak()
      else patience = setTimeout(speak, patienceMs)
    })
    socket.on('data', (chunk: Buffer) => {
      // A server that speaks first is not HTTP: nothing is sent to it.
      clearTimeout(patience)
      length += chunk.copy(bytes, length)
      const sofar = bytes.subarray(0, length)
      if (length === replyBytes) return settle('full')
      if (isEnough?.(sofar) === true) return settle('complete')
      const now = state(sofar)
      if (now === 'complete') return settle('complete')
      if (now === 'head' || isLast || isEnough !== undefined) return
      isLast = true
      clearTimeout(timer)
      timer = setTimeout(settle, Math.min(now === 'content' ? contentMs : otherMs, timeMs), 'time')
    })
    socket.on('end', () => settle('closed'))
    socket.on('close', () => settle('closed'))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      settle(length > 0 || error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'closed' : 'failed', error.code)
    })
    if (signal.aborted) abort()
  })
}
