import { basename } from 'node:path'
import type { Server8008 } from '../../server/types.ts'
import type { OutputOptions, Reporter } from '../output/reporter.ts'
import type { Environment } from '../../config/sources/env.ts'

/** Ends the command. */
export interface Shutdown {
  /** Closes the server, once, and then the process. */
  stop(): void
  isStopping(): boolean
}

/** Milliseconds after which a person sees what the closing waits for. */
const patienceMs = 300

/** Makes the shutdown of a server; an error while closing is a runtime error. */
export function createShutdown(server: Server8008, report: Reporter, output: OutputOptions): Shutdown {
  let stopping = false

  async function close(): Promise<void> {
    const silent = output.quiet || output.json || !report.terminal.isTerminal
    const notice = silent
      ? undefined
      : setTimeout(() => report.print('\n  Finishing open replies; press ^C again to stop now.\n'), patienceMs)
    // The terminal has just shown ^C: the prompt gets a line of its own.
    if (!silent) report.print('\n')
    const exitCode = await server.close().then(
      () => 0,
      (error: unknown) => report.error(error),
    )
    clearTimeout(notice)
    await report.leave(exitCode)
  }

  return {
    stop() {
      if (stopping) return
      stopping = true
      void close()
    },
    isStopping: () => stopping,
  }
}

/** Exit codes of a forced end: 128 and the signal's number, as a shell reports a process that a signal killed. */
const forcedExitCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGBREAK: 149, SIGTERM: 143 }

/** What {@link onSignals} needs of the process and gives back to it. */
export interface SignalActions {
  readonly env: Environment
  on(event: string, listener: (cause: unknown) => void): void
  /** Milliseconds on a clock that only goes forward. */
  elapsed(): number
  /** The first signal: finish what is under way and leave. */
  drain(): void
  /** A second one: leave now, with this exit code. */
  force(exitCode: number): void
}

/**
 * A terminal sends ^C to every process in the foreground, and npm and npx forward it to their child, so one keystroke
 * causes two signals. A second SIGINT within this many milliseconds is such an echo: no user presses a key twice so fast.
 */
const echoMs = 200

/**
 * Ends the program on SIGINT, SIGTERM, SIGHUP and, on Windows, SIGBREAK: the first signal drains, the second forces.
 * Node undoes what nohup(1) did to SIGHUP; so under nohup, which shells name in `_`, that signal is ignored again.
 */
export function onSignals(actions: SignalActions): void {
  const detached = basename(actions.env['_'] ?? '') === 'nohup'
  let first: { readonly name: string; readonly at: number } | undefined
  for (const [name, exitCode] of Object.entries(forcedExitCodes)) {
    actions.on(name, () => {
      if (name === 'SIGHUP' && detached) return
      const at = actions.elapsed()
      if (first === undefined) {
        first = { name, at }
        actions.drain()
      } else if (name !== 'SIGINT' || first.name !== 'SIGINT' || at - first.at > echoMs) {
        actions.force(exitCode)
      }
    })
  }
}
