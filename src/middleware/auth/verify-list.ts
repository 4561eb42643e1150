import { ServeError } from '../../core/serve-error.ts'
import { createLru } from '../../core/util/lru.ts'
import type { PasswordList } from './password-file.ts'
import { matchesHash } from './password-hash.ts'
import { digest, type Verify } from './verify-user.ts'

/** Verified credentials that are cached, so that bcrypt runs once for each and not for every request. */
const mostRemembered = 256
/** Most checks that wait. At a bcrypt cost of 12 these take a few seconds. */
const mostWaiting = 16

interface Check {
  readonly result: Promise<boolean>
  /** One for each request that waits. */
  readonly signals: AbortSignal[]
}

/**
 * Verifies the users of a list that may change. Hashes are checked one at a time, since they are slow on purpose and a
 * flood of wrong passwords must not occupy the event loop. Verified users do not wait.
 *
 * @returns A function that throws ServeError `E8008_UNAUTHORIZED` with `Retry-After` if too many checks wait.
 */
export function verifyList(current: () => PasswordList): Verify {
  const remembered = createLru<string, true>(mostRemembered)
  const checks = new Map<string, Check>()
  let list: PasswordList | undefined
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  return ({ user, password }, signal) => {
    const now = current()
    if (now !== list) {
      list = now
      remembered.clear()
      checks.clear()
    }
    const id = digest(`${user}\0${password}`).toString('base64')
    if (remembered.get(id) === true) return true
    // Parallel requests of a browser share one check.
    const running = checks.get(id)
    if (running !== undefined) {
      running.signals.push(signal)
      return running.result
    }
    if (waiting >= mostWaiting) throw busy()
    waiting++
    const signals = [signal]
    const result = last.then(async () => {
      waiting--
      const isNeeded = signals.some(({ aborted }) => !aborted)
      const isGood = isNeeded && (await matchesUser(now, user, password))
      if (list === now) {
        checks.delete(id)
        if (isGood) remembered.set(id, true)
      }
      return isGood
    })
    last = result.catch(() => {})
    checks.set(id, { result, signals })
    return result
  }
}

function busy(): ServeError {
  return new ServeError('E8008_UNAUTHORIZED', 'Too many password checks are waiting.', {
    hint: 'try again in a moment',
    headers: ['Retry-After', '1'],
  })
}

/** An unknown user takes the time of a known one, always the same, so that time does not reveal which users exist. */
async function matchesUser(list: PasswordList, user: string, password: string): Promise<boolean> {
  const hash = list.get(user)
  if (hash !== undefined) return matchesHash(password, hash)
  const hashes = [...list.values()]
  const decoy = hashes[digest(user).readUInt32LE() % hashes.length]
  if (decoy !== undefined) await matchesHash(password, decoy)
  return false
}
