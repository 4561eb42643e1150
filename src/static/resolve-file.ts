import type { BigIntStats } from 'node:fs'
import type { Exchange } from '../http/message/exchange.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { notFound } from './fallback.ts'
import type { FileReplies } from './files/file-replies.ts'
import type { BatchLook } from './stat.ts'
import type { UrlPath } from './url-path.ts'
import { encodeSegment } from '../core/util/escape.ts'

/** Options of {@link createResolver}. */
export interface ResolverOptions {
  /** The state of a file or folder. */
  readonly look: BatchLook<BigIntStats | undefined>
  readonly files: FileReplies
  readonly cleanUrls: boolean
  readonly trailingSlash: 'auto' | 'always' | 'never'
  readonly listing: boolean
  /** Answers with the listing of a folder; undefined if it is not served. */
  readonly list: (urlPath: UrlPath, x: Exchange) => Promise<Reply | undefined>
  /** Answers for a missing file; may throw. */
  readonly fallback: (urlPath: UrlPath, x: Exchange) => Reply | Promise<Reply>
}

/**
 * Decides which file answers a path.
 *
 *     /about    the file, then about.html, then the folder (by a redirect to /about/)
 *     /about/   about/index.html, then the folder's listing, then about.html where there is no folder
 *
 * With `trailingSlash: 'always'` pages are at `/about/`, with `'never'` at `/about`, and the other form redirects.
 * Files with another extension, and listings, have one form only.
 */
export function createResolver(options: ResolverOptions): (urlPath: UrlPath, x: Exchange) => Reply | Promise<Reply> {
  const { look, files, cleanUrls, trailingSlash, listing, list, fallback } = options

  function plain(urlPath: UrlPath, file: string, x: Exchange): Reply | undefined {
    const stat = look(file, x)
    if (stat?.isFile() === true) return files.send(file, stat, x)
    const page = cleanPage(urlPath, trailingSlash === 'always', x)
    if (page === undefined && stat?.isDirectory() === false) x.notes.remark ??= 'not a regular file'
    if (page !== undefined || stat?.isDirectory() !== true || !files.has(file, stat, x)) return page
    const index = trailingSlash === 'never' ? look(urlPath.index, x) : undefined
    return index?.isFile() === true
      ? files.send(urlPath.index, index, x)
      : redirectTo(urlPath.segments, true, x.target.query)
  }

  function slashed(urlPath: UrlPath, file: string, x: Exchange): Reply | Promise<Reply> | undefined {
    const index = look(urlPath.index, x)
    if (index?.isFile() === true) {
      // The root has no form without a slash.
      if (trailingSlash !== 'never' || urlPath.names.length === 0) return files.send(urlPath.index, index, x)
      return files.has(urlPath.index, index, x) ? redirectTo(urlPath.segments, false, x.target.query) : undefined
    }
    const stat = look(file, x)
    if (stat === undefined) return cleanPage(urlPath, trailingSlash === 'never', x)
    // `/style.css/` does not exist, since a file has no entries.
    if (!listing || !stat.isDirectory()) return undefined
    return list(urlPath, x).then((reply) => reply ?? fallback(urlPath, x))
  }

  /** `about.html` for `/about` and `/about/`, or a redirect to the other form. */
  function cleanPage(urlPath: UrlPath, redirects: boolean, x: Exchange): Reply | undefined {
    if (!cleanUrls || urlPath.page === undefined) return undefined
    const stat = look(urlPath.page, x)
    if (stat?.isFile() !== true) return undefined
    if (!redirects) return files.send(urlPath.page, stat, x)
    return files.has(urlPath.page, stat, x)
      ? redirectTo(urlPath.segments, !urlPath.hasFinalSlash, x.target.query)
      : undefined
  }

  return (urlPath, x) => {
    const { file } = urlPath
    if (!urlPath.isInside) throw notFound()
    if (file === undefined) {
      if (urlPath.denial !== undefined) x.notes.remark = urlPath.denial
      return fallback(urlPath, x)
    }
    if (urlPath.isBarePrefix) return redirectTo(urlPath.segments, true, x.target.query)
    return (urlPath.hasFinalSlash ? slashed(urlPath, file, x) : plain(urlPath, file, x)) ?? fallback(urlPath, x)
  }
}

/**
 * Redirects to the form of a path with or without its final slash.
 *
 * The status is 307: browsers cache a 301 or 308 permanently, and the next project on the same port would get the
 * redirect too. The location is built from the decoded segments, none of which is empty or has a separator, so it
 * starts with one slash and stays on this origin.
 *
 * @param query With its question mark, or empty. It is kept.
 */
export function redirectTo(segments: readonly string[], withSlash: boolean, query: string): Reply {
  const path = segments.map((segment) => `/${encodeSegment(segment)}`).join('')
  // Characters that RFC 3986 forbids in a query (CR, LF, non-ASCII) must not enter a header field.
  const safe = query.replace(/[^\x21-\x7e]+/g, (stray) => encodeURIComponent(Buffer.from(stray).toString()))
  return emptyReply(307, ['Location', `${path}${withSlash || path === '' ? '/' : ''}${safe}`])
}
