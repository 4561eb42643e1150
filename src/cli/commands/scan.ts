import { printableJson } from '../../core/util/sanitize.ts'
import { isOn, type Command } from '../args/command.ts'
import { portWords } from '../args/port-words.ts'
import type { Finding, ScanResult } from '../../scan/scan.ts'
import type { Program } from '../process-io.ts'
import type { StaleEntry } from '../stale-entries.ts'
import type { Reporter } from '../output/reporter.ts'
import { only, printingFlags, type CommandDefinition } from './definition.ts'
import type { WholeScan } from './scan-facts.ts'

export const scanCommand: CommandDefinition = {
  command: 'scan [ports..]',
  describe: 'show what listens on the ports of this machine, who can reach it, and whether it is safe',
  flags: [
    only('all', ['a'], 'Show ports of the system and short-lived ones too.'),
    only('watch', ['w'], 'Look again every 2 seconds, and print what has changed.'),
    ...printingFlags,
  ],
  usage: [['serve8008 scan [ports]', 'all that listens, or these ports: 3000, 3000-3010 or 3000,8008']],
  examples: [
    ['serve8008 scan', 'everything, by project'],
    ['serve8008 scan 3000 8008', 'these two, also when nothing listens there'],
    ['serve8008 scan --json', 'one line for programs'],
  ],
  notes: [
    'It asks each port a few questions over loopback; nothing leaves this machine, and nothing is changed.',
    'The exit code is 1 when a finding is dangerous.',
  ],
  row: ['serve8008 scan', 'show what listens on your ports, and whether it is safe'],
  handler: scanOnce,
}

/** Milliseconds between two looks of --watch. */
const watchMs = 2000

/**
 * `serve8008 scan`: what listens on this machine. With --json one line: `{ "ports": [ … ], "idle": [ … ] }`.
 *
 * @throws ServeError E8008_USAGE for a word that is not a port
 */
async function scanOnce(command: Command, { env }: Program, report: Reporter): Promise<number> {
  const [{ scanPorts }, { renderScan }, { scanFacts }, { staleEntries }, { defaults }] = await Promise.all([
    import('../../scan/scan.ts'),
    import('./scan-table.ts'),
    import('./scan-facts.ts'),
    import('../stale-entries.ts'),
    import('../../config/options/option-table.ts'),
  ])
  const { json, quiet, values, words } = command
  const ports = portWords(words, 'scan')
  const given = ports.length > 0 ? { ports } : { expected: [...(defaults.port as readonly number[])] }
  const isWhole = isOn(values, 'all') || ports.length > 0
  let previous = await scanPorts(given)
  let shown = ''
  const print = (): void => {
    const whole = withEntries(previous, staleEntries(env, previous.ports), ports)
    const facts = scanFacts(whole)
    const state = JSON.stringify(facts, (key, value: unknown) => (key === 'clients' ? 0 : value))
    if (state === shown || (quiet && !json)) return
    const view = { isWhole, verbose: command.verbose, now: Date.now() }
    const text = json ? `${printableJson(facts)}\n` : renderScan(whole, view, report.terminal)
    report.print(shown === '' || json ? text : `\n${new Date().toTimeString().slice(0, 8)}\n${text}`)
    shown = state
  }
  print()
  while (isOn(values, 'watch')) {
    await new Promise((done) => setTimeout(done, watchMs))
    previous = await scanPorts({ ...given, previous })
    print()
  }
  return previous.ports.some(({ findings }) => findings.some(({ severity }) => severity === 'danger')) ? 1 : 0
}

/** Adds what is wrong in the registry of servers: to the rows of the port, or where it has none, behind all rows. */
function withEntries(result: ScanResult, entries: readonly StaleEntry[], asked: readonly number[]): WholeScan {
  const findingOf = ({ severity, why, fix }: StaleEntry): Finding => ({ code: 'S8008_REGISTRY', severity, why, fix })
  const findingsAt = (at: number): Finding[] => entries.filter(({ port }) => port === at).map(findingOf)
  const rest = entries.filter(
    ({ port = 0 }) => !result.ports.some((row) => row.port === port) && (asked.length === 0 || asked.includes(port)),
  )
  const ports = result.ports.map((row) => ({ ...row, findings: [...row.findings, ...findingsAt(row.port)] }))
  return { ...result, ports, findings: rest.map(findingOf) }
}
