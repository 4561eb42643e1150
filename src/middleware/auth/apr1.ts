import { nodeCrypto } from '../../core/util/builtin.ts'

const magic = '$apr1$'
const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The bytes of the digest in each group of four characters; byte 11 is the last group. */
const groups = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const
const rounds = 1000

/**
 * Whether a password matches an `$apr1$salt$hash` entry: 1000 rounds of salted MD5, which Apache's htpasswd writes by
 * default. It is weak, but common in existing files.
 */
export function matchesApr1(password: string, entry: string): boolean {
  const [, , salt = '', hash = ''] = entry.split('$')
  const expected = Buffer.from(hash)
  const actual = Buffer.from(apr1(Buffer.from(password), Buffer.from(salt)))
  return expected.length === actual.length && nodeCrypto().timingSafeEqual(expected, actual)
}

/** The only specification is the code of Apache (apr_md5_encode). */
function apr1(password: Buffer, salt: Buffer): string {
  const inner = md5(password, salt, password)
  const first = [password, Buffer.from(magic), salt]
  for (let left = password.length; left > 0; left -= 16) first.push(inner.subarray(0, Math.min(16, left)))
  for (let bits = password.length; bits > 0; bits >>= 1)
    first.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1))
  let digest = md5(...first)
  for (let round = 0; round < rounds; round++) {
    const parts = [round & 1 ? password : digest]
    if (round % 3 !== 0) parts.push(salt)
    if (round % 7 !== 0) parts.push(password)
    parts.push(round & 1 ? digest : password)
    digest = md5(...parts)
  }
  const byte = (index: number): number => digest[index] as number
  const text = groups.map(([a, b, c]) => encode((byte(a) << 16) | (byte(b) << 8) | byte(c), 4))
  return text.join('') + encode(byte(11), 2)
}

function md5(...parts: readonly Buffer[]): Buffer {
  const hash = nodeCrypto().createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Six bits for each character, the lowest first. */
function encode(value: number, characters: number): string {
  let text = ''
  for (let i = 0; i < characters; i++, value >>= 6) text += alphabet.charAt(value & 63)
  return text
}
