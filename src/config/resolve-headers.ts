import { parsePathPrefix } from './path-prefix.ts'
import { quote, type Problem } from './problem.ts'
import type { HeaderRule, ServeOptions } from './types.ts'

/** RFC 9110 section 5.6.2. */
const tokenCharacters = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const token = new RegExp(`^${tokenCharacters}$`)
/** RFC 9110 section 5.5, without the controls of Latin-1: none may reach the wire or a terminal. */
const fieldValue = /^[\t\x20-\x7e\xa0-\xff]*$/
/** RFC 9111 section 5.2: `token [ "=" ( token / quoted-string ) ]`. */
const directive = `[ \\t]*${tokenCharacters}(?:=(?:${tokenCharacters}|"[^"]*"))?[ \\t]*`
const cacheControl = new RegExp(`^${directive}(?:,${directive})*$`)
/** Fields that frame a message or manage the connection (RFC 9110 section 7.6.1): only the server can say them truly. */
const ownFields = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** RFC 9111 section 1.2.2: a longer time means the same. */
const longestAge = 2 ** 31

/** Name and value of each field, by its name in lower case. */
type Fields = Map<string, readonly [name: string, value: string]>

/** Turns the `headers` option into rules: those for everything first, then by path as written. */
export function resolveHeaders(
  headers: NonNullable<ServeOptions['headers']>,
  base: string,
  problems: Problem[],
): readonly HeaderRule[] {
  const everywhere: Fields = new Map()
  const rules: HeaderRule[] = []
  for (const [key, value] of Object.entries(headers)) {
    const at = ['headers', key]
    if (typeof value === 'string') {
      if (!key.startsWith('/')) addField(everywhere, key, value, at, problems)
      else problems.push({ path: at, fault: `${quote(key)} is a path`, fix: 'give it an object of fields' })
      continue
    }
    const path = key.startsWith('/') ? parsePathPrefix(key) : undefined
    if (path === undefined) {
      problems.push({
        path: at,
        fault: `${quote(key)} is not a path`,
        fix: 'use a URL path such as /assets',
      })
      continue
    }
    const fields: Fields = new Map()
    for (const [name, text] of Object.entries(value)) addField(fields, name, text, at, problems)
    // Paths are below the base, as those of mounts are.
    const full = base + path.slice(1)
    rules.push({ path: full === '/' ? full : full.slice(0, -1), headers: flatten(fields) })
  }
  return everywhere.size === 0 ? rules : [{ path: '/', headers: flatten(everywhere) }, ...rules]
}

function flatten(fields: Fields): string[] {
  return [...fields.values()].flat()
}

function addField(fields: Fields, name: string, text: string, path: readonly string[], problems: Problem[]): void {
  const value = text.replace(/^[ \t]+|[ \t]+$/g, '')
  const lower = name.toLowerCase()
  if (!token.test(name)) {
    problems.push({ path, fault: `${quote(name)} is not a field name`, fix: 'use letters, digits and hyphens' })
  } else if (ownFields.has(lower)) {
    problems.push({ path, fault: `${quote(name)} is the server's own: it frames the message`, fix: 'leave it out' })
  } else if (!fieldValue.test(value)) {
    // A line break here would let one field become several, or a reply of its own (response splitting).
    problems.push({
      path,
      fault: `the value ${quote(value)} of ${quote(name)} holds characters that a field cannot carry`,
      fix: 'use printable characters on one line; encode others',
    })
  } else if (fields.has(lower)) {
    problems.push({ path, fault: `${quote(name)} is given twice`, fix: 'keep one of them; names ignore case' })
  } else {
    fields.set(lower, [name, value])
  }
}

/** The `Cache-Control` value of files. */
export function resolveCache(cache: boolean | number | string, problems: Problem[]): string {
  if (cache === false) return 'no-cache'
  if (cache === true) return 'max-age=3600'
  if (typeof cache === 'number') {
    if (Number.isInteger(cache) && cache >= 0 && cache <= longestAge) return `max-age=${cache}`
    problems.push({
      path: ['cache'],
      fault: `${cache} is not a number of seconds`,
      fix: cache < 0 ? 'use false (no-cache) to have every use checked' : `use a whole number from 0 to ${longestAge}`,
    })
  } else if (/^\s*-?\d+\s*$/.test(cache)) {
    problems.push({ path: ['cache'], fault: `${quote(cache)} is a text`, fix: `write the number: ${cache.trim()}` })
  } else if (!cacheControl.test(cache) || !fieldValue.test(cache)) {
    problems.push({
      path: ['cache'],
      fault: `${quote(cache)} is not a Cache-Control value`,
      fix: 'use seconds, false, or directives such as "public, max-age=60"',
    })
  } else {
    return cache.trim()
  }
  return 'no-cache'
}
