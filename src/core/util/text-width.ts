import { latePattern } from './late-pattern.ts'

const ascii = /^[\x20-\x7e]*$/
/** Characters without a width: combining marks with variation selectors, and joiners. */
const joining = String.raw`(?:\p{M}|\u200B|\u200C|\u200D)`
const alone = latePattern(`^${joining}$`)
const atStart = latePattern(`^${joining}+`)
/** East Asian wide and full-width characters (Unicode UAX #11) and emoji that are shown as pictures. */
const wide = latePattern(
  String.raw`^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]$`,
)

/** Columns of printable text on a terminal. */
export function textWidth(text: string): number {
  if (ascii.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** Pads text with spaces to a width. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)))
}

/** Cuts text at its end to a width; a cut is shown as `…`. */
export function cutEnd(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  return columns < 1 ? '' : `${start(Array.from(text), columns - 1)}…`
}

/** Cuts text in its middle to a width, which keeps the start and the file name of a path. */
export function cutMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  const characters = Array.from(text)
  const tail = Array.from(start(characters.toReversed(), Math.floor((columns - 1) / 2)))
    .toReversed()
    .join('')
    // What joins the character before it would join the ellipsis.
    .replace(atStart(), '')
  return `${start(characters, columns - 1 - textWidth(tail))}…${tail}`
}

/** The first characters that fit. */
function start(characters: readonly string[], columns: number): string {
  let width = 0
  let end = 0
  for (const character of characters) {
    width += characterWidth(character)
    if (width > columns) break
    end++
  }
  return characters.slice(0, end).join('')
}

function characterWidth(character: string): number {
  if (alone().test(character)) return 0
  return wide().test(character) ? 2 : 1
}
