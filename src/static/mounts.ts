import { join } from 'node:path'
import type { ListingEntry } from '../pages/listing-page.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { normalizePath } from '../http/message/request-target.ts'
import { foundFolder, type DenyList } from './access/apply-deny-list.ts'
import { tryStat } from '../core/util/disk-name.ts'
import { prefixSegments } from './url-path.ts'

/** A served folder and its URL path. */
export interface ServedFolder {
  /** Path prefix with a slash at both ends, as in a URL. */
  readonly prefix: string
  /** Absolute path of the folder. */
  readonly folder: string
}

/** Every folder that a site serves. */
export interface ServedFolders {
  readonly all: readonly ServedFolder[]
  /** Whether more than the path decides which one answers. */
  readonly hasConditions: boolean
  /** The one that answers a path, for a client that sends what the exchange has. */
  find(x: Exchange, path: string): ServedFolder | undefined
}

/**
 * The folders to which the listing at the path of an exchange may link: those at it, above it and directly below it that the
 * same client would reach.
 */
export function foldersNear({ all, hasConditions, find }: ServedFolders, x: Exchange): ServedFolder[] {
  const path = normalizePath(x.target.path)
  return all.filter((each) => {
    const prefix = normalizePath(each.prefix)
    const isBelow = prefix.startsWith(path) && !prefix.slice(path.length, -1).includes('/')
    return (isBelow || path.startsWith(prefix)) && (!hasConditions || find(x, each.prefix) === each)
  })
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
  const folders = served.map(({ prefix, folder }) => ({ segments: prefixSegments(prefix), folder }))
  const isServed = (names: readonly string[]): boolean => denied.denialOf(names, foundFolder) === undefined

  return {
    below(segments) {
      return folders.flatMap(({ segments: own, folder }) => {
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
      const [owner] = folders
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
