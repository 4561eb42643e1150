import { readSync } from 'node:fs'
import { discard, pumpBody, pumpFile } from '../../http/body/reply-body.ts'
import type { FileSlice } from '../../http/body/file.ts'
import type { Body, Sink, Source } from '../../http/message/reply.ts'
import { pushDecoded, type BodyCoding } from '../../http/body/decoded-body.ts'
import { scannedBytes, type ScriptPlacer, type Placement } from './script-placement.ts'

/** Content from memory with the tag inserted; undefined when it stays unchanged. */
export function injectedContent(content: Uint8Array, { offset, tag }: Placement): Buffer | undefined {
  if (offset === undefined) return undefined
  return Buffer.concat([content.subarray(0, offset), tag, content.subarray(offset)])
}

/** Finds the place for the tag in content from memory. */
export function placeInContent(content: Uint8Array, place: ScriptPlacer): Placement {
  return content.length > scannedBytes ? place(content.subarray(0, scannedBytes), 'limit') : place(content, 'document')
}

/** The first bytes of a file; undefined when they cannot be read. Sending the file then reports the error. */
export function readFileStart(file: FileSlice): Buffer | undefined {
  const head = Buffer.allocUnsafe(Math.min(scannedBytes, file.length))
  let filled = 0
  try {
    const { fd, start } = file
    while (filled < head.length) {
      const count = readSync(fd, head, filled, head.length - filled, start + filled)
      if (count === 0) return undefined
      filled += count
    }
  } catch {
    return undefined
  }
  return head
}

/** A file with the tag inserted: `head` is in memory, the rest is read while it is sent. */
export function injectedFile(file: FileSlice, head: Buffer): Source {
  return {
    // `head` includes the tag.
    length: file.length - Math.min(scannedBytes, file.length) + head.length,
    async pull(sink, signal) {
      const known = Math.min(scannedBytes, file.length)
      try {
        await sink.write(head)
        await pumpFile(file, known, file.length - known, sink, signal)
      } finally {
        file.dispose()
      }
    },
    cancel: () => file.dispose(),
  }
}

/**
 * Inserts the tag into a body while it is sent. At most 64 KiB are held back until the place is found.
 *
 * @param coded Coding of the body, which is removed.
 * @param onPlaced Called with the decision.
 */
export function injectedStream(
  body: Exclude<Body, null>,
  coded: BodyCoding | undefined,
  place: ScriptPlacer,
  onPlaced: (placement: Placement) => void,
): Source {
  return {
    async pull(sink, signal) {
      const inserting = createInsertingSink(sink, place, onPlaced)
      if (coded === undefined) await pumpBody(body, inserting, signal)
      else await pushDecoded(body, coded, inserting, signal)
      await inserting.end()
    },
    cancel: () => discard(body),
  }
}

function createInsertingSink(
  sink: Sink,
  place: ScriptPlacer,
  onPlaced: (placement: Placement) => void,
): Sink & { end(): Promise<void> | void } {
  let held: Buffer | undefined = Buffer.alloc(0)

  function release(placement: Placement): Promise<void> | void {
    const content = held as Buffer
    held = undefined
    onPlaced(placement)
    const whole = injectedContent(content, placement) ?? content
    return whole.length === 0 ? undefined : sink.write(whole)
  }

  return {
    write(chunk) {
      if (held === undefined) return sink.write(chunk)
      // A copy, because the writer may reuse the memory of the chunk after this call.
      held = Buffer.concat([held, chunk])
      const placement =
        held.length >= scannedBytes ? place(held.subarray(0, scannedBytes), 'limit') : place(held, undefined)
      return placement === 'more' ? undefined : release(placement)
    },
    end: () => (held === undefined ? undefined : release(place(held, 'document'))),
  }
}
