import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { homeFolder } from '../../core/util/home.ts'

/** A user as `/etc/passwd` has it. */
export interface User {
  readonly name: string
  readonly home: string
}

/** Parses passwd(5). Of several names of one id the first is kept. */
export function parsePasswd(text: string): Map<number, User> {
  const users = new Map<number, User>()
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', , , home = ''] = line.split(':')
    if (/^\d+$/.test(uid) && name !== '' && !users.has(Number(uid))) users.set(Number(uid), { name, home })
  }
  return users
}

/** The users of this machine. A directory service such as LDAP is asked for this user alone. */
export async function readUsers(path: string = '/etc/passwd'): Promise<Map<number, User>> {
  const users = parsePasswd(await readFile(path, 'utf8').catch(() => ''))
  const uid = process.getuid?.()
  try {
    if (uid !== undefined && !users.has(uid)) users.set(uid, { name: userInfo().username, home: homeFolder() ?? '' })
  } catch {
    // An id without a name, as in many containers.
  }
  return users
}
