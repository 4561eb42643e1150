import type { Socket } from 'node:net'

/** What is looked at, and what comes of it. */
export interface FirstBytesOptions {
  /** Whether what came so far is enough to decide. */
  readonly isEnough: (bytes: Buffer) => boolean
  /** Called with the bytes, which the connection still holds. */
  readonly decide: (bytes: Buffer) => void
}

/**
 * Looks at what a connection begins with, and leaves it there for whoever gets the connection. One that ends before
 * there is enough is closed.
 */
export function readFirstBytes(socket: Socket, { isEnough, decide }: FirstBytesOptions): void {
  let bytes: Buffer = Buffer.alloc(0)

  function look(): void {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    if (!isEnough(bytes)) return
    stop()
    socket.unshift(bytes)
    decide(bytes)
  }

  function destroy(): void {
    socket.destroy()
  }

  function stop(): void {
    socket.off('readable', look).off('end', destroy).off('error', destroy)
  }

  socket.on('readable', look).on('end', destroy).on('error', destroy)
}
