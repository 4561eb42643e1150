import { realpathSync, type BigIntStats } from 'node:fs'
import { basename, sep } from 'node:path'
import { isDenied } from './denied.ts'
import { lookQuietly } from './look.ts'

/** What decides which files belong to a site. */
export interface BoundaryOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  readonly followSymlinks: boolean
  readonly dotfiles: boolean
  /** Absolute paths of files that are never served. */
  readonly secretFiles: readonly string[]
}

/** Decides, by real name and identity, whether a file or folder may be served. */
export interface Boundary {
  /**
   * @param real Real path: no symbolic link left in it.
   * @param stat Of that file or folder.
   */
  admits(real: string, stat: BigIntStats): boolean
  /** The secret files as they are now, to be compared by identity: a hard link is another name of one. */
  secrets(): readonly BigIntStats[]
}

/**
 * Makes the boundary of a site. It judges the final file and never the text of the URL: a link, a
 * short name or another spelling cannot lead around a rule.
 */
export function createBoundary(options: BoundaryOptions): Boundary {
  const { root, followSymlinks, dotfiles, secretFiles } = options

  function secrets(): BigIntStats[] {
    return secretFiles.map(lookQuietly).filter((stat) => stat !== undefined)
  }

  return {
    secrets,
    admits(real, stat) {
      // Resolved anew: the root itself may be a link that is moved to the next release.
      const below = namesBelow(realpathSync.native(root), real)
      if (below === undefined && !followSymlinks) return false
      // Outside the root only the name itself is ours to judge: `~/.cache/x/app.js` is a fair target.
      if (isDenied(below ?? [basename(real)], dotfiles)) return false
      return !secrets().some((secret) => isSameFile(secret, stat))
    },
  }
}

/** Whether two stats are of one and the same file. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

/** The names that lead from a folder down to a path, or undefined: `/srv/site-old` does not lie in `/srv/site`. */
export function namesBelow(folder: string, path: string, separator: string = sep): string[] | undefined {
  if (path === folder) return []
  const start = folder.endsWith(separator) ? folder : folder + separator
  return path.startsWith(start) ? path.slice(start.length).split(separator) : undefined
}
