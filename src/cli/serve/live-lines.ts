import { basename, sep } from 'node:path'
import type { LogFormat } from '../../config/value-types.ts'
import type { PageError, Update } from '../../live/types.ts'
import { clockTime, isoNow, requestColumns } from '../../core/util/log-format.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { cutMiddle, padColumns } from '../../core/util/text-width.ts'
import { displayPath } from '../output/display.ts'
import { createStyle } from '../output/terminal.ts'

/** How lines about pages look. */
export interface LiveLineOptions {
  /** That of the access log: `pretty` and `json` have lines of their own, the formats of other servers have none. */
  readonly format: LogFormat
  readonly color: boolean
  /** Absolute served folder: paths are shown relative to it. */
  readonly root: string
  /** Absolute working directory, for paths elsewhere. */
  readonly cwd: string
  /** Width of the terminal, undefined where a line is as long as it is. */
  readonly columns?: number | undefined
}

/** `12:00:07  live style.css   2 pages updated, 4 ms`; empty while no page is open. */
export function updateLine({ paths, pages, ms }: Update, options: LiveLineOptions): string {
  const { format, color, root, cwd, columns } = options
  if (format === 'json') return `${printableJson({ live: { time: isoNow(), paths, pages, ms: round(ms) } })}\n`
  // A save while no page is open is not worth a line.
  if (format !== 'pretty' || pages === 0) return ''
  const style = createStyle(color)
  const [first] = paths
  const name = first === undefined ? 'all pages' : printable(nameOf(first, root, cwd), 255)
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : ''
  const count = `${pages} ${pages === 1 ? 'page' : 'pages'} updated, ${ms < 1 ? '<1' : Math.round(ms)} ms`
  // Names stand below requests, and what follows them where sizes end.
  const width = requestColumns(columns)
  const shown = (columns === undefined ? name : cutMiddle(name, width - more.length)) + more
  return `${style.dim(clockTime(Date.now()))}  ${style.cyan('live')} ${padColumns(shown, width)}  ${count}\n`
}

/** Builds delete and create the served folder itself, which is shown by its name. */
function nameOf(path: string, root: string, cwd: string): string {
  const below = displayPath(path, root)
  const shown = below === path ? displayPath(path, cwd) : below
  return shown === '.' ? basename(root) + sep : shown.replace(/^\.[/\\]/, '')
}

/** `12:00:08  page /index.html   TypeError: x is not a function`: what a page logged, in one line that is safe to print. */
export function pageErrorLine({ page, level, text }: PageError, { format, color }: LiveLineOptions): string {
  if (format === 'json') return `${printableJson({ console: { time: isoNow(), page, level, text } })}\n`
  if (format === 'none') return ''
  const style = createStyle(color)
  const [first = '', ...rest] = text.split(/\r?\n/)
  const lines = [first, ...rest.slice(0, 10).map((line) => `          ${line.trim()}`)].map((line) =>
    printable(line, 500),
  )
  return `${style.dim(clockTime(Date.now()))}  ${style.red('page')} ${printable(page, 255)}  ${lines.join('\n')}\n`
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
