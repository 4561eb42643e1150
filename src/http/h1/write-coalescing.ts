/** Most writes that are held back, so that the first of them is not late. */
const groupSize = 64

/** Holds back the writes of one turn of the event loop, and does them together. */
export interface WriteCoalescer {
  /** Writes at once, or after all connections of the turn were read. */
  add(write: () => void): void
}

/**
 * On the same machine a write wakes a client that sleeps, which costs more than the rest of a small reply. A client
 * with many connections would sleep again after each reply; replies without a gap keep it awake.
 *
 * The first write of a turn is not held back: mostly it is the only one.
 */
export function createWriteCoalescer(): WriteCoalescer {
  let isTurnKnown = false
  let held: (() => void)[] = []

  function flush(): void {
    const writes = held
    held = []
    let done = 0
    try {
      for (const write of writes) {
        done++
        write()
      }
    } finally {
      // A listener of a program may have thrown: the other connections still get their replies.
      if (done < writes.length) {
        held = [...writes.slice(done), ...held]
        setImmediate(flush)
      }
    }
  }

  function endTurn(): void {
    isTurnKnown = false
    flush()
  }

  return {
    add(write) {
      if (!isTurnKnown) {
        isTurnKnown = true
        // Immediates run after all connections of the turn were read.
        setImmediate(endTurn)
        return write()
      }
      held.push(write)
      if (held.length === groupSize) flush()
    },
  }
}
