import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Environment } from '../config/sources/env.ts'
import { folderOfAuthority } from '../server/authority-of-user.ts'
import { homeFolder } from '../core/util/home.ts'

/** The user whose local authority the command manages. */
export interface AuthorityOwner {
  readonly user: string
  readonly home: string
  /** Where the authority lives. */
  readonly folder: string
  /** Whether we are root on behalf of this user. */
  readonly isSudo: boolean
}

/**
 * The user who typed the command. Under `sudo` that is not root: a certificate that root's authority makes is trusted
 * by none of the user's programs.
 *
 * @param passwd Text of the system's list of users.
 */
export function authorityOwner(
  env: Environment,
  uid: number | undefined = process.getuid?.(),
  passwd: () => string = () => readFileSync('/etc/passwd', 'utf8'),
): AuthorityOwner {
  const user = env['SUDO_USER']
  const home = uid === 0 && user !== undefined && user !== 'root' ? homeOf(user, passwd) : undefined
  if (user !== undefined && home !== undefined) {
    // XDG_DATA_HOME here is that of root.
    return { user, home, folder: folderOfAuthority({ home }), isSudo: true }
  }
  const own = homeFolder(env)
  const folder = folderOfAuthority({ env })
  // Without a home folder browsers have no profiles to change, so any folder will do.
  return { user: ownName(env), home: own ?? folder, folder, isSudo: false }
}

function homeOf(user: string, passwd: () => string): string | undefined {
  try {
    const row = passwd()
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === user)
    return row?.[5]
  } catch {
    return undefined
  }
}

function ownName(env: Environment): string {
  try {
    return userInfo().username
  } catch {
    // A user id without an entry, as containers have it.
    return env['USER'] ?? 'user'
  }
}
