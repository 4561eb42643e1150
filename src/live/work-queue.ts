/** Work that waits for the end of the turn, each item once, and never keeps the event loop for long. */
export interface WorkQueue<T> {
  add(item: T): void
  /** Nothing waits. */
  isEmpty(): boolean
  close(): void
}

/** A queue that works for `sliceMs` milliseconds at a time (3 by default) and then lets others have their turn. */
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
      // The phase of immediates follows that of events: nothing is lost by waiting, and a burst is one look.
      immediate ??= setImmediate(run)
    },
    isEmpty: () => items.size === 0,
    close() {
      items.clear()
      clearImmediate(immediate)
    },
  }
}
