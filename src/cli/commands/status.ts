import { basename } from 'node:path'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { RunningServer } from '../../control/control.ts'
import { runningServers } from '../server-process.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'

export const statusCommand: CommandDefinition = {
  command: 'status',
  describe: 'list your servers that are running',
  flags: printingFlags,
  usage: [['serve8008 status', 'address, folder and process of each; also: list']],
  examples: [['serve8008 status --json', 'one line for programs']],
  notes: [],
  handler: status,
}

/**
 * `serve8008 status`: the servers of this user that run.
 * With --json one line: `{ "servers": [{ "name", "url", "folder", "pid" }] }`.
 */
function status({ json }: Command, { cwd, env }: Program, report: Reporter): number {
  const servers = runningServers(env).toSorted((a, b) => a.port - b.port)
  if (json) report.print(`${printableJson({ servers: servers.map(facts) })}\n`)
  else if (servers.length === 0) report.print('No server of yours is running (start one with: serve8008).\n')
  else report.print(renderServers(servers, cwd))
  return 0
}

function facts({ url, root, pid }: RunningServer): { name: string; url: string; folder: string; pid: number } {
  return { name: basename(root), url, folder: root, pid }
}

/** One line each, in columns. */
function renderServers(servers: readonly RunningServer[], cwd: string): string {
  const rows = servers.map(({ url, root, pid }) => [printable(url), printable(displayPath(root, cwd)), `pid ${pid}`])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('   ')}\n`).join('')
}
