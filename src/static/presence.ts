import type { Exchange } from '../http/message/exchange.ts'
import type { Boundary } from './access/access-policy.ts'
import type { Files } from './files/file-replies.ts'
import { look } from './stat-within.ts'
import type { Place } from './url-path.ts'

/** Options of {@link createPresence}. */
export interface PresenceOptions {
  readonly boundary: Boundary
  readonly files: Files
  readonly cleanUrls: boolean
  readonly listing: boolean
}

/**
 * Whether a GET of a place would be answered with something of the folder: a file, a page, a listing, or a redirect to
 * one. Reads no content.
 */
export function createPresence(options: PresenceOptions): (place: Place, x: Exchange) => boolean {
  const { boundary, files, cleanUrls, listing } = options

  function isThere(path: string, kind: 'isFile' | 'isDirectory', x: Exchange): boolean {
    const stat = look(path, boundary)
    return stat?.[kind]() === true && files.has(path, stat, x)
  }

  return (place, x) => {
    const { file, page, index, slash } = place
    if (!place.inside || file === undefined) return false
    if (place.bare || (!slash && isThere(file, 'isFile', x))) return true
    if (cleanUrls && page !== undefined && isThere(page, 'isFile', x)) return true
    return isThere(listing ? file : index, listing ? 'isDirectory' : 'isFile', x)
  }
}
