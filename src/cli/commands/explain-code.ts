import { nearest } from '../../config/diagnostic.ts'
import { errorCodes, isReplyCode, type ErrorCode } from '../../core/codes.ts'
import { errorTexts, isCode, type CodeText } from '../../core/error-texts.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { warningTexts } from '../../core/warning-texts.ts'
import { createStyle, wrapText, type Terminal } from '../output/terminal.ts'

/** Widest column of text: longer lines read badly. */
const widest = 100

/** Whether a word stands for a code: it is one, begins like one (`E9999`), or is in capitals, as no host or path is. */
export function seemsCode(word: string): boolean {
  return isCode(word) || /^[ew]\d+(?:_\w*)?$/i.test(word) || /^[A-Z][A-Z0-9_]+$/.test(word)
}

/**
 * What a code means, its usual cause and what to do. With `json` one line:
 * `{ "code", "meaning", "cause", "remedy", "exitCode", "status" }`, both null for a warning, the exit code for
 * an error of a request.
 *
 * @throws ServeError `E8008_USAGE` for an unknown code, with the nearest one
 */
export function explainCode(word: string, terminal: Terminal, json: boolean): string {
  const texts: Readonly<Record<string, CodeText>> = { ...errorTexts, ...warningTexts }
  const code = word.toUpperCase().replaceAll('-', '_')
  const text = Object.hasOwn(texts, code) ? texts[code] : undefined
  if (text === undefined) throw unknownCode(code, Object.keys(texts))
  const { meaning, cause, remedy } = text
  const error = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : undefined
  const isReply = error !== undefined && isReplyCode(error)
  const exitCode = error === undefined || isReply ? null : errorCodes[error].exitCode
  const status = error === undefined ? null : errorCodes[error].status
  if (json) return `${printableJson({ code, meaning, cause, remedy, exitCode, status })}\n`
  const style = createStyle(terminal.color)
  const kind = error === undefined ? 'warning' : isReply ? `HTTP status ${status}` : `exit code ${exitCode}`
  const width = terminal.isTerminal ? Math.min(terminal.columns, widest) : 80
  const row = (label: string, content: string): string => {
    const [first = '', ...rest] = wrapText(`  ${label.padEnd(12)}${content}`, width, ' '.repeat(14))
    return [first.replace(label, style.dim(label)), ...rest].map((line) => `${line}\n`).join('')
  }
  const rows = row('Meaning', meaning) + row('Usual cause', cause) + row('What to do', remedy)
  return `\n  ${style.bold(code)}   ${style.dim(kind)}\n\n${rows}\n`
}

function unknownCode(code: string, known: readonly string[]): ServeError {
  const name = code.replace(/^[EW]\d+_?/, '')
  const meant = nearest(code, known) ?? known.find((each) => name !== '' && each.includes(name))
  return new ServeError('E8008_USAGE', `There is no code ${printable(code)}.`, {
    hint: meant === undefined ? 'serve8008 help codes' : `serve8008 explain ${meant}`,
  })
}
