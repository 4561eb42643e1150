/**
 * Header fields as one flat list: name, value, name, value.
 *
 * It is the form of Node's `rawHeaders`, and the fastest to write. It keeps order, case and duplicates, which an object
 * cannot.
 */
export type HeaderList = readonly string[]

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// Control characters other than a tab could split a message. HTTP/1.1 strips whitespace around a value.
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/
/** What no field may hold, whether in its middle or around it (RFC 9110 section 5.5). */
const splitting = /[^\t\x20-\x7e\x80-\xff]/

/** Whether a text is a token, as methods and the names of fields are (RFC 9110 section 5.6.2). @internal */
export function isToken(text: string): boolean {
  return token.test(text)
}

/** Whether a text can be the value of a field in every version of HTTP (RFC 9110 section 5.5). @internal */
export function isFieldValue(text: string): boolean {
  return fieldValue.test(text)
}

/** @throws TypeError for a field that no message can carry: it could become several, or another message. @internal */
export function checkField(name: string, value: string): void {
  if (!isToken(name))
    throw new TypeError(`${JSON.stringify(name)} is not a field name; use letters, digits and hyphens.`)
  if (value === undefined || splitting.test(value)) {
    throw new TypeError(`The value of ${name} holds characters that a field cannot carry; encode them.`)
  }
}

/** The first value of a field, or undefined. @param name In lower case. @internal */
export function getField(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) {
    const field = list[i] as string
    if (field.length === name.length && field.toLowerCase() === name) return list[i + 1]
  }
  return undefined
}

/** A copy without a field; the same list when it is absent. @param name In lower case. @internal */
export function withoutField(list: HeaderList, name: string): HeaderList {
  return getField(list, name) === undefined ? list : withoutFields(list, new Set([name]))
}

/** A copy without the fields whose names (in lower case) are in a set. @internal */
export function withoutFields(list: HeaderList, names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const field = list[i] as string
    if (!names.has(field.toLowerCase())) kept.push(field, list[i + 1] as string)
  }
  return kept
}

/** A copy in which a field has this one value. @internal */
export function withField(list: HeaderList, name: string, value: string): HeaderList {
  return [...withoutField(list, name.toLowerCase()), name, value]
}

/** A copy whose `Vary` also names a request field (RFC 9110 section 12.5.5). @internal */
export function withVary(list: HeaderList, field: string): HeaderList {
  const lines = list.filter((_, i) => i % 2 === 1 && (list[i - 1] as string).toLowerCase() === 'vary')
  if (lines.length === 0) return [...list, 'Vary', field]
  const vary = lines.join(', ')
  const named = vary.split(',').map((name) => name.trim().toLowerCase())
  if (named.includes('*') || named.includes(field.toLowerCase())) return list
  return withField(list, 'Vary', `${vary}, ${field}`)
}

/** The header fields of a request, with lower-case names for look-ups. */
export class RequestHeaders {
  /** As received: name, value, name, value. */
  readonly raw: HeaderList
  /** The names in lower case, one for each field. */
  readonly names: readonly string[]

  constructor(raw: HeaderList) {
    this.raw = raw
    const names: string[] = []
    for (let i = 0; i < raw.length; i += 2) names.push((raw[i] as string).toLowerCase())
    this.names = names
  }

  /** Number of fields. */
  get count(): number {
    return this.names.length
  }

  /**
   * The value of a field (name in lower case); lines are joined by a comma (RFC 9110 section 5.3), cookies by a
   * semicolon.
   */
  get(name: string): string | undefined {
    const { names, raw } = this
    const separator = name === 'cookie' ? '; ' : ', '
    let value: string | undefined
    for (let i = 0; i < names.length; i++) {
      if (names[i] !== name) continue
      const next = raw[2 * i + 1] as string
      value = value === undefined ? next : value + separator + next
    }
    return value
  }

  /** Every value of a field (name in lower case), in order. */
  all(name: string): string[] {
    const { names, raw } = this
    const values: string[] = []
    for (let i = 0; i < names.length; i++) if (names[i] === name) values.push(raw[2 * i + 1] as string)
    return values
  }

  /** Whether there is a field (name in lower case). */
  has(name: string): boolean {
    return this.names.includes(name)
  }
}

/** A field name as upstreams read it that take `_` and `.` for `-`; for comparisons only. @internal */
export function plainSpelling(name: string): string {
  return name.replace(/[_.]/g, '-')
}
