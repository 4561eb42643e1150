import { formatDuration } from '../../core/util/format-time.ts'
import { homeFolder } from '../../core/util/home.ts'
import { printable } from '../../core/util/sanitize.ts'
import { cutEnd, cutMiddle, padColumns, textWidth } from '../../core/util/text-width.ts'
import type { Finding, IdlePort, Reach, ScannedPort } from '../../scan/scan.ts'
import { createStyle, wrapText, type Style, type Terminal } from '../output/terminal.ts'
import type { WholeScan } from './scan-facts.ts'

/** How a scan is shown. */
export interface ScanView {
  /** Whether ports of the system and short-lived ones are shown too. */
  readonly isWhole: boolean
  /** Whether the evidence is shown. */
  readonly verbose: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

const reachTexts: Readonly<Record<Reach, string>> = {
  machine: 'this machine',
  lan: 'the LAN',
  everyone: 'everyone',
}

const idleTexts: Readonly<Record<IdlePort['state'], string>> = {
  free: 'free',
  denied: 'free, but needs administrator rights',
  held: 'held by a process that the system hides',
}

/** Columns of a row; the time since the start of the process is last. */
const widths = { port: 5, what: 26, reach: 12, process: 16 }
const detailIndent = ' '.repeat(9)
/** First port that Linux gives to outgoing connections, and other systems above. */
const firstEphemeral = 32_768

/** A scan as text of at most 80 columns: ports by project with their findings below, and those that are free. */
export function renderScan({ ports, idle, findings }: WholeScan, view: ScanView, terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const shown = ports.filter((row) => view.isWhole || !isBackground(row))
  const names = [...new Set(shown.map(projectFolder))].toSorted((a, b) => Number(a === '') - Number(b === ''))
  const blocks = names.map((name) => {
    const rows = shown.filter((row) => projectFolder(row) === name)
    return [...headings(rows[0], names.length, style), ...rows.flatMap((row) => rowLines(row, view, style))].join('\n')
  })
  const hidden = ports.length - shown.length
  const rest = [
    ...(shown.length === 0 && !view.isWhole ? ['Nothing listens here that you started.'] : []),
    ...(hidden === 0 ? [] : [style.dim(`${hidden} more of the system or short-lived: serve8008 scan --all`)]),
    ...idleLines(idle),
  ]
  const alone = findings.flatMap((finding) => findingLines(finding, style))
  const parts = [...blocks, rest.join('\n'), alone.join('\n')].filter((part) => part !== '')
  return `${parts.join('\n\n')}\n`
}

/** What most people did not start themselves. A finding always shows. */
function isBackground({ port, process, identity, findings }: ScannedPort): boolean {
  if (findings.some(({ severity }) => severity !== 'note') || process?.container !== undefined) return false
  const isSystem = process === undefined || process.unit !== undefined
  return isSystem || (port >= firstEphemeral && identity.protocol.http === undefined)
}

function projectFolder({ process }: ScannedPort): string {
  return process?.project?.folder ?? ''
}

function headings(row: ScannedPort | undefined, count: number, style: Style): string[] {
  const project = row?.process?.project
  if (project === undefined) return count > 1 ? [style.bold('no project')] : []
  const name = cutEnd(printable(project.name), 40)
  return [`${style.bold(name)}  ${style.dim(cutMiddle(folderText(project.folder), 78 - textWidth(name)))}`]
}

/** A folder as shells write it: `~/shop`. */
function folderText(folder: string): string {
  const home = homeFolder()
  return printable(home !== undefined && `${folder}/`.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder)
}

function rowLines(row: ScannedPort, view: ScanView, style: Style): string[] {
  const { port, reach, identity, findings } = row
  const cells = [
    String(port).padStart(widths.port),
    padColumns(cutEnd(whatText(row), widths.what), widths.what),
    padColumns(reachTexts[reach], widths.reach),
    padColumns(cutEnd(processText(row), widths.process), widths.process),
    sinceText(row, view.now),
  ]
  const [number = '', what = '', who = '', process = '', since = ''] = cells
  const colored = reach === 'machine' ? who : style.yellow(who)
  const line = `  ${style.bold(number)}  ${what}  ${colored}  ${style.dim(`${process}  ${since}`.trimEnd())}`
  const evidence = view.verbose
    ? identity.evidence.map((text) => `${detailIndent}${style.dim(cutEnd(printable(text), 71))}`)
    : []
  return [line.trimEnd(), ...evidence, ...findings.flatMap((finding) => findingLines(finding, style))]
}

/** `Vite 8.4`, else what the process runs. */
function whatText({ identity, process }: ScannedPort): string {
  const { product, version, protocol } = identity
  const running = process?.command ?? process?.program ?? protocol.name
  const name = product === undefined ? running : [product, version].join(' ').trim()
  const isUnknown = protocol.http === undefined && product === undefined && protocol.name === undefined
  const notes = [
    ...(protocol.tls ? ['TLS'] : []),
    ...(process?.stopped === true ? ['stopped'] : isUnknown ? ['not HTTP'] : []),
  ]
  return printable(`${name ?? 'hidden process'}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`)
}

/** The process and its user, or the container that a port forwards to. */
function processText({ pid, uid, process }: ScannedPort): string {
  if (process?.container?.name !== undefined) return printable(process.container.name)
  const user = process?.user ?? (uid === undefined ? undefined : `uid ${uid}`)
  return printable([pid === undefined ? 'hidden' : `pid ${pid}`, user].filter(Boolean).join(' '))
}

function sinceText({ process }: ScannedPort, now: number): string {
  return process?.startedAt === undefined ? '' : formatDuration(now - process.startedAt.getTime())
}

function findingLines({ severity, why, fix, code }: Finding, style: Style): string[] {
  const paint = { danger: style.red, warning: style.yellow, note: style.dim }[severity]
  const [first = '', ...more] = wrapText(printable(why), 70 - severity.length, '')
  const indent = detailIndent + ' '.repeat(severity.length + 2)
  return [
    `${detailIndent}${paint(severity)}  ${first}`,
    ...more.map((text) => `${indent}${text}`),
    ...wrapText(`${code}   ${printable(fix)}`, 80 - indent.length).map((text) => `${indent}${style.dim(text)}`),
  ]
}

/** One line for each state, such as `8008, 8080 free`. */
function idleLines(idle: readonly IdlePort[]): string[] {
  return (['free', 'denied', 'held'] as const).flatMap((state) => {
    const ports = idle.filter((each) => each.state === state).map(({ port }) => port)
    if (ports.length === 0) return []
    const list = ports.length > 8 ? `${ports.slice(0, 8).join(', ')} and ${ports.length - 8} more` : ports.join(', ')
    return [`${list}: ${idleTexts[state]}`]
  })
}
