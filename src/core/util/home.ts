import { homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'

/**
 * The home folder of this user, or undefined without one, as for a user id without a passwd entry. An empty or relative
 * `HOME` is ignored: files of the user would be written to the current folder.
 *
 * @param env Variables that name it before those of the process: `HOME`, on Windows `USERPROFILE`. Default: none.
 */
export function homeFolder(env?: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = (): string => env?.[process.platform === 'win32' ? 'USERPROFILE' : 'HOME'] ?? ''
  for (const find of [named, homedir, () => userInfo().homedir]) {
    try {
      const folder = find()
      if (isAbsolute(folder)) return folder
    } catch {
      // Try the next source.
    }
  }
  return undefined
}
