import { statfsSync, watch, type FSWatcher } from 'node:fs'
import { dirname, sep } from 'node:path'
import { fromDisk, toDisk } from '../../core/util/disk-name.ts'
import { statOf } from './file-state.ts'

/** File systems that other machines change, so that this one's kernel does not know of it: magic numbers of statfs(2). */
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

/** What a file system is when it reports no changes, by the type that statfs gives; undefined when it reports them. */
export function silentFileSystem(type: number | bigint): string | undefined {
  // A 32-bit system gives the upper half of these numbers a sign.
  return silent.get(Number(BigInt.asUintN(32, BigInt(type))))
}

/** What the system does for watching; tests put failures in its place. */
export interface WatchSystem {
  readonly platform: NodeJS.Platform
  /** Watches the names in a folder without holding the process. Throws when it cannot. */
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

/** Under what name events are looked up: macOS and Windows may spell a name in another way than the request did. */
export function nameKey(name: string, platform: NodeJS.Platform): string {
  return platform === 'darwin' || platform === 'win32' ? name.normalize('NFC').toLowerCase() : name
}

/** Milliseconds by which the time of a file or folder may lag behind the clock: that of a tick of most kernels. */
export const clockLagMs = 10

/**
 * When at the latest the nearest folder that is there on the way to a path last got another entry, in milliseconds since 1970: of a
 * file that is gone nothing else is left to tell when it went. Its ctime, since tools set the mtime of folders back.
 */
export function folderChangedAt(path: string): number {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = statOf(folder)
    if (stats?.isDirectory()) return Number(stats.ctimeNs) / 1e6 + clockLagMs
    if (dirname(folder) === folder) return 0
  }
}

/** Folders that may be missing on the way to a path. */
const missingFolders = 16

/**
 * Whether a path lies below so many folders that are not there that nobody is about to make it. Each folder on the way
 * is remembered, and an address has room for thousands: without a bound one request costs a megabyte.
 */
export function isBelowMissingFolders(path: string): boolean {
  let end = path.length
  for (let count = 0; count <= missingFolders; count++) {
    end = path.lastIndexOf(sep, end - 1)
    if (end <= 0) return false
  }
  return statOf(path.slice(0, end))?.isDirectory() !== true
}
