import { lstatSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { linkOnDisk, realPathOnDisk, toDisk } from '../../core/util/disk-name.ts'
import type { WatchedFolder } from './folder.ts'

/** The real path of a file, if it or a folder above it is a symbolic link; else undefined. */
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

/** The target of a link to a missing file, which may appear there. */
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
