import { ServeError } from '../../core/serve-error.ts'
import { digest, type Users } from './password-checks.ts'
import type { PasswordList } from './password-file.ts'

/** Most checks that wait in each of the two queues, and most of one client. At a bcrypt cost of 12 one takes 0.3 s. */
const mostWaiting = 64
const mostWaitingOfClient = 8
/** Every so many turns one is for the further checks, so that they are computed however many clients come. */
const turnsOfFurther = 4

/**
 * The users of a list that may change. Their hashes are slow on purpose, so one is checked at a time, elsewhere. An unknown
 * user is checked against the password of a known one, always the same.
 *
 * Clients take turns: a check comes before all those of clients that have another one waiting, and has places of its own.
 *
 * @param matches Whether a password matches a hash.
 */
export function listedUsers(
  current: () => PasswordList,
  matches: (password: string, hash: string) => Promise<boolean>,
): Users {
  const waiting = new Map<string, number>()
  const first: (() => Promise<void>)[] = []
  const further: (() => Promise<void>)[] = []
  let known: PasswordList | undefined
  let hashes: readonly string[] = []
  let turns = 0
  let last: Promise<void> = Promise.resolve()

  function stopWaiting(client: string): void {
    const own = waiting.get(client) ?? 0
    if (own > 1) waiting.set(client, own - 1)
    else waiting.delete(client)
  }

  async function takeTurn(): Promise<void> {
    const [queue, other] = ++turns % turnsOfFurther === 0 ? [further, first] : [first, further]
    await (queue.shift() ?? other.shift())?.()
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
      const own = waiting.get(client) ?? 0
      const queue = own === 0 ? first : further
      if (queue.length >= mostWaiting || own >= mostWaitingOfClient) {
        throw new ServeError('E8008_BUSY', 'Too many password checks are waiting.', {
          hint: 'try again in a moment',
          headers: ['Retry-After', '1'],
        })
      }
      waiting.set(client, own + 1)
      return new Promise((resolve) => {
        queue.push(async () => {
          stopWaiting(client)
          const result = isNeeded() ? check(user, password) : undefined
          resolve(result)
          await result
        })
        last = last.then(takeTurn).catch(() => {})
      })
    },
  }
}
