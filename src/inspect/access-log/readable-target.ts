const coded = /(?:%[89A-F][0-9A-F])+/gi

/**
 * Letters, marks, numbers, punctuation and symbols: no controls, format characters (bidi, zero width) and separators.
 * Right-to-left text stays encoded too (UAX #9, blocks whose default is R or AL): it would reorder the columns of its line.
 */
const readable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
/** Letters without a glyph: fillers of Hangul, and the blank of Braille. */
const blank = /[\u115f\u1160\u2800\u3164\uffa0]/

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A request-target with decoded letters: `/gr%C3%BC%C3%9Fe` is `/grüße`. ASCII stays encoded, since `%2F`, `%20` and `%25`
 * are other paths than `/`, a blank and `%`; so do bytes that are not UTF-8.
 */
export function readableTarget(target: string): string {
  return target.includes('%') ? target.replace(coded, decoded) : target
}

function decoded(run: string): string {
  try {
    const text = decoder.decode(Buffer.from(run.replaceAll('%', ''), 'hex'))
    return readable.test(text) && !rightToLeft.test(text) && !blank.test(text) ? text : run
  } catch {
    return run
  }
}
