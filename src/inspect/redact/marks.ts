import { isSecretName } from '../../core/util/secret.ts'
import { nodeCrypto } from '../../core/util/builtin.ts'

/** Replaces secrets, so that equal ones can still be told to be equal. */
export interface Redactor {
  /** Text that stands for a secret: the same one for the same secret, as long as the redactor lives. */
  mark(secret: string): string
}

/** Bytes of the salt, without which no secret can be tried against a placeholder. */
const saltBytes = 32
/** Secrets whose placeholder is remembered, and the longest of them: clients send the same cookies with each request. */
const mostMarks = 1000
const longestMark = 1024
/** Hexadecimal digits of a placeholder: enough to tell the secrets of a recording apart, too few to confirm a guess. */
const digits = 4

const placeholder = /^\[redacted:[0-9a-f]+\]$/

/** Makes a redactor with a salt of its own, for one run of a server. */
export function createRedactor(): Redactor {
  const { createHmac, randomBytes } = nodeCrypto()
  const salt = randomBytes(saltBytes)
  const marks = new Map<string, string>()
  return {
    mark(secret) {
      const before = marks.get(secret)
      if (before !== undefined) return before
      const plain = decoded(secret.trim())
      if (plain === '' || placeholder.test(plain)) return plain
      const text = `[redacted:${createHmac('sha256', salt).update(plain).digest('hex').slice(0, digits)}]`
      if (marks.size >= mostMarks) marks.clear()
      if (secret.length <= longestMark) marks.set(secret, text)
      return text
    },
  }
}

/** A secret in a URL is percent-encoded, and the same elsewhere is not. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Fewest characters of a secret that is looked for elsewhere: shorter ones are words of the content. */
const shortestKnown = 8
/** Most secrets of an exchange that are looked for elsewhere. */
const mostKnown = 64

/** The secrets of one exchange: one that was found by its name is replaced wherever else it is repeated. */
export class KnownSecrets {
  readonly redactor: Redactor
  readonly #known = new Map<string, string>()

  constructor(redactor: Redactor) {
    this.redactor = redactor
  }

  /** The placeholder of a secret, which is known from now on. */
  readonly mark = (secret: string): string => {
    const text = this.redactor.mark(secret)
    for (const form of new Set([secret.trim(), decoded(secret.trim())])) {
      // A word without digits may be a usual one.
      const isUnusual = form.length >= shortestKnown && (/\d/.test(form) || form.length >= 20)
      if (isUnusual && !placeholder.test(form) && this.#known.size < mostKnown) this.#known.set(form, text)
    }
    return text
  }

  /** Replaces the secrets that are known in a text. */
  replaceIn(text: string): string {
    if (this.#known.size === 0) return text
    let result = text
    for (const [secret, mark] of this.#known)
      if (result.includes(secret)) result = result.replaceAll(secret, () => mark)
    return result
  }
}

/** Names that are remembered, and the longest of them: content repeats its names many times. */
const mostNames = 5000
const longestName = 64
const names = new Map<string, boolean>()

/** As {@link isSecretName}, for names that come again and again. */
export function isSecretWord(name: string): boolean {
  const before = names.get(name)
  if (before !== undefined) return before
  const isSecret = isSecretName(name)
  if (names.size >= mostNames) names.clear()
  if (name.length <= longestName) names.set(name, isSecret)
  return isSecret
}
