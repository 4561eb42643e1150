import { posix, win32 } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { homeFolder } from '../../core/util/home.ts'

/** Which user's folder, by the conventions of which platform. */
export interface FolderOptions {
  /** As `process.platform`. Default: this one. */
  readonly platform?: string
  /** Default: the home folder of this user. */
  readonly home?: string | undefined
  /** Variables that may name a folder: `XDG_DATA_HOME`, `LOCALAPPDATA`, `HOME`. Default: none but the home folder's. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * The folder of a user's local authority, outside of every project: `$XDG_DATA_HOME/serve8008` or
 * `~/.local/share/serve8008` (XDG Base Directory Specification, which says to ignore a relative path),
 * `~/Library/Application Support/serve8008` on macOS, `%LOCALAPPDATA%\serve8008` on Windows.
 *
 * @throws ServeError `E8008_AUTHORITY` for a user without a home folder, when no variable names another folder.
 */
export function authorityFolder(options: FolderOptions = {}): string {
  const { platform = process.platform, env, home = homeFolder(env) } = options
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix
  const place = (name: string, fallback: readonly string[]): string => {
    const named = env?.[name]
    if (named !== undefined && isAbsolute(named)) return named
    if (home !== undefined) return join(home, ...fallback)
    throw new ServeError('E8008_AUTHORITY', 'There is no home folder to keep the local authority in.', {
      hint: `name one in HOME, or set ${name} to a folder`,
    })
  }
  if (platform === 'win32') return join(place('LOCALAPPDATA', ['AppData', 'Local']), 'serve8008')
  const usual = platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'share']
  return join(place('XDG_DATA_HOME', usual), 'serve8008')
}
