import type { BigIntStats } from 'node:fs'

/** What changes when a file is edited, replaced, or its link is pointed elsewhere, as a text. */
export function stateText({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

/**
 * Whether two stats show the same file unchanged. Content cannot change without a new ctime, except within one tick of
 * the file system's clock.
 */
export function isSameState(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.dev === b.dev
}

/** Milliseconds after the last change from which on the state identifies the content. */
const restMs = 2000

/**
 * Whether the state of a file identifies its content.
 *
 * File systems take times from a coarse clock: a timer tick on Linux, up to 2 s on FAT. A second edit within the tick
 * may leave size and times unchanged, so a file that was read just after a change may have changed again. If the file
 * is read 2 s after its last change, every later edit changes the state. A state with a time in the future (the clock
 * was set back, the disk is of another computer) does not settle.
 *
 * @param readAt Milliseconds since 1970, before the file was read.
 */
export function isSettled({ mtimeNs, ctimeNs }: BigIntStats, readAt: number): boolean {
  const changedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
  return BigInt(readAt - restMs) * 1_000_000n >= changedNs
}
