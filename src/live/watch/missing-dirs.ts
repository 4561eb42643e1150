import { sep } from 'node:path'
import { statOf } from './file-state.ts'

/** Folders that may be missing on the way to a path. */
const missingFolders = 16

/**
 * Whether a path lies below so many folders that are not there that nobody is about to make it. Each folder on the way
 * is remembered, and an address has room for thousands: without a bound one request costs a megabyte.
 */
export function isTooFar(path: string): boolean {
  let end = path.length
  for (let count = 0; count <= missingFolders; count++) {
    end = path.lastIndexOf(sep, end - 1)
    if (end <= 0) return false
  }
  return statOf(path.slice(0, end))?.isDirectory() !== true
}
