import { distance } from 'fastest-levenshtein'
import { printableJson } from '../core/util/sanitize.ts'

/** One thing that is wrong with the options. */
export interface Problem {
  /** Where: the option, and the inner key for `headers`, `mounts` and `limits`. Empty for the whole. */
  readonly path: readonly string[]
  /** What is wrong, as the rest of a sentence that starts with the option's name. */
  readonly fault: string
  /** What is accepted, or what was probably meant. */
  readonly fix: string
  /** How to name the place, where the path alone does not tell. */
  readonly name?: string
}

/** Longest quotation of a value in a message, in characters. */
const quoteLength = 60

/** Quotes a value for a message: strings escaped and shortened, everything else by its nature. */
export function quote(value: unknown): string {
  if (typeof value === 'string') {
    return printableJson(value.length > quoteLength ? `${value.slice(0, quoteLength)}…` : value)
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

/** Says which value an option takes, and which one it got; a secret is not repeated, since logs and screenshots keep it. */
export function expected(what: string, got: unknown, isSecret = false): string {
  return `expected ${what}${isSecret ? '' : `, got ${quote(got)}`}`
}

/** The known word that a mistaken one was probably meant to be, or undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = fold(word)
  let best: string | undefined
  // Two slips at most, and fewer than half of the letters: a single letter is like every other.
  let least = Math.min(2, Math.ceil(typed.length / 2) - 1) + 1
  for (const candidate of known) {
    const steps = isShuffled(typed, fold(candidate)) ? 1 : distance(typed, fold(candidate))
    // A word that must be replaced as a whole was not a slip of the finger.
    if (steps < least && steps < candidate.length) {
      least = steps
      best = candidate
    }
  }
  return best
}

/** `Strict-Port`, `strict_port` and `strictPort` are one word to the person who typed them. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

/** Letters in the wrong order (`prot`) are the slip that fingers make most; it seldom takes the first one far. */
function isShuffled(typed: string, meant: string): boolean {
  const isNear = typed[0] === meant[0] || (typed[0] === meant[1] && typed[1] === meant[0])
  return isNear && sortedLetters(typed) === sortedLetters(meant)
}

function sortedLetters(word: string): string {
  return word.split('').toSorted().join('')
}
