import { ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import { printable } from '../../core/util/sanitize.ts'
import { renderError, renderJsonError, renderJsonWarning, renderWarning, toServeError } from './render-problem.ts'
import { createPrinter, isReaderGone, mostQueuedBytes } from './printer.ts'
import type { Program } from '../process-io.ts'
import { terminalOf, type Terminal } from './terminal.ts'

/** How much is printed, and in which form. */
export interface OutputOptions {
  readonly quiet: boolean
  readonly verbose: boolean
  readonly json: boolean
}

/** What a report is made from. */
export interface ReporterOptions extends OutputOptions {
  /** The hint of an error or a warning, in terms of the command line. */
  readonly suggestFix: (problem: ServeError | Warning) => string | undefined
  /** Whether a server runs: it outlives lines that could not be written. Any other command has failed then. */
  readonly isServing?: boolean
}

/** Milliseconds that the end of a server waits for a reader of its output that has stalled. */
const finalWriteMs = 1000

/** Prints: results to standard output, errors and warnings to standard error. */
export interface Reporter {
  /** Standard output as a terminal. */
  readonly terminal: Terminal
  /** Prints a result. */
  print(text: string): void
  /** Prints an error and returns its exit code. */
  error(thrown: unknown): number
  /** Prints a warning, unless quiet. */
  warning(warning: Warning): void
  /** Waits until everything printed has left, then ends the process. */
  leave(exitCode: number): Promise<void>
}

/** Makes the report of a program. */
export function createReporter(program: Program, output: ReporterOptions): Reporter {
  const { stdout, stderr, env } = program
  const terminal = terminalOf(stdout, env)
  const errors = terminalOf(stderr, env)
  const isServing = output.isServing === true
  const bound = isServing ? { mostBytes: mostQueuedBytes } : {}
  const errorPrinter = createPrinter(stderr, bound)
  const printer = createPrinter(stdout, isServing ? { ...bound, onFailure: warnOfFailure, onLost: warnOfLoss } : {})

  function warnOfFailure(error: NodeJS.ErrnoException): void {
    const message = `${failureText(error)} serve8008 keeps serving and drops log lines until it can.`
    warning({ code: 'W8008_OUTPUT', message })
  }

  function warnOfLoss(lines: number, cause: NodeJS.ErrnoException | undefined): void {
    const why = cause === undefined ? 'standard output was not read fast enough' : causeText(cause)
    const message = `${lines} log ${lines === 1 ? 'line' : 'lines'} dropped: ${why}.`
    warning({ code: 'W8008_OUTPUT', message })
  }

  function warning(problem: Warning): void {
    if (output.quiet) return
    const hint = output.suggestFix(problem)
    errorPrinter.print(output.json ? renderJsonWarning(problem, hint) : renderWarning(problem, hint, errors))
  }

  function error(thrown: unknown): number {
    const problem: ServeError = toServeError(thrown)
    const hint = output.suggestFix(problem)
    errorPrinter.print(
      output.json ? renderJsonError(problem, hint) : renderError(problem, hint, errors, output.verbose),
    )
    return problem.exitCode
  }

  return {
    terminal,
    print: printer.print,
    error,
    warning,
    async leave(exitCode) {
      // A pipe takes its text asynchronously on some systems; process.exit would cut it off.
      await printer.written(isServing ? finalWriteMs : undefined)
      const { failure } = printer
      const lines = printer.takeLost()
      let code = exitCode
      if (failure !== undefined && isReaderGone(failure, stdout)) return program.exit(code)
      if (isServing && lines > 0) warnOfLoss(lines, failure)
      else if (!isServing && failure !== undefined) {
        const ours = error(outputError(failure))
        code = exitCode === 0 ? ours : exitCode
      }
      await errorPrinter.written(finalWriteMs)
      program.exit(code)
    },
  }
}

/** The error of a command whose output could not be written. */
export function outputError(cause: NodeJS.ErrnoException): ServeError {
  return new ServeError('E8008_OUTPUT', failureText(cause), { cause })
}

function failureText(error: NodeJS.ErrnoException): string {
  return `Standard output cannot be written (${causeText(error)}).`
}

/** `ENOSPC: no space left on device`, without the name of the system call. */
function causeText({ message }: NodeJS.ErrnoException): string {
  return printable(message.replace(/, \w+$/, ''))
}
