import { basename, isAbsolute } from 'node:path'
import { formatDuration, formatSince } from '../../core/util/format-time.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import { cutMiddle, padColumns, textWidth } from '../../core/util/text-width.ts'
import { displayPath } from '../output/display.ts'
import { createStyle, lineColumns, wrapText, type Terminal } from '../output/terminal.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { runningServers } from '../server-process.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'

export const statusCommand: CommandDefinition = {
  command: 'status',
  describe: 'list your servers that are running',
  flags: printingFlags,
  usage: [['serve8008 status', 'addresses, folder, routes and process of each; also: ls']],
  examples: [['serve8008 status --json', 'one line for programs']],
  notes: [],
  handler: status,
}

/** Entries in the list of routes of a server; `--json` has all. */
const mostRoutes = 6

/**
 * `serve8008 status`: the servers of this user that run, a block each. With --json one line:
 * `{ "servers": [{ "name", "url", "folder", "pid", "urls", "sites", "routes", "startedAt", "uptimeSeconds" }] }`.
 */
function status({ json }: Command, { cwd, env }: Program, report: Reporter): number {
  const servers = runningServers(env).toSorted((a, b) => a.port - b.port)
  const now = Date.now()
  if (json) report.print(`${printableJson({ servers: servers.map((server) => facts(server, now)) })}\n`)
  else if (servers.length === 0) report.print('No server of yours is running (start one with: serve8008).\n')
  else report.print(renderServers(servers, { cwd, now, terminal: report.terminal }))
  return 0
}

function facts({ url, root, cwd, pid, startedAt, urls, sites, routes }: RunningServer, now: number): object {
  return {
    name: basename(root || cwd),
    url,
    folder: root,
    pid,
    urls: urls ?? [url],
    sites: sites ?? [],
    routes: routes ?? [],
    startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    uptimeSeconds: startedAt === undefined ? null : Math.max(0, Math.floor((now - startedAt) / 1000)),
  }
}

/** Where and when the list is shown. */
export interface StatusView {
  readonly cwd: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly terminal: Terminal
}

/** A line with the address, the folder, the process and its age, and below it what else the server answers. */
export function renderServers(servers: readonly RunningServer[], view: StatusView): string {
  const { cwd, now, terminal } = view
  const columns = lineColumns(terminal)
  const style = createStyle(terminal.color)
  const rows = servers.map((server) => {
    const { url, root, pid, startedAt } = server
    const age =
      startedAt === undefined ? [] : [`up ${formatDuration(now - startedAt)}, since ${formatSince(startedAt, now)}`]
    return [printable(url), printable(displayPath(root, cwd)), [`pid ${pid}`, ...age].join('   ')] as const
  })
  const widest = (texts: readonly string[]): number => Math.max(...texts.map(textWidth))
  const urlWidth = widest(rows.map(([url]) => url))
  const ends = widest(rows.map(([, , end]) => end))
  const folders = widest(rows.map(([, folder]) => folder))
  const room = columns === undefined ? folders : columns - urlWidth - ends - 2 * gap.length
  const folderWidth = Math.min(folders, Math.max(leastFolder, room))
  return rows
    .map(([url, folder, end], index) => {
      const line = [
        style.cyan(url) + ' '.repeat(urlWidth - textWidth(url)),
        padColumns(cutMiddle(folder, folderWidth), folderWidth),
        end,
      ].join(gap)
      const below = details(servers[index] as RunningServer, cwd, columns ?? Number.POSITIVE_INFINITY)
      return [line, ...below.map(style.dim)].map((each) => `${each}\n`).join('')
    })
    .join('')
}

const gap = '   '
/** Columns that a folder keeps on a narrow terminal. */
const leastFolder = 12

/** Further addresses, sites and routes, each list with its label. */
function details(server: RunningServer, cwd: string, columns: number): string[] {
  const { url, urls = [], sites = [], routes = [] } = server
  const folder = (to: string): string => (isAbsolute(to) || to === '' ? displayPath(to, cwd) : to)
  const more = routes.length > mostRoutes ? [`and ${routes.length - mostRoutes} more`] : []
  const lists = [
    ['also', urls.filter((each) => each !== url)],
    ['sites', sites.map((site) => `${site.urls[0] ?? site.name} (${folder(site.folder)})`)],
    ['routes', [...routes.slice(0, mostRoutes).map(({ route, to }) => `${route} -> ${folder(to)}`), ...more]],
  ] as const
  return lists.flatMap(([label, items]) => {
    if (items.length === 0) return []
    const indent = `  ${label.padEnd(6)}  `
    const shown = items.map((item) => printable(item, Math.max(leastFolder, columns - indent.length - 1)))
    // Items stay whole: only the spaces between them break.
    const words = shown.map((item) => item.replaceAll(' ', noBreak)).join(', ')
    const lines = wrapText(words, columns - indent.length)
    return lines.map((line, i) => (i === 0 ? indent : ' '.repeat(indent.length)) + line.replaceAll(noBreak, ' '))
  })
}

/** Stands for a space at which a line does not break. */
const noBreak = '\u00a0'
