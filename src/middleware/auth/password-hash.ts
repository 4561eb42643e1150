import { nodeCrypto } from '../../core/util/builtin.ts'

/** A supported form of stored password. */
export type HashKind = 'bcrypt' | 'apr1' | 'sha' | 'ssha'

// Each cost step doubles the time: 15 is seconds in plain JavaScript, and 31 would be days.
const forms: readonly (readonly [HashKind, RegExp])[] = [
  ['bcrypt', /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/],
  ['apr1', /^\$apr1\$[^$:\s]{1,8}\$[./A-Za-z0-9]{22}$/],
  ['sha', /^\{SHA\}[A-Za-z0-9+/]{27}=$/],
  ['ssha', /^\{SSHA\}[A-Za-z0-9+/]{28,}={0,2}$/],
]

/** The form of a stored password; undefined if unsupported: plain text, crypt, or a bcrypt cost above 15. */
export function hashKind(hash: string): HashKind | undefined {
  return forms.find(([, form]) => form.test(hash))?.[0]
}

/** Whether a password matches a stored hash of a supported form. Takes the same time either way. */
export async function matchesHash(password: string, hash: string): Promise<boolean> {
  switch (hashKind(hash)) {
    case 'bcrypt': {
      const { compare } = await import('bcryptjs')
      return compare(password, hash)
    }
    case 'apr1': {
      const { matchesApr1 } = await import('./apr1.ts')
      return matchesApr1(password, hash)
    }
    case 'sha':
      return matchesSha(password, Buffer.from(hash.slice('{SHA}'.length), 'base64'))
    case 'ssha':
      return matchesSha(password, Buffer.from(hash.slice('{SSHA}'.length), 'base64'))
    default:
      return false
  }
}

/** SHA-1 of the password and of the salt, which follows the digest in the entry if there is one (RFC 2307). */
function matchesSha(password: string, stored: Buffer): boolean {
  const { createHash, timingSafeEqual } = nodeCrypto()
  const digest = createHash('sha1').update(password).update(stored.subarray(20)).digest()
  return timingSafeEqual(digest, stored.subarray(0, 20))
}
