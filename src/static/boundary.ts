import { realpathSync, type BigIntStats } from 'node:fs'
import { basename, sep } from 'node:path'
import { denialOf } from './denied.ts'
import { lookQuietly } from './exact-stat.ts'

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
  /** Why a file or folder that was found is not served, for the log; undefined where the boundary admits it. */
  refusalOf(path: string, stat: BigIntStats): string | undefined
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

  function judge(real: string, stat: BigIntStats): string | undefined {
    // Resolved anew: the root itself may be a link that is moved to the next release.
    const below = namesBelow(realpathSync.native(root), real)
    if (below === undefined && !followSymlinks) return 'link leads outside (--follow-symlinks)'
    // Outside the root only the name itself is ours to judge: `~/.cache/x/app.js` is a fair target.
    const denial = denialOf(below ?? [basename(real)], dotfiles)
    if (denial !== undefined) return `leads to: ${denial}`
    return secrets().some((secret) => isSameFile(secret, stat)) ? 'settings of serve8008, never served' : undefined
  }

  return {
    secrets,
    admits: (real, stat) => judge(real, stat) === undefined,
    refusalOf(path, stat) {
      try {
        return judge(realpathSync.native(path), stat)
      } catch {
        return undefined
      }
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
