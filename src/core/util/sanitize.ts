import { latePattern } from './late-pattern.ts'

const plain = /^[\x20-\x7e]*$/

/** An emoji as people type it, of up to four that are joined: `❤️` and a family hold characters that are escaped elsewhere. */
const emoji = String.raw`[0-9#*]\ufe0f\u20e3|(?=\p{Emoji})\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?(?:\u200d(?=\p{Emoji})\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?){0,3}`
/**
 * Characters that may control a terminal or forge a line: controls (C0, C1, DEL), format characters (bidi, zero width,
 * tags: CVE-2021-42574), lone surrogates, line and paragraph separators, and all that is never visible (fillers,
 * selectors). Marks are combined with the character before them.
 */
const unprintable = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`
const control = latePattern(unprintable)
const suspect = latePattern(String.raw`(${emoji})|(?:${unprintable}|\p{M})+`, 'gu')

/** Marks that a character keeps: pointed Hebrew has three. More of them reach into the lines above and below. */
const mostMarks = 3

/**
 * Makes text safe to print: escapes characters that control a terminal (`\x1b`, `\u202e`) or are invisible, and floods of
 * combining marks. Required for every text from
 * a client, a file name or another process.
 *
 * @param max Longest result in UTF-16 code units; a longer one is cut and ends in `…`. Default: no bound.
 */
export function printable(text: string, max: number = Number.POSITIVE_INFINITY): string {
  if (max < 1) return ''
  // Cut first: the cost must not grow with the text of a client.
  const head = text.length > max ? text.slice(0, max + 1) : text
  const shown = plain.test(head) ? head : escapeSuspects(head, visible)
  if (shown.length <= max) return shown
  const cut = shown.slice(0, max - 1)
  return `${endsInHalf(cut) ? cut.slice(0, -1) : cut}…`
}

/**
 * JSON text with `\u` escapes for characters that control a terminal. JSON.stringify() does not escape DEL, C1, bidi
 * controls and line separators. The value is the same (RFC 8259 section 7).
 */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value)
  return plain.test(json) ? json : escapeSuspects(json, (text) => text.split('').map(unicodeEscape).join(''))
}

function escapeSuspects(text: string, escape: (character: string) => string): string {
  return text.replace(suspect(), (found: string, whole: string | undefined) => {
    if (whole !== undefined) return whole
    let marks = 0
    return Array.from(found, (character) => {
      // What is escaped is a visible text, with which the next mark is combined.
      marks = control().test(character) ? 0 : marks + 1
      return marks > 0 && marks <= mostMarks ? character : escape(character)
    }).join('')
  })
}

function visible(text: string): string {
  const code = text.codePointAt(0) as number
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? unicodeEscape(text) : `\\u{${code.toString(16)}}`
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
