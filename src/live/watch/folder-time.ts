import { dirname } from 'node:path'
import { statOf } from './file-state.ts'

/** Milliseconds by which the time of a file or folder may lag behind the clock: that of a tick of most kernels. */
export const tickMs = 10

/**
 * When at the latest the nearest folder that is there on the way to a path last got another entry, in milliseconds since 1970: of a
 * file that is gone nothing else is left to tell when it went. Its ctime, since tools set the mtime of folders back.
 */
export function folderChangedAt(path: string): number {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = statOf(folder)
    if (stats?.isDirectory()) return Number(stats.ctimeNs) / 1e6 + tickMs
    if (dirname(folder) === folder) return 0
  }
}
