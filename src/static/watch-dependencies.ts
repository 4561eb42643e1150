import { join, sep } from 'node:path'
import { lookQuietly } from './stat.ts'
import type { Place } from './url-path.ts'

/** Options of {@link createSources}. */
export interface SourcesOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  readonly cleanUrls: boolean
  readonly listing: boolean
  /** Page of a single-page app, relative to the root, or undefined. */
  readonly single: string | undefined
}

/** On what the answer to a path depends. */
export interface Sources {
  /** Absolute paths, in the order in which they are looked for. */
  readonly files: readonly string[]
  /** Whether nothing of the path's own is there, so that a page stands in for it. */
  readonly isMissing: boolean
}

/** Nothing in the folder has a say. */
export const noSources: Sources = { files: [], isMissing: false }

/**
 * Tells on which files the answer to a path depends: the ones that the resolver looks for, in its order, up to
 * the first that is there; where none is, also the pages that stand in for what is missing. A folder with a separator
 * at its end stands for its entries, which a listing shows.
 */
export function createSources({ root, cleanUrls, listing, single }: SourcesOptions): (place: Place) => Sources {
  const standIns = [...(single === undefined ? [] : [join(root, single)]), join(root, '404.html')]

  return (place) => {
    if (!place.inside) return noSources
    const { file } = place
    if (file === undefined) return { files: standIns, isMissing: true }
    const page = cleanUrls && place.page !== undefined ? [place.page] : []
    const wanted = place.slash || place.bare ? [place.index, ...page] : [file, ...page, place.index]
    const found = wanted.findIndex(isFile)
    if (found !== -1) return { files: wanted.slice(0, found + 1), isMissing: false }
    const entries = listing && place.slash ? [file.endsWith(sep) ? file : file + sep] : []
    const files = [...wanted, ...(place.slash ? [file] : []), ...entries, ...standIns]
    return { files, isMissing: true }
  }
}

function isFile(path: string): boolean {
  return lookQuietly(path)?.isFile() === true
}
