import type { Environment } from '../../config/sources/env.ts'

/** Where text goes and what may be done to it there. */
export interface Terminal {
  /** Whether a person looks at it; false for a pipe or a file. */
  readonly isTerminal: boolean
  /** Whether colours may be used. */
  readonly color: boolean
  /** Width in characters. */
  readonly columns: number
}

/** Describes a stream: a pipe is no terminal, and a continuous integration log is none either. */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Environment,
): Terminal {
  const isTerminal = stream.isTTY === true
  return {
    isTerminal: isTerminal && !isContinuousIntegration(env),
    color: wantsColor(isTerminal, env),
    // A terminal may be resized.
    get columns() {
      return isTerminal && stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80
    },
  }
}

/** Columns that a line of the log may take now; in a pipe or a file a line is as long as it is. */
export function lineColumns({ isTerminal, columns }: Terminal): number | undefined {
  return isTerminal ? columns : undefined
}

/**
 * Whether to colour. FORCE_COLOR decides first, as it does in Node itself: `0` and `false` are no, everything else is
 * yes. Then NO_COLOR (any value but the empty one) and TERM=dumb say no; then it takes a terminal that is not CI.
 */
export function wantsColor(isTerminal: boolean, env: Environment): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  return isTerminal && env['TERM'] !== 'dumb' && !isContinuousIntegration(env)
}

/** Whether a continuous integration system runs us: no browser, no colours, no pictures. */
export function isContinuousIntegration(env: Environment): boolean {
  const value = env['CI']
  return value !== undefined && value !== '' && value !== '0' && value !== 'false'
}
