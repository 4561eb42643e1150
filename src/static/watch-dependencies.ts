import { join, sep } from 'node:path'
import { tryStat } from './stat.ts'
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

/** On what the answer to a path depends. */
export interface WatchDependencies {
  /** Absolute paths, in the order in which they are looked for. */
  readonly files: readonly string[]
  /** Whether nothing of the path's own is there, so that a page stands in for it. */
  readonly isMissing: boolean
}

/** Nothing in the folder has a say. */
export const noDependencies: WatchDependencies = { files: [], isMissing: false }

/**
 * Tells on which files the answer to a path depends: the ones that the resolver looks for, in its order, up to
 * the first that is there; where none is, also the pages that stand in for what is missing. A folder with a separator
 * at its end stands for its entries, which a listing shows.
 */
export function createWatchDependencies({
  root,
  cleanUrls,
  listing,
  single,
}: WatchDependenciesOptions): (urlPath: UrlPath) => WatchDependencies {
  const standIns = [...(single === undefined ? [] : [join(root, single)]), join(root, '404.html')]

  return (urlPath) => {
    if (!urlPath.inside) return noDependencies
    const { file } = urlPath
    if (file === undefined) return { files: standIns, isMissing: true }
    const page = cleanUrls && urlPath.page !== undefined ? [urlPath.page] : []
    const wanted = urlPath.slash || urlPath.bare ? [urlPath.index, ...page] : [file, ...page, urlPath.index]
    const found = wanted.findIndex(isFile)
    if (found !== -1) return { files: wanted.slice(0, found + 1), isMissing: false }
    const entries = listing && urlPath.slash ? [file.endsWith(sep) ? file : file + sep] : []
    const files = [...wanted, ...(urlPath.slash ? [file] : []), ...entries, ...standIns]
    return { files, isMissing: true }
  }
}

function isFile(path: string): boolean {
  return tryStat(path)?.isFile() === true
}
