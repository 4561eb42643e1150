import { closeSync, constants, openSync, readSync } from 'node:fs'
import { toDisk } from '../../core/util/disk-name.ts'
import { firstBytes } from './first-bytes.ts'

// A pipe that takes the file's place must not block us.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** The first bytes of a file, by its descriptor or its path; undefined where they cannot be read. */
export function readFirstBytes(file: number | string): Uint8Array | undefined {
  if (typeof file === 'number') return readStart(file)
  try {
    const fd = openSync(toDisk(file), flags)
    try {
      return readStart(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

function readStart(fd: number): Uint8Array | undefined {
  const head = Buffer.alloc(firstBytes)
  try {
    return head.subarray(0, readSync(fd, head, 0, head.length, 0))
  } catch {
    return undefined
  }
}
