import type { BigIntStats } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type { DenyList, FoundFile } from './apply-deny-list.ts'
import { realPathOnDisk, realPathOrSame, tryStat } from '../../core/util/disk-name.ts'
import { readFirstBytes } from '../files/first-bytes.ts'
import type { Exchange } from '../../http/message/exchange.ts'

/** Options of {@link createAccessPolicy}. */
export interface AccessPolicyOptions {
  /** Absolute path of the served folder. */
  readonly root: string
  readonly followSymlinks: boolean
  readonly denied: DenyList
  /** Absolute paths of files that are never served. */
  readonly secretFiles: readonly string[]
  /** Absolute paths of folders that another route serves to fewer clients, as they are now. Default none. */
  readonly closedFolders?: () => readonly string[]
}

/** Decides, by real name and identity, whether a file or folder may be served. */
export interface AccessPolicy {
  /**
   * @param real Real path, without symbolic links.
   * @param stat State of that file or folder.
   * @param path Path by which it was found: the name of a link counts too.
   * @param fd Descriptor of the file. Without it the file is opened if its content decides.
   */
  admits(real: string, stat: BigIntStats, path?: string, fd?: number): boolean
  /** Like {@link admits}, for entries of one folder that are no links. */
  admitsIn(realFolder: string): (name: string, stat: BigIntStats) => boolean
  /** Why a file or folder that exists is not served, for the log; undefined if it is admitted. */
  denialOf(path: string, stat: BigIntStats): string | undefined
}

/**
 * Makes the access policy of a site. It judges the file that was found and not the text of the URL, so no link, short
 * name or other spelling bypasses a rule.
 */
export function createAccessPolicy(options: AccessPolicyOptions): AccessPolicy {
  const { root, followSymlinks, denied, secretFiles, closedFolders = () => [] } = options

  /** The secret files as they are now. They are compared by identity, since a hard link has another name. */
  function secrets(): BigIntStats[] {
    return secretFiles.map(tryStat).filter((stat) => stat !== undefined)
  }

  /**
   * Whether a file or folder lies in a closed folder within the served one. The URL of the closed one is compared with
   * case, but a disk may ignore case, and a link may lead there.
   */
  function isClosed(real: string): boolean {
    return closedFolders().some((folder) => {
      const closed = realPathOrSame(folder)
      return (namesBelow(realPathOrSame(root), closed)?.length ?? 0) > 0 && namesBelow(closed, real) !== undefined
    })
  }

  function judge(real: string, stat: BigIntStats, path: string, fd?: number): string | undefined {
    // Resolved each time: the root may be a link that a deployment changes.
    const below = namesBelow(realPathOnDisk(root), real)
    if (below === undefined && !followSymlinks) return 'link to a file outside (--follow-symlinks)'
    const found = foundOf(real, stat, fd)
    const asked = namesBelow(root, path)
    const denial = asked === undefined ? undefined : denied.denialOf(asked, found)
    if (denial !== undefined) return denial
    // Outside the root only the last name counts: `~/.cache/x/app.js` is a valid target.
    const target = path === real && asked !== undefined ? undefined : denied.denialOf(below ?? [basename(real)], found)
    if (target !== undefined) return `link to: ${target}`
    if (isClosed(real)) return 'folder of a route that is for fewer clients'
    return isSecret(stat, secrets()) ? 'settings of serve8008, never served' : undefined
  }

  return {
    admits: (real, stat, path = real, fd) => judge(real, stat, path, fd) === undefined,
    admitsIn(realFolder) {
      const below = namesBelow(realPathOnDisk(root), realFolder)
      const known = secrets()
      return (name, stat) => {
        const found = foundOf(join(realFolder, name), stat)
        const isOpen = denied.denialOf([...(below ?? []), name], found) === undefined && !isSecret(stat, known)
        return isOpen && !isClosed(join(realFolder, name))
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

/** Whether two stats are of the same file. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

/** The names from a folder down to a path; undefined if it is not below: `/srv/site-old` is not in `/srv/site`. */
export function namesBelow(folder: string, path: string, separator: string = sep): string[] | undefined {
  if (path === folder) return []
  const start = folder.endsWith(separator) ? folder : folder + separator
  return path.startsWith(start) ? path.slice(start.length).split(separator) : undefined
}

/**
 * The path of a file or folder with every symbolic link resolved; undefined if the policy does not admit it, or if it
 * is gone or replaced since the stat.
 */
export function realPathWithin(path: string, stat: BigIntStats, access: AccessPolicy): string | undefined {
  try {
    const real = realPathOnDisk(path)
    const named = tryStat(real)
    return named !== undefined && isSameFile(named, stat) && access.admits(real, stat, path) ? real : undefined
  } catch {
    return undefined
  }
}

/** Notes for the log why a file that exists is answered like a missing one. The client does not learn it. */
export function noteDenial(access: AccessPolicy, path: string, stat: BigIntStats, { notes }: Exchange): undefined {
  const why = access.denialOf(path, stat)
  if (why !== undefined) notes.remark ??= why
}
