import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import type { CheckResult } from '../doctor/check.ts'
import type { Reporter } from '../output/reporter.ts'
import { createStyle, wrapText, type Style, type Terminal } from '../output/terminal.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'

export const doctorCommand: CommandDefinition = {
  command: 'doctor',
  describe: 'check this machine: ports, names, watching, trust, proxies, configuration',
  flags: printingFlags,
  usage: [['serve8008 doctor', 'what was seen, and a command for each finding']],
  examples: [['serve8008 doctor --json', 'one line for programs']],
  notes: ['It changes nothing, and connects to this machine only. The exit code is 1 when there is a warning.'],
  row: ['serve8008 doctor', 'check this machine, and say what to fix'],
  async handler(command, program, report) {
    const { examine } = await import('../doctor/doctor.ts')
    return showResults(await examine(program, report), command, report)
  },
}

/**
 * `serve8008 doctor`: a line for each check, and its findings. With --json one line:
 * `{ "checks": [{ "name", "seen", "findings": [{ "code", "severity", "why", "fix" }] }] }`.
 *
 * @returns the exit code: 1 when a finding is a warning or worse.
 */
function showResults(results: readonly CheckResult[], { json, quiet }: Command, report: Reporter): number {
  if (json) {
    const checks = results.map(({ name, seen, findings }) => ({ name, seen, findings }))
    report.print(`${printableJson({ checks })}\n`)
  } else if (!quiet) report.print(renderResults(results, report.terminal))
  return results.some((result) => isBad(result)) ? 1 : 0
}

function isBad({ findings }: CheckResult): boolean {
  return findings.some(({ severity }) => severity !== 'note')
}

/** A line for each check; below it each finding with its command. */
export function renderResults(results: readonly CheckResult[], terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const width = Math.max(...results.map(({ name }) => name.length))
  const indent = ' '.repeat(2 + markWidth + width + 2)
  const fit = (text: string, paint: (line: string) => string): string[] =>
    wrapText(printable(text), terminal.columns - indent.length).map((line) => `${indent}${paint(line)}`)
  const blocks = results.map((result) => {
    const [first = '', ...rest] = fit(result.seen, (line) => line)
    const head = `  ${mark(result, style)}${result.name.padEnd(width)}  ${first.trimStart()}`
    const findings = result.findings.flatMap(({ why, fix }) => [
      ...fit(why, isBad(result) ? style.yellow : style.dim),
      // A command is one line, so that it can be copied.
      `${indent}${style.cyan(printable(fix))}`,
    ])
    return [head, ...rest, ...findings].map((line) => `${line}\n`).join('')
  })
  return `${blocks.join('')}\n${summary(results)}\n`
}

/** Columns of the word that says how a check ended, with the space behind it. */
const markWidth = 6

function mark(result: CheckResult, style: Style): string {
  if (isBad(result)) return style.yellow('warn'.padEnd(markWidth))
  return result.findings.length > 0 ? style.cyan('note'.padEnd(markWidth)) : style.green('ok'.padEnd(markWidth))
}

function summary(results: readonly CheckResult[]): string {
  const bad = results.filter(isBad).length
  if (bad === 0) return 'Nothing needs to be fixed.'
  return `${bad} of ${results.length} checks found something to fix.`
}
