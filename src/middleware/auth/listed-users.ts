import { ServeError } from '../../core/serve-error.ts'
import { digest, type Users } from './password-checks.ts'
import type { PasswordList } from './password-file.ts'

/** Most checks that wait; of one client, so that it cannot hold up the others. At a bcrypt cost of 12 one takes 0.3 s. */
const mostWaiting = 64
const mostWaitingOfClient = 8

/**
 * The users of a list that may change. Their hashes are slow on purpose, so one is checked at a time, elsewhere. An unknown
 * user is checked against the password of a known one, always the same.
 *
 * @param matches Whether a password matches a hash.
 */
export function listedUsers(
  current: () => PasswordList,
  matches: (password: string, hash: string) => Promise<boolean>,
): Users {
  const waiting = new Map<string, number>()
  let allWaiting = 0
  let known: PasswordList | undefined
  let hashes: readonly string[] = []
  let last: Promise<unknown> = Promise.resolve()

  function wait(client: string): void {
    const own = waiting.get(client) ?? 0
    if (allWaiting >= mostWaiting || own >= mostWaitingOfClient) {
      throw new ServeError('E8008_BUSY', 'Too many password checks are waiting.', {
        hint: 'try again in a moment',
        headers: ['Retry-After', '1'],
      })
    }
    allWaiting++
    waiting.set(client, own + 1)
  }

  function stopWaiting(client: string): void {
    allWaiting--
    const own = waiting.get(client) ?? 0
    if (own > 1) waiting.set(client, own - 1)
    else waiting.delete(client)
  }

  /** The decoy is chosen for known users too: each of them takes the same steps. */
  async function check(user: string, password: string): Promise<boolean> {
    const list = current()
    if (list !== known) {
      known = list
      hashes = [...list.values()]
    }
    const decoy = hashes[Buffer.from(digest(user), 'base64').readUInt32LE() % hashes.length]
    const hash = list.get(user) ?? decoy
    return hash !== undefined && (await matches(password, hash)) && list.has(user)
  }

  return {
    state: current,
    has: (user) => current().has(user),
    matches({ user, password }, client, isNeeded) {
      wait(client)
      const result = last.then(() => {
        stopWaiting(client)
        return isNeeded() ? check(user, password) : undefined
      })
      last = result.catch(() => {})
      return result
    },
  }
}
