/** Most writes that are held back: more wait no longer for each other, so that the first of them is not late. */
const groupSize = 64

/** Holds back the writes of one turn of the event loop, so that they go out one after the other. */
export interface WriteCoalescer {
  /** Writes at once, or when the connections that the loop found ready have all been read. */
  add(write: () => void): void
}

/**
 * A write to a connection of the same machine wakes the client, if it sleeps. A client with many connections
 * takes one reply and falls asleep again before the next, so that every write pays for waking it, which costs more
 * than the rest of a small reply; while it gets one reply after the other it stays awake.
 *
 * The first write of a turn is never held back: mostly it is the only one.
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
      // A listener of somebody else may have thrown: that is not the concern of the other connections.
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
        // Immediates run when the turn's connections have all been read.
        setImmediate(endTurn)
        return write()
      }
      held.push(write)
      if (held.length === groupSize) flush()
    },
  }
}
