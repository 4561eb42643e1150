import type { BigIntStats } from 'node:fs'
import type { Exchange } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import type { Boundary } from './boundary.ts'
import { createFileCache } from './file-cache.ts'
import { noteRefusal } from './note-refusal.ts'
import { realPath } from './real-path.ts'
import { chooseSidecar } from './sidecar.ts'

/** The files of a site as replies. */
export interface Files {
  /** The representation of a regular file for this request, or undefined when it may not be served. */
  send(path: string, stat: BigIntStats, x: Exchange): Reply | undefined
  /** Whether a file or folder would be served: for redirects, which must not betray what is hidden. */
  has(path: string, stat: BigIntStats, x: Exchange): boolean
  clear(): void
}

/** Options of {@link createFiles}. */
export interface FilesOptions {
  readonly boundary: Boundary
  readonly cacheControl: string
  readonly cacheBytes: number
  readonly sidecars: boolean
}

/** Makes the files of a site. */
export function createFiles({ boundary, cacheControl, cacheBytes, sidecars }: FilesOptions): Files {
  const cache = createFileCache({ boundary, cacheControl, cacheBytes })
  return {
    send(path, stat, x) {
      const entry = cache.fetch(path, stat, path, undefined)
      if (entry === undefined) return noteRefusal(boundary, path, stat, x)
      if (!sidecars) return entry.reply
      return chooseSidecar(cache, path, entry, x)
    },
    has(path, stat, x) {
      if (realPath(path, stat, boundary) !== undefined) return true
      noteRefusal(boundary, path, stat, x)
      return false
    },
    clear: () => cache.clear(),
  }
}
