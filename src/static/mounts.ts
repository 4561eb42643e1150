import { join } from 'node:path'
import type { ListingEntry } from '../pages/listing-page.ts'
import { foundFolder, type DenyList } from './access/deny-list.ts'
import { tryStat } from '../core/util/disk-name.ts'

/** A served folder and its URL path. */
export interface ServedFolder {
  /** Decoded segments of its path. */
  readonly segments: readonly string[]
  /** Absolute path of the folder. */
  readonly folder: string
}

/** The relations of the served folders. */
export interface Mounts {
  /** Folders mounted directly below a path, as entries of its listing. */
  below(segments: readonly string[]): ListingEntry[]
  /** Whether the path above is a served folder. */
  hasAbove(segments: readonly string[]): boolean
}

/** Relates the served folders, since a listing links down to mounts and up from them. */
export function createMounts(served: readonly ServedFolder[], denied: DenyList): Mounts {
  const isServed = (names: readonly string[]): boolean => denied.denialOf(names, foundFolder) === undefined

  return {
    below(segments) {
      return served.flatMap(({ segments: own, folder }) => {
        const name = own[segments.length]
        if (name === undefined || own.length !== segments.length + 1 || !isBelow(segments, own)) return []
        const stat = isServed([name]) ? tryStat(folder) : undefined
        if (stat?.isDirectory() !== true) return []
        return [{ name, kind: 'folder', size: Number(stat.size), modified: Number(stat.mtimeNs / 1_000_000n) }]
      })
    },
    hasAbove(segments) {
      const above = segments.slice(0, -1)
      // The folder with the longest path answers, as for any request.
      const [owner] = served
        .filter(({ segments: own }) => segments.length > 0 && isBelow(own, above))
        .toSorted((a, b) => b.segments.length - a.segments.length)
      if (owner === undefined) return false
      const names = above.slice(owner.segments.length)
      return isServed(names) && tryStat(join(owner.folder, ...names))?.isDirectory() === true
    },
  }
}

function isBelow(prefix: readonly string[], segments: readonly string[]): boolean {
  return prefix.every((name, depth) => name === segments[depth])
}
