import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a password matches `$apr1$salt$hash`, `$5$salt$hash` or `$6$salt$hash`; the last two may hold `rounds=N$` before the salt. */
export function matchesCrypt(password: string, entry: string): boolean {
  const [, form, rounds = '5000', salt = '', hash = ''] =
    /^\$(apr1|5|6)\$(?:rounds=(\d+)\$)?([^$]+)\$([^$]+)$/.exec(entry) ?? []
  const secret = Buffer.from(password)
  const actual =
    form === 'apr1'
      ? apr1(secret, Buffer.from(salt))
      : shaCrypt(form === '5' ? sha256 : sha512, secret, Buffer.from(salt), Number(rounds))
  return actual.length === hash.length && timingSafeEqual(Buffer.from(actual), Buffer.from(hash))
}

/** Bytes of a digest, three for each group of four characters. */
type Groups = readonly (readonly [number, number, number])[]

const apr1Groups: Groups = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
]

/** 1000 rounds of salted MD5, which Apache's htpasswd writes by default. The only specification is its code (apr_md5_encode). */
function apr1(password: Buffer, salt: Buffer): string {
  const inner = digest('md5', password, salt, password)
  const first = [password, Buffer.from('$apr1$'), salt, repeated(inner, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1)
    first.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1))
  let hash = digest('md5', ...first)
  for (let round = 0; round < 1000; round++) {
    const parts = [round & 1 ? password : hash]
    if (round % 3 !== 0) parts.push(salt)
    if (round % 7 !== 0) parts.push(password)
    parts.push(round & 1 ? hash : password)
    hash = digest('md5', ...parts)
  }
  return encodeGroups(hash, apr1Groups) + encode(hash[11] as number, 2)
}

interface ShaCrypt {
  readonly name: string
  readonly groups: Groups
  /** Writes the bytes that fill no group. */
  readonly rest: (hash: Buffer) => string
}

/** Each group has the bytes of the last one, turned by one place and moved by one byte. */
function turningGroups(third: number, count: number, turn: -1 | 1): Groups {
  return Array.from({ length: count }, (_, i) => {
    const bytes = [i, i + third, i + 2 * third]
    const [one = 0, two = 0, three = 0] = [0, 1, 2].map((at) => bytes[(((at + turn * i) % 3) + 3) % 3])
    return [one, two, three] as const
  })
}

const sha256: ShaCrypt = {
  name: 'sha256',
  groups: turningGroups(10, 10, -1),
  rest: (hash) => encode(((hash[31] as number) << 8) | (hash[30] as number), 3),
}
const sha512: ShaCrypt = {
  name: 'sha512',
  groups: turningGroups(21, 21, 1),
  rest: (hash) => encode(hash[63] as number, 2),
}

/** Unix crypt using SHA-256 and SHA-512 (Ulrich Drepper, version 0.6), which `htpasswd -2` and `-5` write. */
function shaCrypt({ name, groups, rest }: ShaCrypt, password: Buffer, salt: Buffer, rounds: number): string {
  const inner = digest(name, password, salt, password)
  const first = [password, salt, repeated(inner, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) first.push(bits & 1 ? inner : password)
  let hash = digest(name, ...first)
  const ofPassword = digest(name, ...Array<Buffer>(password.length).fill(password))
  const ofSalt = digest(name, ...Array<Buffer>(16 + (hash[0] as number)).fill(salt))
  const secret = repeated(ofPassword, password.length)
  const salted = repeated(ofSalt, salt.length)
  for (let round = 0; round < rounds; round++) {
    const parts = [round & 1 ? secret : hash]
    if (round % 3 !== 0) parts.push(salted)
    if (round % 7 !== 0) parts.push(secret)
    parts.push(round & 1 ? hash : secret)
    hash = digest(name, ...parts)
  }
  return encodeGroups(hash, groups) + rest(hash)
}

function digest(name: string, ...parts: readonly Buffer[]): Buffer {
  const hash = createHash(name)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes)
}

function encodeGroups(hash: Buffer, groups: Groups): string {
  const byte = (index: number): number => hash[index] as number
  return groups.map(([a, b, c]) => encode((byte(a) << 16) | (byte(b) << 8) | byte(c), 4)).join('')
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Six bits for each character, the lowest first. */
function encode(value: number, characters: number): string {
  let text = ''
  for (let i = 0, rest = value; i < characters; i++, rest >>= 6) text += alphabet.charAt(rest & 63)
  return text
}
