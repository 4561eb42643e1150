import { spawn } from 'node:child_process'
import { ServeError } from '../../core/serve-error.ts'
import type { Step } from '../../tls/trust/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { confirm, canPrompt } from './prompt.ts'
import { commandWords, type FoundStore, type Rights } from './open-authority.ts'
import type { Program } from '../process-io.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'

/** A change of some stores. */
export interface TrustChange {
  /** As it is typed: `trust`, `trust --renew` or `untrust`. */
  readonly command: string
  readonly stores: readonly FoundStore[]
  readonly stepsOf: (found: FoundStore) => readonly Step[]
  /** Runs after the confirmation and before the commands. */
  readonly prepare?: () => Promise<void>
  readonly rights: Rights
  readonly program: Program
  /** Whether to change it without confirmation. */
  readonly yes: boolean
  readonly quiet: boolean
  /** One JSON object a line goes to standard error, and no question. */
  readonly json: boolean
}

/**
 * Shows every command that a change takes, asks, and runs them.
 *
 * @returns what went wrong by store, or undefined where the answer was no.
 * @throws ServeError `E8008_USAGE` without a terminal to confirm in and without `--yes`.
 */
export async function applyTrustChanges(change: TrustChange): Promise<ReadonlyMap<FoundStore, string> | undefined> {
  const { command, stores, stepsOf, prepare, rights, program, yes, quiet, json } = change
  const tell = (text: string): void => void (json || (quiet && yes) ? undefined : program.stderr.write(text))
  if (stores.length > 0) tell('These commands will be run:\n')
  for (const found of stores) {
    tell(`  # ${printable(found.store.name)}\n`)
    for (const step of stepsOf(found)) tell(`  ${printable(stepText(step, rights))}\n`)
  }
  if (!yes) {
    if (json || !canPrompt(program)) {
      throw new ServeError(
        'E8008_USAGE',
        'This is not a terminal, so the change cannot be confirmed. Nothing was changed.',
        {
          hint: `serve8008 ${command} --yes`,
        },
      )
    }
    if (!(await confirm(stores.length > 0 ? 'Run them?' : 'Continue?', program))) return undefined
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

/** The same as a person would type it. */
export function stepText(step: Step, rights: Rights): string {
  return commandWords(step, { ...rights, isInteractive: true })
    .map(shellQuote)
    .join(' ')
}

/** Runs a command and resolves to what went wrong, in words, or to undefined. */
export function runStep(step: Step, rights: Rights): Promise<string | undefined> {
  const [program = '', ...words] = commandWords(step, rights)
  return new Promise((resolve) => {
    // sudo asks for the password on the terminal itself.
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ENOENT' ? `${program} is not installed` : error.message)
    })
    child.on('close', (code) => {
      const last = text.trim().split('\n').at(-1) ?? ''
      resolve(code === 0 || step.mayFail === true ? undefined : last === '' ? `${program} ended with ${code}` : last)
    })
  })
}
