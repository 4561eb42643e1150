import { nodeCrypto } from '../../core/util/builtin.ts'
import { createLru } from '../../core/util/lru.ts'
import type { Credentials } from './credentials.ts'
import type { Guesses } from './guesses.ts'

/** Verified credentials that are cached, so that bcrypt runs once for each and not for every request. */
const mostRemembered = 256

/** Users whose passwords can be checked. */
export interface Users {
  /** What the answers depend on: a new value for other users or passwords. @throws ServeError */
  readonly state: () => unknown
  readonly has: (user: string) => boolean
  /**
   * Takes the same time for a user that does not exist. Undefined: the password was not checked, since no client waits.
   *
   * @throws ServeError `E8008_BUSY` when too many checks wait.
   */
  readonly matches: (
    credentials: Credentials,
    client: string,
    isNeeded: () => boolean,
  ) => boolean | Promise<boolean | undefined>
}

/** Checks credentials of a client, at once where it can. The signal aborts when the client disconnects. */
export type PasswordCheck = (
  credentials: Credentials,
  client: string,
  signal: AbortSignal,
) => boolean | Promise<boolean>

interface Running {
  readonly result: Promise<boolean>
  /** One for each request that waits. */
  readonly signals: AbortSignal[]
}

/**
 * Makes the check of some users.
 *
 * @returns A function that throws ServeError `E8008_GUESSES` (429) after too many wrong passwords, and `E8008_BUSY` (503) when
 *   too many checks wait.
 */
export function createPasswordChecks(users: Users, guesses: Guesses): PasswordCheck {
  const remembered = createLru<string, true>(mostRemembered)
  const running = new Map<string, Running>()
  let state: unknown
  let generation = 0

  return (credentials, client, signal) => {
    const now = users.state()
    if (now !== state) {
      state = now
      generation++
      remembered.clear()
    }
    const { user, password } = credentials
    const begun = generation
    const guess = { client, user: digest(user), secret: digest(`${begun}\0${user}\0${password}`) }
    const key = `${client} ${guess.secret}`
    // Parallel requests of a browser share one check.
    const shared = running.get(key)
    if (shared !== undefined) {
      shared.signals.push(signal)
      return shared.result
    }
    // Before the cache: otherwise a client that is stopped could find a password that another one has just used.
    if (guesses.isWrong(guess)) return false
    if (remembered.get(guess.secret) === true) return true
    const signals = [signal]
    const verdict = users.matches(credentials, client, () => signals.some(({ aborted }) => !aborted))
    // It counts until it is known to be right: guesses that arrive together are all counted.
    guesses.add(guess)
    const settle = (isGood: boolean | undefined): boolean => {
      if (isGood !== false) guesses.remove(guess)
      // The file may have changed meanwhile.
      if (isGood === true && begun === generation) remembered.set(guess.secret, true)
      return isGood === true
    }
    if (typeof verdict === 'boolean') return settle(verdict)
    const failed = (error: unknown): never => {
      guesses.remove(guess)
      throw error
    }
    const result = verdict.then(settle, failed).finally(() => running.delete(key))
    running.set(key, { result, signals })
    return result
  }
}

/** One user. Both parts are always compared, as digests: time does not reveal which is wrong, nor a length. */
export function singleUser(user: string, password: string): Users {
  const expected = [user, password].map((text) => Buffer.from(digest(text)))
  return {
    state: () => true,
    has: (name) => name === user,
    matches(given) {
      const { timingSafeEqual } = nodeCrypto()
      const [isUser, isPassword] = [given.user, given.password].map((text, i) =>
        timingSafeEqual(Buffer.from(digest(text)), expected[i] as Buffer),
      )
      return isUser === true && isPassword === true
    },
  }
}

/** Digests have a random key for each process, so that offline tables are useless against a dump of memory. */
let key: Buffer | undefined

/** A keyed digest of a text, 144 bits. */
export function digest(text: string): string {
  const { createHmac, randomBytes } = nodeCrypto()
  key ??= randomBytes(32)
  return createHmac('sha256', key).update(text).digest('base64').slice(0, 24)
}
