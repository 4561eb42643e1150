import { nearest } from '../../config/diagnostic.ts'
import { errorCodes } from '../../core/codes.ts'
import { errorTexts, type CodeText } from '../../core/error-texts.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { warningTexts } from '../../core/warning-texts.ts'
import { createStyle, wrapText, type Terminal } from '../output/terminal.ts'

/** Widest column of text: longer lines read badly. */
const widest = 100

/**
 * What a code means, its usual cause and what to do. With `json` one line:
 * `{ "code", "meaning", "cause", "remedy", "exitCode", "status" }`, the last two null for a warning.
 *
 * @throws ServeError `E8008_USAGE` for an unknown code, with the nearest one
 */
export function explainCode(word: string, terminal: Terminal, json: boolean): string {
  const texts: Readonly<Record<string, CodeText>> = { ...errorTexts, ...warningTexts }
  const code = word.toUpperCase().replaceAll('-', '_')
  const text = Object.hasOwn(texts, code) ? texts[code] : undefined
  if (text === undefined) throw unknownCode(code, Object.keys(texts))
  const { meaning, cause, remedy } = text
  const error = Object.hasOwn(errorCodes, code) ? errorCodes[code as keyof typeof errorCodes] : undefined
  const { exitCode = null, status = null } = error ?? {}
  if (json) return `${printableJson({ code, meaning, cause, remedy, exitCode, status })}\n`
  const style = createStyle(terminal.color)
  const kind =
    error === undefined ? 'warning' : error.status === 500 ? `exit code ${exitCode}` : `HTTP status ${status}`
  const width = terminal.isTerminal ? Math.min(terminal.columns, widest) : 80
  const row = (label: string, content: string): string => {
    const [first = '', ...rest] = wrapText(`  ${label.padEnd(12)}${content}`, width, ' '.repeat(14))
    return [first.replace(label, style.dim(label)), ...rest].map((line) => `${line}\n`).join('')
  }
  const rows = row('Meaning', meaning) + row('Usual cause', cause) + row('What to do', remedy)
  return `\n  ${style.bold(code)}   ${style.dim(kind)}\n\n${rows}\n`
}

function unknownCode(code: string, known: readonly string[]): ServeError {
  const name = code.slice('E8008_'.length)
  const meant = nearest(code, known) ?? known.find((each) => name !== '' && each.includes(name))
  return new ServeError('E8008_USAGE', `There is no code ${printable(code)}.`, {
    hint: meant === undefined ? 'serve8008 help explain' : `serve8008 explain ${meant}`,
  })
}
