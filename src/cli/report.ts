import type { ServeError } from '../errors/serve-error.ts'
import type { Warning } from '../errors/warning.ts'
import { renderError, renderJsonError, renderJsonWarning, renderWarning, toServeError } from './print.ts'
import type { Output, Program } from './program.ts'
import { terminalOf, type Terminal } from './terminal.ts'

/** How much is said, and in which form. */
export interface Manner {
  readonly quiet: boolean
  readonly verbose: boolean
  readonly json: boolean
}

/** What a report is made from. */
export interface ReportOptions extends Manner {
  /** What an error or a warning suggests, for the one who typed the command. */
  readonly wayOut: (problem: ServeError | Warning) => string | undefined
}

/** The command's voice: what was asked for goes to standard output, errors and warnings to standard error. */
export interface Report {
  /** Standard output as a terminal. */
  readonly terminal: Terminal
  /** Prints what was asked for. */
  print(text: string): void
  /** Prints an error and tells its exit code. */
  error(thrown: unknown): number
  /** Prints a warning, unless quiet. */
  warning(warning: Warning): void
  /** Waits until everything printed has left, then ends the process. */
  leave(exitCode: number): Promise<void>
}

/** Makes the report of a program. */
export function createReport(program: Program, manner: ReportOptions): Report {
  const { stdout, stderr, env } = program
  const terminal = terminalOf(stdout, env)
  const errors = terminalOf(stderr, env)
  return {
    terminal,
    print: (text) => void stdout.write(text),
    error(thrown) {
      const error: ServeError = toServeError(thrown)
      const hint = manner.wayOut(error)
      stderr.write(manner.json ? renderJsonError(error, hint) : renderError(error, hint, errors, manner.verbose))
      return error.exitCode
    },
    warning(warning) {
      if (manner.quiet) return
      const hint = manner.wayOut(warning)
      stderr.write(manner.json ? renderJsonWarning(warning, hint) : renderWarning(warning, hint, errors))
    },
    async leave(exitCode) {
      // A pipe takes its text asynchronously on some systems; process.exit would cut it off.
      await Promise.all([written(stdout), written(stderr)])
      program.exit(exitCode)
    },
  }
}

function written(output: Output): Promise<void> {
  return new Promise((resolve) => void output.write('', () => resolve()))
}
