import { ServeError } from '../../core/serve-error.ts'
import { createLru } from '../../core/util/lru.ts'

/** Limits on wrong passwords; see `limits`. */
export interface GuessLimits {
  readonly passwordGuesses: number
  readonly clientGuesses: number
  readonly guessMs: number
  readonly guessedUsers: number
}

/** Counts wrong passwords by client and user, and stops clients that guess. */
export interface Guesses {
  /**
   * Whether this password of the user is known to be wrong.
   *
   * @throws ServeError `E8008_GUESSES` (429) when the client has guessed too often.
   */
  isWrong(guess: Guess): boolean
  /** Counts a password as wrong. It is called before the check, so that guesses which arrive together count too. */
  add(guess: Guess): void
  /** The password was right, or was not checked. */
  remove(guess: Guess): void
}

/** One password of one user, sent by one client. */
export interface Guess {
  /** Address or network of the client. */
  readonly client: string
  /** Digest of the user name, so that a long one takes no more memory. */
  readonly user: string
  /** Digest of user and password. */
  readonly secret: string
}

/** Wrong passwords of a user since a time. Each counts once: a program that repeats an old password guesses nothing. */
interface Wrong {
  readonly until: number
  readonly secrets: Set<string>
}

/**
 * Makes the counters. While a client is stopped, right passwords of that client and user get a 429 too: otherwise the
 * reply would say which guess was right. Other clients, and other users of the same client, are not stopped by it.
 *
 * @param now The time in milliseconds.
 */
export function createGuesses(limits: GuessLimits, now: () => number = () => performance.now()): Guesses {
  const ofUsers = createLru<string, Wrong>(limits.guessedUsers)
  const ofClients = createLru<string, { readonly until: number; count: number }>(limits.guessedUsers)

  function current<Counter extends { readonly until: number }>(counter: Counter | undefined): Counter | undefined {
    return counter === undefined || counter.until <= now() ? undefined : counter
  }

  function stop(until: number, whose: string): never {
    const seconds = String(Math.ceil((until - now()) / 1000))
    throw new ServeError('E8008_GUESSES', `Too many wrong passwords ${whose} from this address.`, {
      hint: `wait ${seconds} s`,
      headers: ['Retry-After', seconds],
    })
  }

  return {
    isWrong({ client, user, secret }) {
      const wrong = current(ofUsers.get(`${client} ${user}`))
      if (wrong !== undefined && wrong.secrets.size >= limits.passwordGuesses) stop(wrong.until, 'for this user')
      const all = current(ofClients.get(client))
      if (all !== undefined && all.count >= limits.clientGuesses) stop(all.until, 'for several users')
      return wrong?.secrets.has(secret) === true
    },
    add({ client, user, secret }) {
      const until = now() + limits.guessMs
      const wrong = current(ofUsers.get(`${client} ${user}`)) ?? { until, secrets: new Set() }
      const all = current(ofClients.get(client)) ?? { until, count: 0 }
      if (!wrong.secrets.has(secret)) all.count++
      wrong.secrets.add(secret)
      ofUsers.set(`${client} ${user}`, wrong)
      ofClients.set(client, all)
    },
    remove({ client, user, secret }) {
      const all = ofClients.get(client)
      if (ofUsers.get(`${client} ${user}`)?.secrets.delete(secret) === true && all !== undefined) all.count--
    },
  }
}
