import { nearest, quote } from '../diagnostic.ts'

/** The argument of a directive. */
type Argument = 'none' | 'seconds' | 'fields or none'

/** The directives of a response: RFC 9111 section 5.2.2, RFC 5861 and RFC 8246. */
const directives: Readonly<Record<string, Argument>> = {
  immutable: 'none',
  'max-age': 'seconds',
  'must-revalidate': 'none',
  'must-understand': 'none',
  'no-cache': 'fields or none',
  'no-store': 'none',
  'no-transform': 'none',
  private: 'fields or none',
  'proxy-revalidate': 'none',
  public: 'none',
  's-maxage': 'seconds',
  'stale-if-error': 'seconds',
  'stale-while-revalidate': 'seconds',
}

/** The names of all directives. */
export const directiveNames: readonly string[] = Object.keys(directives)

/** RFC 9111 section 1.2.2: caches treat longer times as this one. */
export const longestAge: number = 2 ** 31

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
/** A quoted list of field names, without escapes. */
const fieldNames = /^"[\w!#$%&'*+.^`|~ \t,-]+"$/

/** The seconds of `30s`, `10m`, `1h` or `7d`, or undefined for another text. */
export function parseDuration(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,10})([smhd])$/i.exec(text) ?? []
  return digits === '' ? undefined : Number(digits) * (unitSeconds[unit.toLowerCase()] ?? 1)
}

/** The mistake in a `Cache-Control` value, and what was probably meant; undefined for a valid one. */
export function cacheControlFault(text: string): { readonly message: string; readonly meant?: string } | undefined {
  for (const item of splitDirectives(text)) {
    const [name, argument] = splitOnce(item)
    const lower = name.toLowerCase()
    if (!Object.hasOwn(directives, lower)) {
      // Frequent mistakes are `maxAge` and `max-age 60`.
      const near = nearest(name, directiveNames)
      return {
        message: `${quote(item)} is not a Cache-Control directive`,
        ...(near === undefined ? {} : { meant: near }),
      }
    }
    const wanted = directives[lower]
    if (wanted === 'seconds' && !(/^\d{1,10}$/.test(argument ?? '') && Number(argument) <= longestAge)) {
      return { message: `${quote(item)} has no number of seconds`, meant: `${lower}=60` }
    }
    if (argument === undefined || wanted === 'seconds') continue
    if (wanted === 'none') return { message: `${quote(item)} has a value, and ${lower} takes none`, meant: lower }
    if (!fieldNames.test(argument)) return { message: `${quote(item)} is not a list of fields in quotes`, meant: lower }
  }
  return undefined
}

/** Splits at commas outside of quotes. */
function splitDirectives(text: string): string[] {
  const items: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '"') quoted = !quoted
    if (i < text.length && (quoted || text[i] !== ',')) continue
    items.push(text.slice(start, i).replace(/^[ \t]+|[ \t]+$/g, ''))
    start = i + 1
  }
  return items
}

function splitOnce(item: string): [name: string, argument?: string] {
  const border = item.indexOf('=')
  return border === -1 ? [item] : [item.slice(0, border), item.slice(border + 1)]
}
