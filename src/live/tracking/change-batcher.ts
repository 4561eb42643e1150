/** What {@link createChangeBatcher} needs. */
export interface ChangeBatcherOptions {
  /** Takes distinct paths, in the order of their first change. */
  readonly send: (paths: readonly string[]) => void
  /** Called when no change has come for `quietMs` after a batch. */
  readonly onQuiet?: () => void
  /** Milliseconds without a change after which a batch is sent; 60 by default. */
  readonly quietMs?: number
  /** Milliseconds after which a batch is sent although changes continue; 2000 by default. */
  readonly longestMs?: number
  /** Replaces timers in tests. */
  readonly clock?: BatcherClock
}

/** The clock and the timers of a batcher. */
export interface BatcherClock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Calls back after a number of milliseconds. The returned function cancels the call. */
  after(ms: number, callback: () => void): () => void
  /** Calls back after the events of this turn. The returned function cancels the call. */
  afterTurn(callback: () => void): () => void
}

/** Collects changed files into batches. */
export interface ChangeBatcher {
  add(path: string): void
  /** Whether a batch is being collected, or was sent less than `quietMs` ago: the next change is not sent at once. */
  isCollecting(): boolean
  /** Sends the collected changes now. */
  flush(): void
  /** Drops the collected changes; nothing is sent from now on. */
  close(): void
}

/**
 * Sends the first change at once, because a save should be seen without delay. Collects the next changes until none has
 * come for `quietMs`: a build of thousands of files makes two batches.
 */
export function createChangeBatcher(options: ChangeBatcherOptions): ChangeBatcher {
  const { send, onQuiet, quietMs = 60, longestMs = 2000, clock = defaultClock } = options
  const collected = new Set<string>()
  let lastAt = 0
  let firstAt = 0
  let isClosed = false
  let cancelTurn: (() => void) | undefined
  let cancelTimer: (() => void) | undefined

  function deliver(): void {
    const paths = [...collected]
    collected.clear()
    if (paths.length > 0) send(paths)
  }

  /** The quiet time starts with the first batch; changes within it are collected. */
  function deliverFirst(): void {
    cancelTurn = undefined
    wait()
    deliver()
  }

  function wait(): void {
    const now = clock.now()
    const quietAt = lastAt + quietMs
    const dueAt = collected.size > 0 ? Math.min(quietAt, firstAt + longestMs) : quietAt
    // One timer checks the time when it ends, so that thousands of changes set no timers.
    cancelTimer = clock.after(Math.max(dueAt - now, 1), () => {
      // After a delay the event loop runs timers before it reads events: two more turns let events from meanwhile arrive.
      cancelTimer = clock.afterTurn(() => {
        cancelTimer = clock.afterTurn(look)
      })
    })
  }

  function look(): void {
    cancelTimer = undefined
    const now = clock.now()
    const isQuiet = now - lastAt >= quietMs
    if (collected.size > 0 && (isQuiet || now - firstAt >= longestMs)) {
      // After a batch changes are still collected: otherwise a long burst would send a batch of one in between.
      lastAt = now
      wait()
      deliver()
    } else if (!isQuiet) {
      wait()
    } else {
      onQuiet?.()
    }
  }

  return {
    add(path) {
      if (isClosed) return
      lastAt = clock.now()
      if (collected.size === 0) firstAt = lastAt
      collected.add(path)
      if (cancelTurn === undefined && cancelTimer === undefined) cancelTurn = clock.afterTurn(deliverFirst)
    },
    isCollecting: () => cancelTurn !== undefined || cancelTimer !== undefined,
    flush() {
      cancelTurn?.()
      cancelTimer?.()
      cancelTurn = cancelTimer = undefined
      deliver()
    },
    close() {
      isClosed = true
      cancelTurn?.()
      cancelTimer?.()
      cancelTurn = cancelTimer = undefined
      collected.clear()
    },
  }
}

const defaultClock: BatcherClock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
  afterTurn(callback) {
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  },
}
