import { latePattern } from '../../core/util/late-pattern.ts'
import { printable } from '../../core/util/sanitize.ts'

const coded = /(?:%[89A-F][0-9A-F])+/gi

/** Letters, marks, numbers, punctuation, symbols and what joins emoji: no separators. */
const readable = latePattern(String.raw`^[\p{L}\p{M}\p{N}\p{P}\p{S}\u200d]+$`)
/** Right-to-left text (UAX #9, blocks whose default is R or AL) would reorder the columns of its line. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
const braillePatternBlank = '\u2800'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A request-target with decoded letters: `/gr%C3%BC%C3%9Fe` is `/grüße`. ASCII stays encoded, since `%2F`, `%20` and `%25`
 * are other paths than `/`, a blank and `%`; so do bytes that are not UTF-8, and what {@link printable} would escape.
 */
export function readableTarget(target: string): string {
  return target.includes('%') ? target.replace(coded, decoded) : target
}

function decoded(run: string): string {
  try {
    const text = decoder.decode(Buffer.from(run.replaceAll('%', ''), 'hex'))
    const isReadable = readable().test(text) && !rightToLeft.test(text) && !text.includes(braillePatternBlank)
    return isReadable && printable(text) === text ? text : run
  } catch {
    return run
  }
}
