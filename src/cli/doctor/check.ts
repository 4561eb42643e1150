import { readFileSync } from 'node:fs'
import type { Finding } from '../../scan/scan.ts'
import type { DoctorCode } from '../../core/finding-texts.ts'
import { isServeError } from '../../core/serve-error.ts'
import { thrownMessage } from '../../core/util/thrown-text.ts'

/** What a check saw. */
export interface Seen {
  /** One line, without a full stop. */
  readonly seen: string
  /** None where all is well. */
  readonly findings?: readonly Finding[]
}

/** A check of the machine. It changes nothing and needs no network beyond the loopback. */
export interface Check {
  /** A key of `--json`; never renamed. */
  readonly name: string
  /** The command that shows more, for a check that fails or takes too long. */
  readonly command: string
  look(): Seen | Promise<Seen>
}

/** The result of a check. */
export interface CheckResult extends Seen {
  readonly name: string
  readonly findings: readonly Finding[]
}

/** Milliseconds that a check may take. */
const mostMs = 1000

/**
 * Runs checks one after another, so that none takes the processor from another's second. One that fails or takes longer is
 * a finding, and stops no other.
 */
export async function runChecks(checks: readonly Check[], limitMs: number = mostMs): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const check of checks) {
    const { name, command } = check
    try {
      results.push({ findings: [], ...(await within(limitMs, check)), name })
    } catch (error) {
      results.push({ name, ...failure(error, command) })
    }
  }
  return results
}

async function within(limitMs: number, check: Check): Promise<Seen> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Seen>((resolve) => {
    const seen = `no answer within ${limitMs / 1000} s`
    const why = `The check "${check.name}" takes longer than ${limitMs / 1000} s.`
    timer = setTimeout(() => resolve({ seen, findings: [note('D8008_SLOW', why, check.command)] }), limitMs)
  })
  try {
    return await Promise.race([check.look(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** What a check saw that ended in an error: its sentence and its hint. */
function failure(error: unknown, command: string): { seen: string; findings: Finding[] } {
  if (!isServeError(error))
    return { seen: 'failed', findings: [warning('D8008_FAILED', thrownMessage(error), command)] }
  const hint = error.hint ?? command
  return { seen: error.code, findings: [{ code: error.code, severity: 'warning', why: error.message, fix: hint }] }
}

/** Worth knowing, and no fault. */
export function note(code: DoctorCode, why: string, fix: string): Finding {
  return { code, severity: 'note', why, fix }
}

/** A fault, which makes the exit code 1. */
export function warning(code: DoctorCode, why: string, fix: string): Finding {
  return { code, severity: 'warning', why, fix }
}

/** The text of a file of the system, or undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
