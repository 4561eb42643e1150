/** What {@link createChangeBatcher} needs. */
export interface ChangeBatcherOptions {
  /** Takes distinct paths, in the order of their first change. */
  readonly send: (paths: readonly string[]) => void
  /** Called when nothing more has come for a while after a batch. */
  readonly onQuiet?: () => void
  /** Milliseconds without a change after which what was gathered is sent; 60 by default. */
  readonly quietMs?: number
  /** Milliseconds after which it is sent although changes go on; 2000 by default. */
  readonly longestMs?: number
  /** Takes the place of timers in tests. */
  readonly clock?: BatcherClock
}

/** Time as batches see it. */
export interface BatcherClock {
  /** Milliseconds that only ever grow. */
  now(): number
  /** Calls back after so many milliseconds; the function it returns calls it off. */
  after(ms: number, callback: () => void): () => void
  /** Calls back when the events of this turn are through; the function it returns calls it off. */
  afterTurn(callback: () => void): () => void
}

/** Changed files on their way to pages. */
export interface ChangeBatcher {
  add(path: string): void
  /** Whether something was sent a moment ago or is still to be sent, so that the next change will not go at once. */
  isGathering(): boolean
  /** Sends what has been gathered, now. */
  flush(): void
  /** Sends nothing any more. */
  close(): void
}

/**
 * Sends the first change at once, so that a save is seen without delay, and gathers what follows until nothing has come
 * for a while: a build of thousands of files makes two batches.
 */
export function createChangeBatcher(options: ChangeBatcherOptions): ChangeBatcher {
  const { send, onQuiet, quietMs = 60, longestMs = 2000, clock = defaultClock } = options
  const gathered = new Set<string>()
  let lastAt = 0
  let firstAt = 0
  let isClosed = false
  let cancelTurn: (() => void) | undefined
  let cancelTimer: (() => void) | undefined

  function deliver(): void {
    const paths = [...gathered]
    gathered.clear()
    if (paths.length > 0) send(paths)
  }

  /** The quiet time starts with the first batch: what comes within it is gathered. */
  function deliverFirst(): void {
    cancelTurn = undefined
    wait()
    deliver()
  }

  function wait(): void {
    const now = clock.now()
    const quietAt = lastAt + quietMs
    const dueAt = gathered.size > 0 ? Math.min(quietAt, firstAt + longestMs) : quietAt
    // One timer runs on and looks at the time when it ends: changes by the thousand set no timers.
    cancelTimer = clock.after(Math.max(dueAt - now, 1), () => {
      // A process that was held up hears of its timers first: what happened meanwhile has two turns to be noticed.
      cancelTimer = clock.afterTurn(() => {
        cancelTimer = clock.afterTurn(look)
      })
    })
  }

  function look(): void {
    cancelTimer = undefined
    const now = clock.now()
    const isQuiet = now - lastAt >= quietMs
    if (gathered.size > 0 && (isQuiet || now - firstAt >= longestMs)) {
      // After a batch the next change is gathered again, or else a long burst would start with a batch of one.
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
      if (gathered.size === 0) firstAt = lastAt
      gathered.add(path)
      if (cancelTurn === undefined && cancelTimer === undefined) cancelTurn = clock.afterTurn(deliverFirst)
    },
    isGathering: () => cancelTurn !== undefined || cancelTimer !== undefined,
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
      gathered.clear()
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
