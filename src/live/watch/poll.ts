import { itemsIn, type WatchedFolder, type WatchedPath } from './folder.ts'
import type { WorkQueue } from '../work-queue.ts'

/** Looks at folders from time to time. */
export interface Poll {
  /** There is something to look at; call it as often as you like. */
  start(): void
  close(): void
}

/** Puts what is in the folders into the queue every so many milliseconds, as long as there are any. */
export function createPoll(
  folders: () => ReadonlySet<WatchedFolder>,
  queue: WorkQueue<WatchedPath | WatchedFolder>,
  pollMs: number,
): Poll {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function start(): void {
    if (!isClosed) timer ??= setTimeout(tick, pollMs).unref()
  }

  function tick(): void {
    timer = undefined
    const polled = folders()
    if (polled.size === 0) return
    // The looks of the last time may still go on where a look takes long.
    if (queue.isEmpty()) {
      for (const folder of polled) {
        if (folder.parent === undefined) queue.add(folder)
        for (const item of itemsIn(folder)) queue.add(item)
      }
    }
    start()
  }

  return {
    start,
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
