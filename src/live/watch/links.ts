import { lstatSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { linkOnDisk, realPathOnDisk, toDisk } from '../../core/util/disk-name.ts'
import type { WatchedFolder } from './folder.ts'

/** Where a file really is, when symbolic links on the way or in its place lead elsewhere; else undefined. */
export function linkedPath(file: string, folder: WatchedFolder): string | undefined {
  const isLink = isSymbolicLink(file)
  if (!isLink && !folder.isLinked) return undefined
  try {
    const real = realPathOnDisk(file)
    return real === file ? undefined : real
  } catch {
    return isLink ? target(file) : undefined
  }
}

/** Where a link leads to nothing, the place where that may appear. */
function target(link: string): string | undefined {
  try {
    return resolve(dirname(link), linkOnDisk(link))
  } catch {
    return undefined
  }
}

function isSymbolicLink(path: string): boolean {
  try {
    return lstatSync(toDisk(path), { throwIfNoEntry: false })?.isSymbolicLink() === true
  } catch {
    return false
  }
}
