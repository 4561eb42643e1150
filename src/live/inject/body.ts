import { readSync } from 'node:fs'
import { discard, pumpBody, pumpFile } from '../../http/body/reply-body.ts'
import type { FileSlice } from '../../http/body/file.ts'
import type { Body, Sink, Source } from '../../http/message/reply.ts'
import { pushDecoded, type BodyCoding } from './decoded-body.ts'
import { scannedBytes, type ScriptPlacer, type Placement } from './script-placement.ts'

/** Content from memory with the tag put in; undefined when it is to be left as it is. */
export function injectedContent(content: Uint8Array, { offset, tag }: Placement): Buffer | undefined {
  if (offset === undefined) return undefined
  return Buffer.concat([content.subarray(0, offset), tag, content.subarray(offset)])
}

/** Looks at the beginning of content from memory. */
export function placeInContent(content: Uint8Array, place: ScriptPlacer): Placement {
  return content.length > scannedBytes ? place(content.subarray(0, scannedBytes), 'limit') : place(content, 'document')
}

/** The beginning of a file; undefined when it cannot be read, which whoever sends the file will tell. */
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

/** A file with the tag put in: its beginning is at hand, the rest is read as it is taken. */
export function injectedFile(file: FileSlice, head: Buffer): Source {
  return {
    // `head` holds the tag already.
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
 * A body that gets the tag on its way. What comes before the place is held back, at most 64 KiB of it; after that
 * nothing is delayed.
 *
 * @param coded Coding that the body is in; it comes out without.
 * @param onPlaced Called with the decision once it is made.
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
      // A copy: the chunk's memory belongs to its writer again after this.
      held = Buffer.concat([held, chunk])
      const placement =
        held.length >= scannedBytes ? place(held.subarray(0, scannedBytes), 'limit') : place(held, undefined)
      return placement === 'more' ? undefined : release(placement)
    },
    end: () => (held === undefined ? undefined : release(place(held, 'document'))),
  }
}
