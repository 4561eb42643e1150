import { ServeError } from '../../core/serve-error.ts'
import type { Step } from '../../tls/trust/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { ask, canAsk } from './ask.ts'
import type { FoundStore } from './open-authority.ts'
import type { Program } from '../process-io.ts'
import { runStep, stepText, type Rights } from './run-step.ts'

/** A change of some stores. */
export interface Change {
  /** As it is typed: `trust`, `trust --renew` or `untrust`. */
  readonly command: string
  readonly stores: readonly FoundStore[]
  readonly stepsOf: (found: FoundStore) => readonly Step[]
  /** Is done before the commands, once the answer is yes. */
  readonly prepare?: () => Promise<void>
  readonly rights: Rights
  readonly program: Program
  /** Whether to change it unasked. */
  readonly yes: boolean
  readonly quiet: boolean
  /** One JSON object a line goes to standard error, and no question. */
  readonly json: boolean
}

/**
 * Shows every command that a change takes, asks, and runs them.
 *
 * @returns what went wrong by store, or undefined where the answer was no.
 * @throws ServeError `E8008_USAGE` where nobody can be asked and nothing says yes.
 */
export async function changeTrust(change: Change): Promise<ReadonlyMap<FoundStore, string> | undefined> {
  const { command, stores, stepsOf, prepare, rights, program, yes, quiet, json } = change
  const tell = (text: string): void => void (json || (quiet && yes) ? undefined : program.stderr.write(text))
  if (stores.length > 0) tell('These commands will be run:\n')
  for (const found of stores) {
    tell(`  # ${printable(found.store.name)}\n`)
    for (const step of stepsOf(found)) tell(`  ${printable(stepText(step, rights))}\n`)
  }
  if (!yes) {
    if (json || !canAsk(program)) {
      throw new ServeError('E8008_USAGE', 'Nobody can be asked here, so nothing was changed.', {
        hint: `serve8008 ${command} --yes`,
      })
    }
    if (!(await ask(stores.length > 0 ? 'Run them?' : 'Go on?', program))) return undefined
  }
  await prepare?.()
  const problems = new Map<FoundStore, string>()
  for (const found of stores) {
    const problem = await runSteps(stepsOf(found), rights)
    if (problem !== undefined) problems.set(found, printable(`${found.store.name}: ${problem}`))
  }
  return problems
}

async function runSteps(steps: readonly Step[], rights: Rights): Promise<string | undefined> {
  for (const step of steps) {
    const problem = await runStep(step, rights)
    if (problem !== undefined) return problem
  }
  return undefined
}
