import { parsePathPrefix } from './paths.ts'
import { isSecretName } from '../../core/util/secret.ts'
import { serverFields } from '../../http/message/field-classes.ts'
import { isToken, plainSpelling } from '../../http/message/headers.ts'
import { quote, type Problem } from '../diagnostic.ts'
import type { HeaderRule } from '../value-types.ts'

/** RFC 9110 section 5.5, without the control characters of Latin-1, which terminals interpret. */
const fieldValue = /^[\t\x20-\x7e\xa0-\xff]*$/
/** Name and value of each field, by its name in lower case. */
export type Fields = Map<string, readonly [name: string, value: string]>

/** Compiles the option `headers` to rules: first the one for every path, then the others in their order. */
export function resolveHeaders(
  headers: Readonly<Record<string, string | Readonly<Record<string, string>>>>,
  base: string,
  problems: Problem[],
): readonly HeaderRule[] {
  const everywhere: Fields = new Map()
  const rules: HeaderRule[] = []
  for (const [key, value] of Object.entries(headers)) {
    const at = ['headers', key]
    if (typeof value === 'string') {
      if (!key.startsWith('/')) addField(everywhere, key, value, at, problems)
      else problems.push({ path: at, message: `${quote(key)} is a path`, hint: 'give it an object of fields' })
      continue
    }
    const path = key.startsWith('/') ? parsePathPrefix(key) : undefined
    if (path === undefined) {
      problems.push({
        path: at,
        message: `${quote(key)} is not a path`,
        hint: 'use a URL path such as /assets',
      })
      continue
    }
    const fields: Fields = new Map()
    for (const [name, text] of Object.entries(value)) addField(fields, name, text, at, problems)
    // As for mounts, paths are relative to the base.
    const full = base + path.slice(1)
    rules.push({ path: full === '/' ? full : full.slice(0, -1), headers: flatten(fields) })
  }
  return everywhere.size === 0 ? rules : [{ path: '/', headers: flatten(everywhere) }, ...rules]
}

/** Fields as one flat list. */
export function flatten(fields: Fields): string[] {
  return [...fields.values()].flat()
}

/** Adds a field, or a problem where the field is invalid. */
export function addField(
  fields: Fields,
  name: string,
  text: string,
  path: readonly string[],
  problems: Problem[],
): void {
  const value = text.replace(/^[ \t]+|[ \t]+$/g, '')
  const lower = name.toLowerCase()
  if (!isToken(name)) {
    problems.push({ path, message: `${quote(name)} is not a field name`, hint: 'use letters, digits and hyphens' })
  } else if (serverFields.has(plainSpelling(lower))) {
    problems.push({ path, message: `${quote(name)} is the server's own: it frames the message`, hint: 'leave it out' })
  } else if (!fieldValue.test(value)) {
    // A line break would end the field: response splitting.
    problems.push({
      path,
      message: `the value ${isSecretName(name) ? '' : `${quote(value)} `}of ${quote(name)} holds characters that a field cannot carry`,
      hint: 'use printable characters on one line; encode others',
    })
  } else if (fields.has(lower)) {
    problems.push({ path, message: `${quote(name)} is given twice`, hint: 'keep one of them; names ignore case' })
  } else {
    fields.set(lower, [name, value])
  }
}
