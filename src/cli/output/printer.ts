import type { Output } from '../process-io.ts'

/** Bytes of log lines that wait for a reader that is slower than we are. What comes on top is dropped and counted. */
export const mostQueuedBytes = 1_048_576

/** Text on its way to a stream. */
export interface Printer {
  /** Writes the text, or drops it while too much waits already. */
  print(text: string): void
  /** Resolves once everything has been written or has failed; after `patienceMs` in any case. */
  written(patienceMs?: number): Promise<void>
  /** Lines that were lost since the last call. */
  takeLost(): number
  /** What the system said when text could not be written, such as ENOSPC. */
  readonly failure: NodeJS.ErrnoException | undefined
}

/** How a printer works. */
export interface PrinterOptions {
  /** Bytes that may wait. Default: no bound, for what is printed once and must be whole. */
  readonly mostBytes?: number
  /** Called for the first failed write, and again only after a write that succeeded. */
  readonly onFailure?: (error: NodeJS.ErrnoException) => void
  /** Text gets through again, after this many lines did not. */
  readonly onLost?: (lines: number, cause: NodeJS.ErrnoException | undefined) => void
}

/**
 * Prints to a stream within bounds. Node queues whatever a pipe does not take, so a stalled reader of the log would
 * cost all memory: here `mostBytes` may wait. Once text was dropped nothing is taken until half of that has left, so
 * that the gaps are few and each is reported once.
 */
export function createPrinter(output: Output, options: PrinterOptions = {}): Printer {
  const { mostBytes = Number.POSITIVE_INFINITY, onFailure, onLost } = options
  let queued = 0
  let lost = 0
  let isFull = false
  let failure: NodeJS.ErrnoException | undefined

  function settle(text: string, bytes: number, error: Error | null | undefined): void {
    queued -= bytes
    if (error !== undefined && error !== null) {
      lost += linesOf(text)
      const isFirst = failure === undefined
      failure ??= error
      if (isFirst && !isReaderGone(error, output)) onFailure?.(error)
    } else if (lost > 0 && text !== '' && queued <= mostBytes / 2) {
      const cause = failure
      const lines = takeLost()
      failure = undefined
      onLost?.(lines, cause)
    }
    if (queued <= mostBytes / 2) isFull = false
  }

  function takeLost(): number {
    const lines = lost
    lost = 0
    return lines
  }

  return {
    print(text) {
      if (text === '') return
      const bytes = Buffer.byteLength(text)
      // One text alone is as long as it is.
      isFull ||= queued > 0 && queued + bytes > mostBytes
      if (isFull) {
        lost += linesOf(text)
        return
      }
      queued += bytes
      output.write(text, (error) => settle(text, bytes, error))
    },
    written(patienceMs) {
      return new Promise((resolve) => {
        if (patienceMs !== undefined) setTimeout(resolve, patienceMs).unref()
        output.write('', () => resolve())
      })
    },
    takeLost,
    get failure() {
      return failure
    },
  }
}

/**
 * Whether the reader of the output has closed it: a pipe (EPIPE; EOF on Windows), a socket with unread text
 * (ECONNRESET), a terminal (EIO). Any other error, such as a full disk, may pass.
 */
export function isReaderGone({ code }: NodeJS.ErrnoException, { isTTY }: Output): boolean {
  return ['EPIPE', 'EOF', 'ECONNRESET'].includes(code ?? '') || (code === 'EIO' && isTTY === true)
}

function linesOf(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return Math.max(lines, 1)
}
