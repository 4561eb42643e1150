import { ServeError } from '../../core/serve-error.ts'
import { digest, type Users } from './password-checks.ts'
import type { PasswordList } from './password-file.ts'

/** Most checks that wait in each of the two queues, and most of one client. At a bcrypt cost of 12 one takes 0.3 s. */
const mostWaiting = 64
const mostWaitingOfClient = 8
/** Every so many turns one is for the further checks, so that they are computed however many clients come. */
const turnsOfFurther = 4

/** A check that waits. */
interface Waiting {
  readonly client: string
  readonly isNeeded: () => boolean
  /** Checks the password if a client still waits. Rejects if the check does. */
  readonly run: () => Promise<void>
}

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
  const first: Waiting[] = []
  const further: Waiting[] = []
  let known: PasswordList | undefined
  let hashes: readonly string[] = []
  let turns = 0
  let last: Promise<void> = Promise.resolve()

  /** Clients that have left hold no places: the next one may be a user who loads the page again. */
  function dropNeedless(queue: Waiting[]): void {
    for (let i = queue.length - 1; i >= 0; i--) {
      const { isNeeded, run } = queue[i] as Waiting
      if (isNeeded()) continue
      queue.splice(i, 1)
      void run()
    }
  }

  async function takeTurn(): Promise<void> {
    const [queue, other] = ++turns % turnsOfFurther === 0 ? [further, first] : [first, further]
    await (queue.shift() ?? other.shift())?.run()
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
      dropNeedless(first)
      dropNeedless(further)
      const own = [...first, ...further].filter((each) => each.client === client).length
      const queue = own === 0 ? first : further
      if (queue.length >= mostWaiting || own >= mostWaitingOfClient) {
        throw new ServeError('E8008_BUSY', 'Too many password checks are waiting.', {
          hint: 'try again in a moment',
          headers: ['Retry-After', '1'],
        })
      }
      return new Promise((resolve) => {
        const run = async (): Promise<void> => {
          const result = isNeeded() ? check(user, password) : undefined
          resolve(result)
          await result
        }
        queue.push({ client, isNeeded, run })
        last = last.then(takeTurn).catch(() => {})
      })
    },
  }
}
