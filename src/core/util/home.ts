import { homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'

/**
 * The home folder of this user, or undefined where there is none, as for a user id without an entry. A `HOME` that is
 * empty or relative is none: what belongs to the user would land in the folder that happens to be the current one.
 */
export function homeFolder(): string | undefined {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const folder = find()
      if (isAbsolute(folder)) return folder
    } catch {
      // The other one may know.
    }
  }
  return undefined
}
