import type { ErrorCode } from '../../core/codes.ts'
import { isServeError, ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { createStyle, wrapText, type Terminal } from './terminal.ts'
import { thrownMessage } from '../../core/util/thrown-text.ts'
import { asSentence } from '../../core/util/sentence.ts'
import { isCommandHint, isWholeCommand } from '../args/command-line.ts'

/** Turns what was thrown into a ServeError: E8008_INTERNAL unless it is one. */
export function toServeError(thrown: unknown): ServeError {
  if (isServeError(thrown)) return thrown
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_ACCESS_DENIED') return notPermitted(thrown)
  return new ServeError('E8008_INTERNAL', `Something failed inside serve8008: ${thrownMessage(thrown)}`, {
    cause: thrown,
  })
}

/** The permission model of Node names the flag in its message, and the file, if it is about one. Its folder is allowed. */
function notPermitted(cause: Error & { readonly resource?: unknown }): ServeError {
  const [flag = '--allow-fs-read'] = /--allow-[a-z-]+/.exec(cause.message) ?? []
  const file = flag.startsWith('--allow-fs') ? String(cause.resource) : ''
  const allowed = file && `=${file.replace(/[/\\][^/\\]*\.\w+$/, '')}`
  return new ServeError('E8008_PERMISSION', `The permissions of Node deny ${file || 'this'}.`, {
    hint: `start node with ${shellQuote(flag + allowed)}, or without --permission`,
    cause,
  })
}

/** Headlines for errors whose message lists the problems that are shown below it. */
const headlines: Partial<Record<ErrorCode, string>> = {
  E8008_CONFIG_INVALID: 'The configuration has several problems:',
  E8008_PORTS_HELD: 'No port is free:',
}

/**
 * An error for a person: the sentence, every problem, then the code and the hint. The stack only if `verbose`. On a
 * terminal long lines break at words; in a pipe they stay whole.
 */
export function renderError(error: ServeError, hint: string | undefined, terminal: Terminal, verbose: boolean): string {
  const style = createStyle(terminal.color)
  // One problem alone is the sentence itself.
  const problems = error.problems.length > 1 ? error.problems : []
  const headline = problems.length === 0 ? error.message : (headlines[error.code] ?? error.message)
  const lines = [
    ...fitted(printable(headline), terminal).map((line) => style.red(line)),
    ...problems.flatMap((problem) => fitted(`  - ${printable(problem)}`, terminal, '    ')),
    ...hintLines(error.code, problems.length > 0 && error.fix === undefined ? undefined : hint, terminal).map((line) =>
      line.replace(error.code, style.bold(error.code)),
    ),
    ...(verbose ? stackLines(error).map((line) => style.dim(line)) : []),
  ]
  const text = lines.map((line) => `${marginOf(terminal)}${line}\n`).join('')
  return terminal.isTerminal ? `\n${text}\n` : text
}

/**
 * An error for a program: one line `{ "error": { code, message, hint, command, problems, exitCode } }`, with `file`, `line`
 * and `column` where a config file cannot be read, and with `url` and `pid` of the server that serves the folder already.
 * `command` is the hint where that can be run as it is. Both are null if there is none.
 */
export function renderJsonError(error: ServeError, hint: string | undefined): string {
  const { code, message, problems, exitCode, place, running } = error
  return `${printableJson({ error: { code, message, ...hints(hint), problems, exitCode, ...place, ...running } })}\n`
}

/** A warning for a person: a sentence, and perhaps what to do. */
export function renderWarning(warning: Warning, hint: string | undefined, terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const indent = ' '.repeat('warning  '.length)
  const lines = [
    ...fitted(`warning  ${printable(warning.message)}`, terminal, indent),
    ...(hint === undefined
      ? []
      : fitted(`${indent}${printable(hintText(hint))}`, terminal, isCommandHint(hint) ? `${indent}     ` : indent)),
  ]
  return lines.map((line) => `${marginOf(terminal)}${line.replace(/^warning/, style.yellow('warning'))}\n`).join('')
}

interface Hints {
  readonly hint: string | null
  readonly command: string | null
}

interface WarningFacts extends Hints {
  readonly code: string
  readonly message: string
}

/** A warning for a program: one line `{ "warning": { code, message, hint, command } }`, as in {@link renderJsonError}. */
export function renderJsonWarning(warning: Warning, hint: string | undefined): string {
  return `${printableJson({ warning: warningFacts(warning, hint) })}\n`
}

/** A warning in JSON, with the same keys in every output. */
export function warningFacts({ code, message }: Warning, hint: string | undefined): WarningFacts {
  return { code, message, ...hints(hint) }
}

function hints(hint: string | undefined): Hints {
  return { hint: hint ?? null, command: hint !== undefined && isWholeCommand(hint) ? hint : null }
}

/** The code and the hint on one line, or on two where that is too long: a command is not broken up. */
function hintLines(code: string, hint: string | undefined, terminal: Terminal): string[] {
  if (hint === undefined) return [code]
  const text = printable(hintText(hint))
  const line = `${code}   ${text}`
  if (!terminal.isTerminal || line.length <= terminal.columns - marginOf(terminal).length) return [line]
  return [code, ...(isCommandHint(hint) ? [text] : fitted(text, terminal))]
}

function fitted(text: string, terminal: Terminal, indent = ''): string[] {
  return terminal.isTerminal ? wrapText(text, terminal.columns - marginOf(terminal).length, indent) : [text]
}

function marginOf(terminal: Terminal): string {
  return terminal.isTerminal ? '  ' : ''
}

function stackLines(error: Error): string[] {
  const own = (error.stack ?? '').split('\n').map((line) => printable(line))
  return error.cause instanceof Error ? [...own, 'caused by:', ...stackLines(error.cause)] : own
}

/** A hint as a person reads it: `try:` and the command, or a sentence. */
export function hintText(hint: string): string {
  return isCommandHint(hint) ? `try: ${hint}` : asSentence(hint)
}
