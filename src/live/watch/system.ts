import { statfsSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { fromDisk, toDisk } from '../../core/util/disk-name.ts'

/** What the system does for watching; tests put failures in its place. */
export interface System {
  readonly platform: NodeJS.Platform
  /** Watches the names in a folder without holding the process. Throws when it cannot. */
  watch(path: string, onEvent: (type: 'rename' | 'change', name: string | null) => void): FSWatcher
  /** Type of the file system that a path is on (`f_type` of statfs). */
  fileSystem(path: string): number | bigint
}

export const realSystem: System = {
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
