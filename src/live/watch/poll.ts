import { itemsIn, type WatchedFolder, type WatchedPath } from './folder.ts'
import type { WorkQueue } from '../work-queue.ts'

/** A timer that reads the state of folders without events. */
export interface Poll {
  /** Starts the timer, unless it runs. */
  start(): void
  close(): void
}

/** Queues the items of the folders every `pollMs` milliseconds, as long as there are any. */
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
    // On a slow file system the items of the last poll may still be queued.
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
