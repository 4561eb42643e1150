import type { Program } from '../process-io.ts'
import type { Manner, Report } from '../output/reporter.ts'

/** The keys as the banner names them. */
export const keyHint: readonly string[] = ['h help', 'o open', 'q QR code', 'r reload', '^C stop']

/** Whether keys are listened to: a person sits at both ends, and no program speaks for them. */
export function canUseKeys({ stdin }: Program, { quiet, json }: Manner, { terminal }: Report): boolean {
  // Standard input is opened only where standard output is a terminal.
  return !quiet && !json && terminal.isTerminal && stdin?.isTTY === true
}
