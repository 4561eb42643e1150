import { join, sep } from 'node:path'
import { tryStat } from '../core/util/disk-name.ts'
import type { UrlPath } from './url-path.ts'

/** Options of {@link createWatchDependencies}. */
export interface WatchDependenciesOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  readonly cleanUrls: boolean
  readonly listing: boolean
  /** Page of a single-page app, relative to the root, or undefined. */
  readonly single: string | undefined
}

/** The files on which the answer to a path depends. */
export interface WatchDependencies {
  /** Absolute paths, in the order of the resolver. */
  readonly files: readonly string[]
  /** Whether the path has no file, and the page of the app or `404.html` is the answer. */
  readonly isMissing: boolean
}

/** For a path that no file decides. */
export const noDependencies: WatchDependencies = { files: [], isMissing: false }

/**
 * Makes the function that finds the files on which the answer to a path depends: those that the resolver tries, up to
 * the first that exists. If none exists, the pages for missing files count too. A folder with a final separator means
 * its entries, which a listing shows.
 */
export function createWatchDependencies({
  root,
  cleanUrls,
  listing,
  single,
}: WatchDependenciesOptions): (urlPath: UrlPath) => WatchDependencies {
  const standIns = [...(single === undefined ? [] : [join(root, single)]), join(root, '404.html')]

  return (urlPath) => {
    if (!urlPath.isInside) return noDependencies
    const { file } = urlPath
    if (file === undefined) return { files: standIns, isMissing: true }
    const page = cleanUrls && urlPath.page !== undefined ? [urlPath.page] : []
    const wanted =
      urlPath.hasFinalSlash || urlPath.isBarePrefix ? [urlPath.index, ...page] : [file, ...page, urlPath.index]
    const found = wanted.findIndex(isFile)
    if (found !== -1) return { files: wanted.slice(0, found + 1), isMissing: false }
    const entries = listing && urlPath.hasFinalSlash ? [file.endsWith(sep) ? file : file + sep] : []
    const files = [...wanted, ...(urlPath.hasFinalSlash ? [file] : []), ...entries, ...standIns]
    return { files, isMissing: true }
  }
}

function isFile(path: string): boolean {
  return tryStat(path)?.isFile() === true
}
