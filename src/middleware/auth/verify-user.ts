import { nodeCrypto } from '../../core/util/builtin.ts'
import type { Credentials } from './credentials.ts'

/** Verifies credentials, synchronously if possible. The signal aborts when the client disconnects. */
export type Verify = (credentials: Credentials, signal: AbortSignal) => boolean | Promise<boolean>

/** Digests have a random key for each process, so that offline tables are useless against a dump of memory. */
let key: Buffer | undefined

/** A keyed digest of a text. */
export function digest(text: string): Buffer {
  const { createHmac, randomBytes } = nodeCrypto()
  key ??= randomBytes(32)
  return createHmac('sha256', key).update(text).digest()
}

/** Verifies one user. Both parts are always compared, as digests: time does not reveal which is wrong, nor a length. */
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
