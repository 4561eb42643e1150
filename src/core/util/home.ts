import { homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'

/**
 * The home folder of this user, or undefined without one, as for a user id without a passwd entry. An empty or relative
 * `HOME` is ignored: files of the user would be written to the current folder.
 */
export function homeFolder(): string | undefined {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const folder = find()
      if (isAbsolute(folder)) return folder
    } catch {
      // Try the next source.
    }
  }
  return undefined
}
