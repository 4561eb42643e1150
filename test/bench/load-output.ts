import { quantile } from './statistics.ts'

/** What a load has met. */
export interface Load {
  /** Requests, messages or events that were answered. */
  readonly count: number
  readonly perSecond: number
  /** Milliseconds that 99 of 100 do not exceed. */
  readonly p99Ms: number
  /** Connections that broke, requests without an answer, and answers of another class than the expected one. */
  readonly failed: number
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Reads what `wrk --latency` prints. It counts statuses from 400 alone: those are wanted where `refuses` is true. */
export function parseWrk(output: string, refuses = false): Load {
  const count = numberOf(/(\d+) requests in/, output)
  const refused = /Non-2xx or 3xx responses: (\d+)/.test(output) ? numberOf(/3xx responses: (\d+)/, output) : 0
  const [, ...errors] = /connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
  const broken = errors.reduce((sum, each) => sum + Number(each), 0)
  const [, p99 = '', unit = ''] = /\b99%\s+([\d.]+)(us|ms|s|m|h)\b/.exec(output) ?? []
  return {
    count,
    perSecond: numberOf(/Requests\/sec:\s+([\d.]+)/, output),
    p99Ms: p99 === '' ? NaN : Number(p99) * (units[unit] ?? NaN),
    failed: broken + (refuses ? count - refused : refused),
  }
}

/**
 * Reads what h2load prints, and its log: lines of the start, the status and the microseconds of each request. It ends with
 * requests on their way, which count as neither.
 */
export function parseH2load(output: string, log: string): Load {
  const times = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.split('\t')[2]) / 1000)
  const refused = numberOf(/(\d+) 4xx/, output) + numberOf(/(\d+) 5xx/, output)
  return {
    count: numberOf(/(\d+) succeeded/, output),
    perSecond: numberOf(/, ([\d.]+) req\/s/, output),
    p99Ms: quantile(times, 0.99),
    failed: refused + numberOf(/(\d+) timeout/, output),
  }
}

function numberOf(pattern: RegExp, output: string): number {
  const [, digits] = pattern.exec(output) ?? []
  if (digits === undefined) throw new Error(`The load printed no ${pattern.source}:\n${output}`)
  return Number(digits)
}
