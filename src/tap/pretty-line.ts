import type { AccessRecord } from '../server/types.ts'
import { printable } from '../util/sanitize.ts'
import { clockTime } from '../util/clock.ts'

/** Columns that a request is padded to, so that sizes and times stand below each other. */
const labelWidth = 32
/** Its part of a narrower terminal: 22 of 80 leave room for a remark such as `api -> localhost:3000`. */
const labelShare = 0.28
/** Columns of the time, the status and the space around them. */
const startWidth = 15
/** Columns that a request keeps beside a long foreign host. */
const shortestRequest = 8
/** Most text that is taken from a target or a remark before it is laid out. */
const longestText = 4096

/**
 * One record as a line for people: time, status, request, size, duration and a remark.
 *
 *     12:00:01  200  GET /                                 1.2 kB     1 ms
 *     12:00:09  421  GET / evil.test                   not our host (--allow-host evil.test)
 *
 * @param columns what the line should fit; the request is cut in its middle. Undefined: no bound.
 */
export function prettyLine(record: AccessRecord, color: boolean, columns: number | undefined): string {
  const foreign = record.refusal === 'E8008_HOST_NOT_ALLOWED'
  const request = `${printable(record.method, 32)} ${printable(record.target, longestText)}`
  const bound = columns ?? Number.POSITIVE_INFINITY
  const least = Math.min(labelWidth, Math.max(12, Math.floor(bound * labelShare)))
  const room = bound - startWidth
  const [subject, tail] = foreign ? foreignParts(request, record.host, room) : [request, measures(record)]
  const label = shortened(subject, Math.max(least, room - tail.length)).padEnd(least)
  const rest = `${label}${printable(tail, room - label.length)}`.trimEnd()
  const status = String(record.status).padStart(3)
  return `${clockTime(record.time)}  ${color ? painted(status, record.status) : status}  ${rest}`
}

function measures(record: AccessRecord): string {
  const { bytes, ms, aborted } = record
  // Of a reply that broke off from our side the code says why.
  const lost = aborted ? (record.refusal === '' ? 'client left' : record.refusal) : ''
  const remark = printable(remarkOf(record), longestText)
  const remarks = [lost, remark === lost ? '' : remark].filter((text) => text !== '')
  const numbers = (bytes > 0 ? formatBytes(bytes) : '-').padStart(10) + formatDuration(ms).padStart(9)
  return remarks.length === 0 ? numbers : `${numbers}   ${remarks.join(', ')}`
}

/** A refusal shows its code, by which it can be looked up; of 404 and 405 the status says it all. */
function remarkOf({ remark, refusal }: AccessRecord): string {
  return remark === '' && refusal !== 'E8008_NOT_FOUND' && refusal !== 'E8008_METHOD' ? refusal : remark
}

/** The host is what a person has to read: the remark gives way to it first, then the path. */
function foreignParts(request: string, host: string, room: number): [subject: string, tail: string] {
  const name = printable(host, 255)
  const whole = request.length + 1 + name.length
  const tail = [`    ${foreignHost(host)}`, '    not our host'].find((text) => whole + text.length <= room) ?? ''
  return [`${shortened(request, Math.max(shortestRequest, room - tail.length - name.length - 1))} ${name}`, tail]
}

function foreignHost(host: string): string {
  const name = host.slice(0, 255).replace(/:\d*$/, '')
  // The option is there to be copied into a shell, so it is only shown for what a shell takes literally.
  return /^(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])$/i.test(name)
    ? `not our host (--allow-host ${name})`
    : 'not our host'
}

/** Keeps both ends: the folder and the file name say the most. */
function shortened(text: string, width: number): string {
  if (text.length <= width) return text
  const units = Array.from(text)
  const tail = Math.floor((width - 1) / 2)
  return `${units.slice(0, width - 1 - tail).join('')}…${units.slice(-tail).join('')}`
}

function painted(text: string, status: number): string {
  const shade = status >= 500 ? 31 : status >= 400 ? 33 : status >= 300 ? 36 : status >= 200 ? 32 : 34
  return `\x1b[${shade}m${text}\x1b[39m`
}

/** Decimal units (SI), at most four digits: `999 B`, `1.2 kB`, `64 MB`. */
function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

function formatDuration(ms: number): string {
  if (ms < 0.5) return '<1 ms'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  return ms < 99_500 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
