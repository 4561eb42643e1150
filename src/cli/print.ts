import { isServeError, ServeError } from '../errors/serve-error.ts'
import type { Warning } from '../server/types.ts'
import { printable, printableJson } from '../util/sanitize.ts'
import { createStyle } from './style.ts'
import type { Terminal } from './terminal.ts'

/** Makes a ServeError of whatever was thrown: what is not one of ours is a fault of the program, E8008_INTERNAL. */
export function toServeError(thrown: unknown): ServeError {
  if (isServeError(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new ServeError('E8008_INTERNAL', `Something failed inside serve8008: ${message}`, {
    hint: 'the same command with --verbose, which shows where',
    cause: thrown,
  })
}

/** An error for a person: the sentence, every problem, then the code and the way out. The stack only if `verbose`. */
export function renderError(error: ServeError, terminal: Terminal, verbose: boolean): string {
  const style = createStyle(terminal.color)
  const margin = terminal.isTerminal ? '  ' : ''
  const hint = error.hint === undefined ? '' : `   try: ${printable(error.hint)}`
  // One problem alone is the sentence itself.
  const problems = error.problems.length > 1 ? error.problems : []
  const lines = [
    style.red(printable(error.message)),
    ...problems.map((problem) => `  - ${printable(problem)}`),
    style.bold(error.code) + hint,
    ...(verbose ? stackLines(error).map((line) => style.dim(line)) : []),
  ]
  const text = lines.map((line) => `${margin}${line}\n`).join('')
  return terminal.isTerminal ? `\n${text}\n` : text
}

/** An error for a program: one line `{ "error": { code, message, hint, problems, exitCode } }`, `hint` null if none. */
export function renderJsonError(error: ServeError): string {
  const { code, message, hint = null, problems, exitCode } = error
  return `${printableJson({ error: { code, message, hint, problems, exitCode } })}\n`
}

/** A warning for a person, one line and perhaps a second with what to do. */
export function renderWarning(warning: Warning, terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const margin = terminal.isTerminal ? '  ' : ''
  const hint = warning.hint === undefined ? '' : `${margin}         try: ${printable(warning.hint)}\n`
  return `${margin}${style.yellow('warning')}  ${printable(warning.message)}\n${hint}`
}

/** A warning for a program: one line `{ "warning": { code, message, hint } }`, `hint` null if none. */
export function renderJsonWarning(warning: Warning): string {
  const { code, message, hint = null } = warning
  return `${printableJson({ warning: { code, message, hint } })}\n`
}

function stackLines(error: Error): string[] {
  const own = (error.stack ?? '').split('\n').map((line) => printable(line))
  return error.cause instanceof Error ? [...own, 'caused by:', ...stackLines(error.cause)] : own
}
