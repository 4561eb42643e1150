import type { Exchange } from '../http/message/exchange.ts'
import type { AccessPolicy } from './access/access-policy.ts'
import type { FileReplies } from './files/file-replies.ts'
import { statWithin } from './stat.ts'
import type { UrlPath } from './url-path.ts'

/** Options of {@link createPresence}. */
export interface PresenceOptions {
  readonly access: AccessPolicy
  readonly files: FileReplies
  readonly cleanUrls: boolean
  readonly listing: boolean
}

/**
 * Whether a GET of a path would be answered from the folder: with a file, a page, a listing, or a redirect to one of
 * these. Reads no content.
 */
export function createPresence(options: PresenceOptions): (urlPath: UrlPath, x: Exchange) => boolean {
  const { access, files, cleanUrls, listing } = options

  function isThere(path: string, kind: 'isFile' | 'isDirectory', x: Exchange): boolean {
    const stat = statWithin(path, access)
    return stat?.[kind]() === true && files.has(path, stat, x)
  }

  return (urlPath, x) => {
    const { file, page, index, hasFinalSlash } = urlPath
    if (!urlPath.isInside || file === undefined) return false
    if (urlPath.isBarePrefix || (!hasFinalSlash && isThere(file, 'isFile', x))) return true
    if (cleanUrls && page !== undefined && isThere(page, 'isFile', x)) return true
    return isThere(listing ? file : index, listing ? 'isDirectory' : 'isFile', x)
  }
}
