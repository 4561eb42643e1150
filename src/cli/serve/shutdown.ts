import type { Server8008 } from '../../server/types.ts'
import type { Manner, Report } from '../output/reporter.ts'

/** Ends the command. */
export interface Stopper {
  /** Closes the server, once, and then the process. */
  stop(): void
  isStopping(): boolean
}

/** Milliseconds after which a person is told what the closing waits for. */
const patienceMs = 300

/** Makes the stopper of a server; a closing that fails is a runtime error. */
export function createStopper(server: Server8008, report: Report, manner: Manner): Stopper {
  let stopping = false

  async function close(): Promise<void> {
    const silent = manner.quiet || manner.json || !report.terminal.isTerminal
    const notice = silent
      ? undefined
      : setTimeout(() => report.print('\n  Finishing replies under way; ^C again to leave now.\n'), patienceMs)
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
