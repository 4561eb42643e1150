/** A queue of distinct items. It starts after the events of this turn, and never blocks the event loop for long. */
export interface WorkQueue<T> {
  add(item: T): void
  isEmpty(): boolean
  close(): void
}

/** Makes a queue that works for `sliceMs` milliseconds (3 by default) in each turn of the event loop. */
export function createWorkQueue<T>(work: (item: T) => void, sliceMs = 3): WorkQueue<T> {
  const items = new Set<T>()
  let immediate: NodeJS.Immediate | undefined

  function run(): void {
    immediate = undefined
    const endAt = performance.now() + sliceMs
    for (const item of items) {
      items.delete(item)
      work(item)
      if (performance.now() > endAt) break
    }
    if (items.size > 0) immediate ??= setImmediate(run)
  }

  return {
    add(item) {
      items.add(item)
      // Immediates run after the events of this turn, so a burst of events for one item causes one piece of work.
      immediate ??= setImmediate(run)
    },
    isEmpty: () => items.size === 0,
    close() {
      items.clear()
      clearImmediate(immediate)
    },
  }
}
