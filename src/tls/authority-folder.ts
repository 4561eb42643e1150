import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

/** Whose folder, and by which conventions. */
export interface FolderOptions {
  /** As `process.platform`. Default: this one. */
  readonly platform?: string
  /** Default: the home folder of this user. */
  readonly home?: string
  /** Variables that may name a place: `XDG_DATA_HOME`, `LOCALAPPDATA`. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Where the local authority of a user lives, outside of every project: `$XDG_DATA_HOME/serve8008` or
 * `~/.local/share/serve8008` (XDG Base Directory Specification, which says to ignore a relative path),
 * `~/Library/Application Support/serve8008` on macOS, `%LOCALAPPDATA%\serve8008` on Windows.
 */
export function authorityFolder(options: FolderOptions = {}): string {
  const { platform = process.platform, home = homedir(), env = {} } = options
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix
  const place = (name: string, fallback: readonly string[]): string => {
    const named = env[name]
    return named !== undefined && isAbsolute(named) ? named : join(home, ...fallback)
  }
  if (platform === 'win32') return join(place('LOCALAPPDATA', ['AppData', 'Local']), 'serve8008')
  const usual = platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'share']
  return join(place('XDG_DATA_HOME', usual), 'serve8008')
}
