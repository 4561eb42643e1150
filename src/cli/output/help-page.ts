import type { Rows } from './command-texts.ts'
import type { Flag } from '../args/flags.ts'
import { createStyle } from './style.ts'
import type { Terminal } from './terminal.ts'
import { wrapText } from './wrap-text.ts'

/** Widest the help grows: longer lines read badly. */
const widest = 120
/** Column where descriptions begin. */
const descriptions = 28
/** Narrowest column of descriptions: where even that leaves no room they stand below their terms. */
const narrowest = 32

/** A page of help: 80 columns in a pipe, otherwise as wide as the terminal, up to 120. */
export function renderPage(
  name: string,
  subject: string,
  sections: readonly (readonly [title: string, rows: Rows])[],
  notes: readonly string[],
  terminal: Terminal,
): string {
  const style = createStyle(terminal.color)
  const width = terminal.isTerminal ? Math.min(terminal.columns, widest) : 80
  const paragraphs = (texts: readonly string[]): string =>
    texts.flatMap((text) => wrapText(text, width, /^ */.exec(text)?.[0])).join('\n')
  const shown = [
    ...sections
      .filter(([, rows]) => rows.length > 0)
      .map(([title, rows]) => [title, rows.map(([term, text]) => renderRow(term, text, width)).join('')] as const),
    ...(notes.length === 0 ? [] : [['Notes', `${paragraphs(notes.map((note) => `  ${note}`))}\n`] as const]),
  ]
  const body = shown.map(([title, text]) => `${style.bold(title)}\n${text}`).join('\n')
  return `${paragraphs([`${style.bold(name)}${subject}`])}\n\n${body}`
}

/** A flag with its names, its value, what it does, and its default. */
export function flagRow(flag: Flag): Rows[number] {
  const letter = flag.aliases.find((alias) => alias.length === 1)
  const value = flag.valueName === '' ? '' : flag.kind === 'optional' ? ` [${flag.valueName}]` : ` ${flag.valueName}`
  const isOn = flag.kind === 'boolean' && flag.default === 'on'
  const term = `${letter === undefined ? '    ' : `-${letter}, `}--${isOn ? '[no-]' : ''}${flag.name}${value}`
  const choices = flag.choices.filter((choice) => !flag.description.includes(choice))
  const named = choices.length === 0 ? '' : ` One of ${flag.choices.join(', ')}.`
  const standard = flag.default === '' || flag.default === 'off' ? '' : ` Default ${flag.default}.`
  return [term, flag.description + named + standard]
}

function renderRow(term: string, text: string, width: number): string {
  const head = `  ${term}`
  const isNarrow = width - descriptions < narrowest
  const indent = ' '.repeat(isNarrow ? 8 : descriptions)
  const stands = !isNarrow && head.length + 1 < descriptions
  const lines = wrapText(stands ? head.padEnd(descriptions) + text : indent + text, width, indent)
  return [...(stands ? [] : [head]), ...lines].map((line) => `${line}\n`).join('')
}
