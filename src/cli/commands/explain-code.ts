import { nearest } from '../../config/diagnostic.ts'
import { errorCodes, isReplyCode, type ErrorCode } from '../../core/codes.ts'
import { errorTexts, type CodeText } from '../../core/error-texts.ts'
import { checkTexts, doctorTexts, scanTexts, type FindingText } from '../../core/finding-texts.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { warningTexts } from '../../core/warning-texts.ts'
import { createStyle, wrapText, type Terminal } from '../output/terminal.ts'

/** Widest column of text: longer lines read badly. */
const widest = 100

/** What is said about each kind of code. */
interface Explained {
  readonly meaning: string
  /** The usual cause of an error or a warning, null for a finding. */
  readonly cause: string | null
  /** Why a finding matters, null for the others. */
  readonly effect: string | null
  readonly remedy: string
}

/**
 * What a code means, its usual cause or why it matters, and what to do. With `json` one line:
 * `{ "code", "meaning", "cause", "effect", "remedy", "exitCode", "status" }`; both numbers null for a warning or a finding, the exit
 * code for an error of a request.
 *
 * @throws ServeError `E8008_USAGE` for an unknown code, with the nearest one
 */
export function explainCode(word: string, terminal: Terminal, json: boolean): string {
  const texts: Readonly<Record<string, CodeText | FindingText>> = {
    ...errorTexts,
    ...warningTexts,
    ...scanTexts,
    ...checkTexts,
    ...doctorTexts,
  }
  const code = word.toUpperCase().replaceAll('-', '_')
  const text = Object.hasOwn(texts, code) ? texts[code] : undefined
  if (text === undefined) throw unknownCode(code, Object.keys(texts))
  const { meaning, cause, effect, remedy }: Explained = { cause: null, effect: null, ...text }
  const error = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : undefined
  const isReply = error !== undefined && isReplyCode(error)
  const exitCode = error === undefined || isReply ? null : errorCodes[error].exitCode
  const status = error === undefined ? null : errorCodes[error].status
  if (json) return `${printableJson({ code, meaning, cause, effect, remedy, exitCode, status })}\n`
  const style = createStyle(terminal.color)
  const kind = error === undefined ? kindOf(code) : isReply ? `HTTP status ${status}` : `exit code ${exitCode}`
  const width = terminal.isTerminal ? Math.min(terminal.columns, widest) : 80
  const row = (label: string, content: string | null): string => {
    if (content === null) return ''
    const [first = '', ...rest] = wrapText(
      `  ${label.padEnd(labelColumns)}${content}`,
      width,
      ' '.repeat(labelColumns + 2),
    )
    return [first.replace(label, style.dim(label)), ...rest].map((line) => `${line}\n`).join('')
  }
  const labelColumns = effect === null ? 12 : 16
  const rows =
    row('Meaning', meaning) + row('Usual cause', cause) + row('Why it matters', effect) + row('What to do', remedy)
  return `\n  ${style.bold(code)}   ${style.dim(kind)}\n\n${rows}\n`
}

/** What reports a code that is no error. */
function kindOf(code: string): string {
  const reporters = [
    ['scan', scanTexts],
    ['verify', checkTexts],
    ['doctor', doctorTexts],
  ] as const
  const commands = reporters.flatMap(([name, texts]) => (Object.hasOwn(texts, code) ? [`serve8008 ${name}`] : []))
  return commands.length === 0 ? 'warning' : `finding of ${commands.join(' and ')}`
}

function unknownCode(code: string, known: readonly string[]): ServeError {
  const name = code.replace(/^[DEWS]\d+_?/, '')
  // A code of the same kind first: E8008_PORTS is rather an error than the finding D8008_PORTS.
  const meant = [known.filter((each) => each[0] === code[0]), known]
    .map((codes) => nearest(code, codes) ?? codes.find((each) => name !== '' && each.includes(name)))
    .find((each) => each !== undefined)
  return new ServeError('E8008_USAGE', `There is no code ${printable(code)}.`, {
    hint: meant === undefined ? 'serve8008 help codes' : `serve8008 explain ${meant}`,
  })
}
