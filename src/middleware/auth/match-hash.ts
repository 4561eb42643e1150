import { createHash, timingSafeEqual } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { matchesCrypt } from './crypt-hash.ts'

/** Marks the worker threads that check passwords. */
const mark = 'serve8008-passwords'
/**
 * Most bytes of a password. The work of SHA-crypt grows with the square of its length, and bcrypt reads 72 bytes; htpasswd
 * takes 255.
 */
const longestPassword = 512

/** What the worker thread is asked. */
export interface HashQuestion {
  readonly id: number
  readonly password: string
  readonly hash: string
}

/** What it answers; an error as a text. */
export interface HashAnswer {
  readonly id: number
  readonly isGood?: boolean
  readonly error?: string
}

/**
 * Whether a password matches a stored hash of a supported form; false for any other. Takes the same time either way, up to
 * seconds, so it runs in a worker thread.
 */
export async function matchesHash(password: string, hash: string): Promise<boolean> {
  if (Buffer.byteLength(password) > longestPassword) return false
  if (/^\$2[aby]\$/.test(hash)) {
    const { compareSync } = await import('bcryptjs')
    return compareSync(password, hash)
  }
  if (/^\$(?:apr1|[56])\$/.test(hash)) return matchesCrypt(password, hash)
  const [, digest] = /^\{S?SHA\}(.+)$/.exec(hash) ?? []
  return digest !== undefined && matchesSha(password, Buffer.from(digest, 'base64'))
}

/** SHA-1 of the password and of the salt, which follows the digest in the entry if there is one (RFC 2307). */
function matchesSha(password: string, stored: Buffer): boolean {
  const digest = createHash('sha1').update(password).update(stored.subarray(20)).digest()
  return stored.length >= 20 && timingSafeEqual(digest, stored.subarray(0, 20))
}

async function answer({ id, password, hash }: HashQuestion): Promise<HashAnswer> {
  try {
    return { id, isGood: await matchesHash(password, hash) }
  } catch (error) {
    return { id, error: String(error) }
  }
}

if (workerData === mark) {
  parentPort?.on('message', (question: HashQuestion) => {
    void answer(question).then((reply) => parentPort?.postMessage(reply))
  })
}
