/** The table and the JSON of a comparison. */
import { cpus, loadavg, release } from 'node:os'
import type { Outcome, Round } from './compare.ts'
import { ours } from './peers.ts'
import { median, pairedRatio, spread } from './statistics.ts'

const heading = ['work', 'server', 'median', 'spread', 'µs', 'p99 ms', 'MiB', 'we: speed', 'we: µs']

/** Where, when and how. */
export function describeRun(command: string, isPinned: boolean): string {
  const model = cpus()[0]?.model ?? 'unknown'
  const place = isPinned ? 'server on one core, load and backend on another' : 'not pinned: one core'
  const load = loadavg()[0]?.toFixed(1)
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, Linux ${release()},`,
    `${cpus().length} × ${model.trim()}, ${place}, load at the start ${load}`,
  ].join('\n')
}

/**
 * A Markdown table: medians of the rounds; the spread is half of the distance between the lowest and the highest tenth. The last
 * two columns compare serve8008 with the server of the row in the same rounds: above 1 it is the faster or cheaper one.
 */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(rowsOf)
  const rule = heading.map((_, column) => (column < 2 ? '---' : '--:'))
  return [heading, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function rowsOf({ workload, unit, rounds, without }: Outcome): string[][] {
  const our = rounds[ours] ?? []
  const measured = Object.entries(rounds).map(([server, theirs]) => {
    const values = theirs.map(({ value }) => value)
    const ourValues = our.map(({ value }) => value)
    const speed = unit === 'ms' ? pairedRatio(values, ourValues) : pairedRatio(ourValues, values)
    const failed = theirs.reduce((sum, each) => sum + (each.failed ?? 0), 0)
    return [
      workload,
      failed === 0 ? server : `${server} (${failed} failed)`,
      `${figure(median(values))} ${unit}`,
      values.length > 1 ? figure(spread(values) * 100, ' %') : '',
      figure(median(all(theirs, 'cpu'))),
      figure(median(all(theirs, 'p99Ms'))),
      figure(median(all(theirs, 'memory'))),
      server === ours ? '1' : ratio(speed),
      server === ours ? '1' : ratio(pairedRatio(all(theirs, 'cpu'), all(our, 'cpu'))),
    ]
  })
  const others = Object.entries(without).map(([server, reason]) => {
    const [first = ''] = reason.split('\n')
    return [workload, server, first, ...heading.slice(3).map(() => '')]
  })
  return [...measured, ...others]
}

function all(rounds: readonly Round[], key: 'cpu' | 'p99Ms' | 'memory'): number[] {
  return rounds.map((round) => round[key] ?? NaN)
}

function figure(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return ''
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}${unit}`
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : ''
}
