import { ServeError } from '../../core/serve-error.ts'
import { nodeCrypto } from '../../core/util/builtin.ts'
import { createLru } from '../../core/util/lru.ts'
import type { Credentials } from './credentials.ts'
import type { PasswordList } from './password-file.ts'
import { matchesHash } from './password-hash.ts'

/** Decides about credentials; synchronous where it can be. The signal says that nobody waits any more. */
export type Verify = (credentials: Credentials, signal: AbortSignal) => boolean | Promise<boolean>

/** Digests are keyed again in each process, so that nothing kept in memory can be tried against offline tables. */
let key: Buffer | undefined
/** Credentials remembered as good, so that bcrypt is paid once for each and not for every request. */
const rememberedAtMost = 256
/** Checks that may wait for their turn. At a bcrypt cost of 12 this many take some seconds. */
const waitingAtMost = 16

function digest(text: string): Buffer {
  const { createHmac, randomBytes } = nodeCrypto()
  key ??= randomBytes(32)
  return createHmac('sha256', key).update(text).digest()
}

/** Verifies one user. Both halves are always compared, and as digests: neither time nor length tells which is wrong. */
export function verifyPair(user: string, password: string): Verify {
  const expectedUser = digest(user)
  const expectedPassword = digest(password)
  return (given) => {
    const { timingSafeEqual } = nodeCrypto()
    const isUser = timingSafeEqual(digest(given.user), expectedUser)
    const isPassword = timingSafeEqual(digest(given.password), expectedPassword)
    return isUser && isPassword
  }
}

interface Check {
  readonly result: Promise<boolean>
  /** One for each request that waits for it. */
  readonly signals: AbortSignal[]
}

/**
 * Verifies the users of a list that may change. Hashes are checked one at a time: they are slow on
 * purpose, and a flood of wrong passwords must not take the event loop from those who are in already.
 * Those do not wait at all, and where too many wait, the next is told to come again.
 *
 * @returns A function that throws ServeError `E8008_UNAUTHORIZED` when too many checks wait.
 */
export function verifyList(current: () => PasswordList): Verify {
  const remembered = createLru<string, true>(rememberedAtMost)
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
    // The requests that a browser sends at once all wait for one check.
    const running = checks.get(id)
    if (running !== undefined) {
      running.signals.push(signal)
      return running.result
    }
    if (waiting >= waitingAtMost) throw busy()
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
  return new ServeError('E8008_UNAUTHORIZED', 'Too many passwords wait to be checked.', {
    hint: 'try again in a moment',
    headers: ['Retry-After', '1'],
  })
}

/** An unknown user costs what one of the known ones costs, and the same one each time. */
async function matchesUser(list: PasswordList, user: string, password: string): Promise<boolean> {
  const hash = list.get(user)
  if (hash !== undefined) return matchesHash(password, hash)
  const hashes = [...list.values()]
  const decoy = hashes[digest(user).readUInt32LE() % hashes.length]
  if (decoy !== undefined) await matchesHash(password, decoy)
  return false
}
