import { statfsSync, watch, type FSWatcher } from 'node:fs'
import { dirname, sep } from 'node:path'
import { fromDisk, toDisk, tryStat } from '../../core/util/disk-name.ts'

/** File systems that other machines change without an event of this kernel, by the magic numbers of statfs(2). */
const silent: ReadonlyMap<number, string> = new Map([
  [0x01021997, '9p, a Windows folder in WSL'],
  [0x65735546, 'FUSE or virtiofs, a folder of another machine or of the host'],
  [0x6969, 'NFS, a folder of another machine'],
  [0xff534d42, 'SMB, a folder of another machine'],
  [0xfe534d42, 'SMB, a folder of another machine'],
  [0x517b, 'SMB, a folder of another machine'],
  [0x786f4256, 'vboxsf, a shared folder of VirtualBox'],
  [0x7c7c6673, 'prl_fs, a shared folder of Parallels'],
])

/** Names a file system without events, by its `f_type` of statfs; undefined for one with events. */
export function silentFileSystem(type: number | bigint): string | undefined {
  // On 32-bit systems the upper half of these numbers is negative.
  return silent.get(Number(BigInt.asUintN(32, BigInt(type))))
}

/** The system calls for watching. Tests replace them to make them fail. */
export interface WatchSystem {
  readonly platform: NodeJS.Platform
  /** Watches the entries of a folder, without keeping the process alive. Throws if it cannot. */
  watch(path: string, onEvent: (type: 'rename' | 'change', name: string | null) => void): FSWatcher
  /** Type of the file system that a path is on (`f_type` of statfs). */
  fileSystem(path: string): number | bigint
}

export const nodeSystem: WatchSystem = {
  platform: process.platform,
  watch: (path, onEvent) =>
    watch(toDisk(path), { persistent: false, encoding: 'buffer' }, (type, name) =>
      onEvent(type, name === null ? null : fromDisk(name)),
    ),
  fileSystem: (path) => statfsSync(toDisk(path), { bigint: true }).type,
}

/** Key of a name in events: macOS and Windows may report another case or Unicode form than the request has. */
export function nameKey(name: string, platform: NodeJS.Platform): string {
  return platform === 'darwin' || platform === 'win32' ? name.normalize('NFC').toLowerCase() : name
}

/** Milliseconds by which the time of a file may be older than the clock: one clock tick of most kernels. */
export const clockLagMs = 10

/**
 * Upper bound of the time when the nearest existing folder above a path last got or lost an entry, in milliseconds since
 * 1970. Nothing else shows when a missing file was removed. It is the ctime, because tools set the mtime of folders back.
 */
export function folderChangedAt(path: string): number {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = tryStat(folder)
    if (stats?.isDirectory()) return Number(stats.ctimeNs) / 1e6 + clockLagMs
    if (dirname(folder) === folder) return 0
  }
}

/** Most missing folders above a path that is watched. */
const missingFolders = 16

/**
 * Whether more folders above a path are missing than a user is likely to make. Each folder above a watched path takes
 * memory, and a URL has room for thousands of names: without a bound one request costs a megabyte.
 */
export function isBelowMissingFolders(path: string): boolean {
  let end = path.length
  for (let count = 0; count <= missingFolders; count++) {
    end = path.lastIndexOf(sep, end - 1)
    if (end <= 0) return false
  }
  return tryStat(path.slice(0, end))?.isDirectory() !== true
}
