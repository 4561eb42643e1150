import { distance } from 'fastest-levenshtein'
import { printableJson } from '../core/util/sanitize.ts'
import { redactText } from '../core/util/secret.ts'

/** One mistake in the options. */
export interface Problem {
  /** The option, and the keys within its value. Empty for the options as a whole. */
  readonly path: readonly string[]
  /** The broken rule, to be read after the option's name and a colon. */
  readonly message: string
  /** What to write instead. */
  readonly hint: string
  /** The name for messages, such as `--port`. Default: the path. */
  readonly name?: string
}

/** Longest quotation of a value in a message, in characters. */
const quoteLength = 60

/**
 * Describes a value in a message: strings are escaped, shortened and without what may be a password or a token, objects and
 * functions are named by their kind. @internal
 */
export function quote(value: unknown): string {
  if (typeof value === 'string') {
    const text = redactText(value)
    return printableJson(text.length > quoteLength ? `${text.slice(0, quoteLength)}…` : text)
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) {
    const kind: unknown = value.constructor?.name
    return typeof kind === 'string' && kind !== 'Object' && kind !== '' ? `an object of the class ${kind}` : 'an object'
  }
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  return String(value)
}

/** Says which value an option takes, and which one it got; a secret is not repeated, since logs and screenshots keep it. @internal */
export function expected(what: string, got: unknown, isSecret = false): string {
  return `expected ${what}${isSecret ? '' : `, got ${quote(got)}`}`
}

/** The known word that a typo was probably meant to be; undefined when none is near. @internal */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = fold(word)
  let best: string | undefined
  // At most two edits, and fewer than half of the letters: one edit turns a single letter into any other.
  let least = Math.min(2, Math.ceil(typed.length / 2) - 1) + 1
  for (const candidate of known) {
    const steps = isShuffled(typed, fold(candidate)) ? 1 : distance(typed, fold(candidate))
    // As many edits as letters replace the whole word: that is no typo.
    if (steps < least && steps < candidate.length) {
      least = steps
      best = candidate
    }
  }
  return best
}

/** `Strict-Port`, `strict_port` and `strictPort` are the same word. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

/** Swapped letters (`prot`) are the most frequent typo. The first letter stays first, or becomes the second. */
function isShuffled(typed: string, meant: string): boolean {
  const isNear = typed[0] === meant[0] || (typed[0] === meant[1] && typed[1] === meant[0])
  return isNear && sortedLetters(typed) === sortedLetters(meant)
}

function sortedLetters(word: string): string {
  return word.split('').toSorted().join('')
}
