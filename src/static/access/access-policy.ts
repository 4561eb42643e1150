import type { BigIntStats } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type { DenyList, FoundFile } from './deny-list.ts'
import { realPathOnDisk } from '../../core/util/disk-name.ts'
import { tryStat } from '../stat.ts'
import { readFirstBytes } from '../files/first-bytes.ts'
import type { Exchange } from '../../http/message/exchange.ts'

/** What decides which files belong to a site. */
export interface AccessPolicyOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  readonly followSymlinks: boolean
  readonly denied: DenyList
  /** Absolute paths of files that are never served. */
  readonly secretFiles: readonly string[]
}

/** Decides, by real name and identity, whether a file or folder may be served. */
export interface AccessPolicy {
  /**
   * @param real Real path: no symbolic link left in it.
   * @param stat Of that file or folder.
   * @param path Path by which it was found: a link is judged by its own name too.
   * @param fd Descriptor that is open on the file. Without it one is opened where the content has to decide.
   */
  admits(real: string, stat: BigIntStats, path?: string, fd?: number): boolean
  /** The judgement of {@link admits} about the entries of one folder that are no links. */
  admitsIn(realFolder: string): (name: string, stat: BigIntStats) => boolean
  /** Why a file or folder that was found is not served, for the log; undefined where the boundary admits it. */
  denialOf(path: string, stat: BigIntStats): string | undefined
}

/**
 * Makes the boundary of a site. It judges the final file and never the text of the URL: a link, a
 * short name or another spelling cannot lead around a rule.
 */
export function createAccessPolicy(options: AccessPolicyOptions): AccessPolicy {
  const { root, followSymlinks, denied, secretFiles } = options

  /** The secret files as they are now, to be compared by identity: a hard link is another name of one. */
  function secrets(): BigIntStats[] {
    return secretFiles.map(tryStat).filter((stat) => stat !== undefined)
  }

  function judge(real: string, stat: BigIntStats, path: string, fd?: number): string | undefined {
    // Resolved again: the root itself may be a link that is moved to the next release.
    const below = namesBelow(realPathOnDisk(root), real)
    if (below === undefined && !followSymlinks) return 'link leads outside (--follow-symlinks)'
    const found = foundOf(real, stat, fd)
    const asked = namesBelow(root, path)
    const denial = asked === undefined ? undefined : denied.denialOf(asked, found)
    if (denial !== undefined) return denial
    // Outside the root only the name itself is ours to judge: `~/.cache/x/app.js` is a fair target.
    const target = path === real && asked !== undefined ? undefined : denied.denialOf(below ?? [basename(real)], found)
    if (target !== undefined) return `leads to: ${target}`
    return isSecret(stat, secrets()) ? 'settings of serve8008, never served' : undefined
  }

  return {
    admits: (real, stat, path = real, fd) => judge(real, stat, path, fd) === undefined,
    admitsIn(realFolder) {
      const below = namesBelow(realPathOnDisk(root), realFolder)
      const known = secrets()
      return (name, stat) => {
        const found = foundOf(join(realFolder, name), stat)
        return denied.denialOf([...(below ?? []), name], found) === undefined && !isSecret(stat, known)
      }
    },
    denialOf(path, stat) {
      try {
        return judge(realPathOnDisk(path), stat, path)
      } catch {
        return undefined
      }
    },
  }
}

function foundOf(real: string, stat: BigIntStats, fd?: number): FoundFile {
  return {
    isFolder: stat.isDirectory(),
    size: Number(stat.size),
    head: () => (stat.isFile() ? readFirstBytes(fd ?? real) : undefined),
  }
}

function isSecret(stat: BigIntStats, secrets: readonly BigIntStats[]): boolean {
  return secrets.some((secret) => isSameFile(secret, stat))
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

/**
 * The path of a file or folder with every symbolic link resolved, or undefined when it lies outside
 * the boundary, is gone, or is no longer the one that was looked at.
 */
export function realPath(path: string, stat: BigIntStats, access: AccessPolicy): string | undefined {
  try {
    const real = realPathOnDisk(path)
    const named = tryStat(real)
    return named !== undefined && isSameFile(named, stat) && access.admits(real, stat, path) ? real : undefined
  } catch {
    return undefined
  }
}

/** Leaves in the log, and only there, why something that is on the disk is answered like a missing file. */
export function noteDenial(access: AccessPolicy, path: string, stat: BigIntStats, { notes }: Exchange): undefined {
  const why = access.denialOf(path, stat)
  if (why !== undefined) notes.remark ??= why
}
