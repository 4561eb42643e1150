import { printable } from '../../core/util/sanitize.ts'
import type { CheckCode, VerifyCheck, VerifyResult } from '../../scan/scan.ts'
import { createStyle, wrapText, type Style, type Terminal } from '../output/terminal.ts'

/** What the command found. */
export interface Verified {
  readonly results: readonly VerifyResult[]
  /** Routes that were not tested, since they lead to other machines. */
  readonly untested: readonly string[]
}

/** Groups of checks, in the order of the report. */
const groups: readonly (readonly [title: string, codes: readonly CheckCode[]])[] = [
  ['Server', ['S8008_ANSWER', 'S8008_OPEN_RELAY', 'S8008_HOST', 'S8008_HOST_MISSING']],
  ['Other sites', ['S8008_WEBSOCKET_ORIGIN', 'S8008_EVENTS_ORIGIN', 'S8008_CORS']],
  ['Files', ['S8008_DOTFILES', 'S8008_KEYS', 'S8008_BACKUPS', 'S8008_TRAVERSAL', 'S8008_OUTSIDE', 'S8008_LISTING']],
  ['TLS', ['S8008_TLS_VERSION', 'S8008_TLS_EXPIRY', 'S8008_TLS_NAMES']],
]

/** Columns of the report, which a wide terminal does not widen: long lines read badly. */
const mostColumns = 80

const nameColumns = 18

/** Requests of a failed check that are shown. */
const shownRequests = 2

/** The report for people: for each server the checks that failed with their fixes, then one line for each other. */
export function renderVerified({ results, untested }: Verified, terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const columns = Math.min(terminal.columns, mostColumns)
  const left = untested.map(
    (route) => `  Not tested: ${printable(route)}, which forwards to another machine (--host)\n`,
  )
  return `\n${results.map((result) => renderResult(result, columns, style)).join('\n')}${left.join('')}\n`
}

function renderResult({ url, protocols, checks }: VerifyResult, columns: number, style: Style): string {
  const wrong = checks.filter(({ verdict }) => verdict === 'failed')
  const others = checks.filter(({ verdict }) => verdict !== 'failed')
  // What none of them could ask is said once.
  const [untested] = others
  const isUntested = untested?.verdict === 'not tested' && others.every(({ why }) => why === untested.why)
  const lines = [
    `  ${style.bold(printable(url))}   ${style.dim(protocols.join(', '))}`,
    ...wrong.flatMap((check) => ['', ...failedLines(check, columns, style)]),
    ...(isUntested ? ['', ...otherLines({ ...untested, name: `${others.length} other checks` }, columns, style)] : []),
    ...(isUntested ? [] : groups).flatMap(([title, codes]) => {
      const rest = checks.filter(({ code, verdict }) => codes.includes(code) && verdict !== 'failed')
      if (rest.length === 0) return []
      return ['', `  ${style.bold(title)}`, ...rest.flatMap((check) => otherLines(check, columns, style))]
    }),
    '',
    `  ${summary(checks)}`,
  ]
  return `${lines.join('\n')}\n`
}

function failedLines({ code, name, why, sent, fix }: VerifyCheck, columns: number, style: Style): string[] {
  const indent = ' '.repeat(10)
  const text = `  FAILED  ${name}: ${printable(why)}`
  const [first = '', ...rest] = wrapText(text, columns, indent)
  const detail = (label: string, value: string): string[] =>
    wrapText(`${indent}${label.padEnd(6)}${value}`, columns, `${indent}      `)
  const more = sent.length > shownRequests ? [`and ${sent.length - shownRequests} more`] : []
  return [
    first.replace('FAILED', style.red('FAILED')),
    ...rest,
    ...[...sent.slice(0, shownRequests), ...more].flatMap((line, i) => detail(i === 0 ? 'sent' : '', line)),
    ...detail('fix', fix ?? ''),
    style.dim(`${indent}${code}`),
  ]
}

function otherLines({ name, verdict, why }: VerifyCheck, columns: number, style: Style): string[] {
  const [mark, paint] =
    verdict === 'passed' ? ['ok ', style.green] : verdict === 'not tested' ? ['?  ', style.yellow] : ['n/a', style.dim]
  const [first = '', ...rest] = wrapText(
    `  ${mark}  ${name.padEnd(nameColumns)}  ${printable(why)}`,
    columns,
    ' '.repeat(nameColumns + 9),
  )
  return [first.replace(mark, paint(mark)), ...rest]
}

function summary(checks: readonly VerifyCheck[]): string {
  const count = (wanted: VerifyCheck['verdict']): number => checks.filter(({ verdict }) => verdict === wanted).length
  const untested = count('not tested')
  const counts = `${count('failed')} failed, ${count('passed')} passed, ${count('not applicable')} not applicable`
  return untested === 0 ? counts : `${counts}, ${untested} not tested`
}
