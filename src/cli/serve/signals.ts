import { basename } from 'node:path'
import type { Environment } from '../../config/sources/env.ts'

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
 * A terminal sends ^C to every process in front, and npm and npx send on to their child what they got: one keystroke,
 * two signals. A second SIGINT within this many milliseconds is that echo; no hand is so fast.
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
