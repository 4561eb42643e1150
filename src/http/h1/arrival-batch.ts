import type { Connection } from './connection.ts'

/** Ready connections that the event loop learns of at once (libuv's epoll and kqueue batches hold 1024). */
const loopEvents = 1000

/** Numbers the requests that one turn of the event loop hands out. */
export interface Batches {
  /** The number for a request that was just read, NaN when it stands alone. */
  next(connection: Connection): number
}

/**
 * The loop asks the system which connections have something to read, and then reads them one after
 * the other: when the first is handled, the others' requests were already here.
 *
 * That is not so for a second request on a connection, which may have arrived while the first was
 * handled, nor with so many connections that the loop asks again within one turn.
 */
export function createBatches(openConnections: () => number): Batches {
  let current = 0
  let running = false
  const end = (): void => void (running = false)
  return {
    next(connection) {
      if (!running) {
        running = true
        current++
        // Immediates run when the turn's connections have all been read.
        setImmediate(end)
      }
      if (connection.batch === current || openConnections() > loopEvents) return Number.NaN
      connection.batch = current
      return current
    },
  }
}
