import type { Limits } from '../config/options/limits.ts'
import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { Entry, type EntryHooks } from './recorded-exchange.ts'
import type { RecordedExchange, Recording } from './types.ts'

/** An exchange that has ended, with its secrets. */
export interface Followed {
  readonly raw: RecordedExchange
  /** Number of exchanges before it that the limits have dropped unread. */
  readonly missed: number
}

/** A recording for code of this server. */
export interface FollowedRecording extends Recording {
  /** Yields each exchange that has ended since it was opened. A slow reader misses some. */
  follow(): AsyncGenerator<Followed>
}

/** Records exchanges while a recording is open. */
export interface Recorder {
  /** Begins to record an exchange, before its handler is called. */
  begin(x: Exchange): void
  /** Completes the record of an exchange, whose reply was written or lost. */
  end(x: Exchange, reply: Reply, sent: Sent): void
  /**
   * Opens a recording.
   *
   * @param contentBytes Most bytes that it keeps of each content.
   */
  open(contentBytes: number): FollowedRecording
  /** Closes every recording. */
  close(): void
}

/** Limits of what is kept for all recordings of a server. */
export type RecorderLimits = Pick<Limits, 'recordedContentBytes' | 'recordedExchanges' | 'recordedBytes'>

/** Makes a recorder. @param onIdle Called when its last recording is closed. */
export function createRecorder(limits: RecorderLimits, onIdle: () => void): Recorder {
  const startedAt = performance.now()
  const running = new Set<Entry>()
  /** The last of those that have ended; the first of them has the number `first`. */
  const ended: Entry[] = []
  /** Each with the bytes that it wants of each content. */
  const recordings = new Map<Recording, number>()
  let first = 0
  let bytes = 0
  let droppedRunning = 0
  let waiting: (() => void)[] = []

  const hooks: EntryHooks = {
    get contentBytes() {
      return Math.max(...recordings.values())
    },
    grew(more) {
      bytes += more
      dropExcess()
    },
    released: forget,
  }

  function dropExcess(): void {
    while (bytes > limits.recordedBytes || ended.length + running.size > limits.recordedExchanges) {
      // Those under way come last: they are of use when they end.
      const oldest = ended.shift()
      if (oldest !== undefined) first++
      else droppedRunning++
      const [longest] = running
      drop(oldest ?? (longest as Entry))
    }
  }

  function drop(entry: Entry): void {
    running.delete(entry)
    entry.isKept = false

    bytes -= entry.bytes
  }

  function forget(entry: Entry): void {
    if (running.has(entry)) drop(entry)
  }

  function begin(x: Exchange): void {
    const entry = new Entry(x, hooks)
    running.add(entry)
    entry.attach()
  }

  function end(x: Exchange, reply: Reply, sent: Sent): void {
    // A message that could not be parsed never began; an exchange that began before the recorder has no content.
    if (x.observer === undefined && x.startedAt >= startedAt) begin(x)
    const entry = x.observer
    if (!(entry instanceof Entry) || !running.has(entry)) return
    // The control endpoints are the server's own, as for the access log.
    if (x.notes.own === true && reply.status < 400) return forget(entry)
    entry.end(reply, sent)
    if (!running.delete(entry)) return
    ended.push(entry)
    wakeAll()
  }

  function wakeAll(): void {
    const callbacks = waiting
    waiting = []
    for (const callback of callbacks) callback()
  }

  function open(contentBytes: number): FollowedRecording {
    const from = first + ended.length
    const droppedBefore = droppedRunning
    let until = Number.POSITIVE_INFINITY

    function* kept(): Generator<RecordedExchange> {
      for (let i = Math.max(from - first, 0); i < Math.min(ended.length, until - first); i++) {
        yield (ended[i] as Entry).record
      }
      if (until !== Number.POSITIVE_INFINITY) return
      for (const { record } of running) yield record
    }

    /** Each entry that ends, and how many before it were dropped unread. */
    async function* each<Shown>(show: (entry: Entry, missed: number) => Shown): AsyncGenerator<Shown> {
      let seen = droppedRunning
      for (let at = from; at < until;) {
        const next = Math.max(at, first)
        const entry = ended[next - first]
        if (entry === undefined) {
          await new Promise<void>((resolve) => waiting.push(resolve))
          continue
        }
        const missed = next - at + droppedRunning - seen
        seen = droppedRunning
        at = next + 1
        yield show(entry, missed)
      }
    }

    const recording: FollowedRecording = {
      follow: () => each(({ raw }, missed) => ({ raw, missed })),
      get exchanges() {
        return [...kept()]
      },
      get dropped() {
        return Math.max(Math.min(first, until) - from, 0) + droppedRunning - droppedBefore
      },
      close() {
        if (!recordings.delete(recording)) return
        until = first + ended.length
        wakeAll()
        if (recordings.size > 0) return
        for (const entry of running) drop(entry)
        onIdle()
      },
      [Symbol.asyncIterator]: () => each(({ record }) => record),
      [Symbol.dispose]() {
        recording.close()
      },
    }
    recordings.set(recording, contentBytes)
    return recording
  }

  return {
    begin,
    end,
    open,
    close() {
      for (const recording of recordings.keys()) recording.close()
    },
  }
}
