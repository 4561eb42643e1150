import type { AccessRecord } from '../../server/types.ts'
import { hidden } from '../../core/util/secret.ts'
import { pad2 } from '../../core/util/log-format.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The NCSA common format as Apache writes it: `%h %l %u %t "%r" %>s %b`. */
export function commonLine(record: AccessRecord): string {
  const { address, user, method, target, version, status, bytes } = record
  // Apache writes `HTTP/2.0`.
  const protocol = `HTTP/${version === '2' ? '2.0' : version}`
  const request = escaped(`${method} ${target} ${protocol}`)
  return `${field(address)} - ${field(user)} [${stamp(record.time)}] "${request}" ${status} ${bytes > 0 ? bytes : '-'}`
}

/** The combined format: the common one, then `"%{Referer}i" "%{User-Agent}i"`. */
export function combinedLine(record: AccessRecord): string {
  return `${commonLine(record)} "${escaped(record.referer) || '-'}" "${escaped(record.userAgent) || '-'}"`
}

let stampSecond = Number.NaN
let stampText = ''

/** `10/Oct/2000:13:55:36 -0700`, in local time. Cached for its second. */
function stamp(time: number): string {
  const second = Math.floor(time / 1000)
  if (second === stampSecond) return stampText
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '-'
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${pad2(Math.floor(Math.abs(offset) / 60))}${pad2(Math.abs(offset) % 60)}`
  const day = `${pad2(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`
  const clock = `${pad2(date.getHours())}:${pad2(date.getMinutes())}:${pad2(date.getSeconds())}`
  stampSecond = second
  stampText = `${day}:${clock} ${zone}`
  return stampText
}

/** A field without quotes: a space in it would split it. */
function field(text: string): string {
  return escaped(text).replaceAll(' ', '\\x20') || '-'
}

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/**
 * Apache's log escaping (mod_log_config, "Security Considerations"): quotes, backslashes and every byte that is not
 * printable ASCII. Node decodes header fields as Latin-1, so a code below 0x100 is a byte.
 */
function escaped(text: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) return text
  // A client cannot send the mark of a redaction: it is not Latin-1.
  return text
    .replaceAll(hidden, '...')
    .replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, (found) => named[found] ?? bytes(found))
}

function bytes(text: string): string {
  const encoded = Buffer.from(text, text.charCodeAt(0) < 0x100 ? 'latin1' : 'utf8')
  return Array.from(encoded, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}
