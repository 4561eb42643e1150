import { formatBytes } from '../../core/util/format-bytes.ts'
import type { AccessRecord } from '../../server/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { clockTime, requestColumns } from '../../core/util/log-format.ts'
import { readableTarget } from './readable-target.ts'
import { cutEnd, cutMiddle, padColumns, textWidth } from '../../core/util/text-width.ts'

/** Columns of the time, the status and the space around them. */
const startWidth = 15
/**
 * Share of the columns that a request keeps beside a long remark. Of 80 columns it keeps 22, which leaves 23 for the
 * remark: enough for `/api -> localhost:3000`.
 */
const leastShare = 0.28
/** Fewest columns of a request beside a remark. */
const shortestColumn = 12
/** Columns of the size and of the duration, each with the blanks before it. */
const sizeWidth = 9
const durationWidth = 8
/** Fewest columns of a request beside a host that is not allowed. */
const shortestRequest = 8
/** Characters of a target or a remark that are laid out; the rest is dropped first. */
const longestText = 4096

/**
 * One record as a line for people: time, status, request, size, duration and a remark.
 *
 *     12:00:01  200  GET /                                 1.2 kB    1 ms
 *     12:00:09  421  GET / evil.test                   not our host (--allow-host evil.test)
 *
 * Sizes and durations are aligned: a longer request is cut in its middle. For a long remark first the blanks before the
 * size give way, then the request down to its least width; then the remark is cut.
 *
 * @param columns Width of the line; undefined cuts nothing.
 */
export function prettyLine(record: AccessRecord, color: boolean, columns: number | undefined): string {
  const request = `${printable(record.method, 32)} ${printable(readableTarget(record.target.slice(0, longestText)), longestText)}`
  const room = (columns ?? Number.POSITIVE_INFINITY) - startWidth
  const rest =
    record.refusal === 'E8008_HOST_NOT_ALLOWED'
      ? foreignParts(request, record, room, requestColumns(columns))
      : measuredParts(request, record, room, columns)
  const status = String(record.status).padStart(3)
  const time = clockTime(record.time)
  const line = `  ${rest.trimEnd()}`
  return color ? `\x1b[2m${time}\x1b[22m  ${painted(status, record.status)}${line}` : `${time}  ${status}${line}`
}

function measuredParts(request: string, record: AccessRecord, room: number, columns: number | undefined): string {
  const size = record.bytes > 0 ? formatBytes(record.bytes) : '-'
  const duration = formatDuration(record.ms)
  const remark = remarksOf(record)
  const tail = remark === '' ? '' : `   ${remark}`
  const needed = textWidth(tail)
  const numbers = size.padStart(sizeWidth) + duration.padStart(durationWidth)
  const own = textWidth(request)
  const column = requestColumns(columns)
  const wanted = columns === undefined ? Math.max(column, own) : column
  if (wanted + numbers.length + needed <= room) return padColumns(cutMiddle(request, wanted), wanted) + numbers + tail
  const least = Math.min(own, Math.max(shortestColumn, Math.floor((columns ?? 0) * leastShare)))
  const width = Math.min(wanted, Math.max(least, room - numbers.length - needed))
  const blanks = Math.max(0, width + numbers.length + needed - room)
  const close = blanks === 0 ? numbers : `  ${size}  ${duration}`
  return padColumns(cutMiddle(request, width), width) + cutEnd(close + tail, room - width)
}

/**
 * The site and the remarks of a line. The error code says why a reply ended early; without one the client closed the
 * connection.
 */
function remarksOf(record: AccessRecord): string {
  const lost = record.aborted ? lossOf(record.refusal) : ''
  const remark = remarkOf(record)
  const texts = [lost, remark === lost ? '' : remark].filter((text) => text !== '')
  return printable(`${record.site} ${texts.join(', ')}`.trim(), longestText)
}

function lossOf(refusal: string): string {
  if (refusal === 'E8008_CLOSED') return 'cut: server closed'
  return refusal || 'client left'
}

const selfEvident: ReadonlySet<string> = new Set(['E8008_NOT_FOUND', 'E8008_METHOD', 'E8008_CLOSED'])

/** The remark, or the error code. For 404 and 405 the status says enough, and for a cut reply {@link lossOf}. */
function remarkOf({ remark, refusal }: AccessRecord): string {
  return remark === '' && !selfEvident.has(refusal) ? refusal : remark
}

/** The request with its host. The host matters most: first the remark is shortened for it, then the path. */
function foreignParts(request: string, { host, remark }: AccessRecord, room: number, column: number): string {
  const name = printable(host, 255)
  const least = Math.min(textWidth(request), Math.max(shortestRequest, Math.floor(room * leastShare)))
  const taken = least + 1 + textWidth(name)
  const tail =
    [`    ${foreignHost(host, remark)}`, '    not our host'].find((text) => taken + textWidth(text) <= room) ?? ''
  const width = Math.max(shortestRequest, room - textWidth(tail) - textWidth(name) - 1)
  const label = `${cutMiddle(request, width)} ${name}`
  return cutEnd(padColumns(label, Math.min(column, room - textWidth(tail))) + tail, room)
}

function foreignHost(host: string, remark: string): string {
  // Another reason than a name that the option would allow.
  if (remark !== '' && !/allow-?host/i.test(remark)) return printable(remark, longestText)
  const name = host.slice(0, 255).replace(/:\d*$/, '')
  // The flag is made to be pasted, so it is shown only for names that need no quotes in a shell.
  return /^(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])$/i.test(name)
    ? `not our host (--allow-host ${name})`
    : 'not our host'
}

function painted(text: string, status: number): string {
  const shade = status >= 500 ? 31 : status >= 400 ? 33 : status >= 300 ? 36 : status >= 200 ? 32 : 34
  return `\x1b[${shade}m${text}\x1b[39m`
}

function formatDuration(ms: number): string {
  if (ms < 0.5) return '<1 ms'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  return ms < 99_500 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
