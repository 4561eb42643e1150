import type * as v from 'valibot'
import { foreignProxyKey, foreignRouteKey, foreignValue } from './foreign-options.ts'
import { kindKeys } from '../kinds/registry.ts'
import { proxySchema } from '../kinds/proxy.ts'
import { routeSchema } from '../options/route-schema.ts'
import { isPlainObject } from '../plain-object.ts'
import { expected, nearest, quote, type Problem } from '../diagnostic.ts'

/** Removes unknown keys from `proxy` and `routes`, so that the rest can be checked. Each becomes a problem. */
export function removeUnknownKeys(options: Readonly<Record<string, unknown>>, problems: Problem[]): void {
  for (const [key, holder, schema] of [
    ['proxy', 'proxy', proxySchema],
    ['routes', 'route', routeSchema],
  ] as const) {
    const entries = options[key]
    if (!isPlainObject(entries) && !Array.isArray(entries)) continue
    for (const [name, entry] of Object.entries(entries)) removeUnknownFrom(entry, schema, holder, [key, name], problems)
  }
}

function removeUnknownFrom(
  value: unknown,
  schema: v.GenericSchema | undefined,
  holder: string,
  path: readonly string[],
  problems: Problem[],
): void {
  const entries = schema && entriesOf(schema)
  if (entries === undefined || !isPlainObject(value)) return
  const keys = Object.keys(entries)
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key]
    if (!keys.includes(key)) {
      const correction = holder === 'proxy' ? foreignProxyKey(key) : undefined
      const meant = nearest(key, keys)
      const usual = meant === undefined ? `use ${keys.join(', ')}` : `did you mean ${quote(meant)}?`
      const hint = correction?.hint ?? (holder === 'route' ? foreignRouteKey(key, inner) : undefined) ?? usual
      problems.push({ path: at, message: 'unknown key', hint })
      // The value moves to the key that was meant, so that this key is not reported as missing.
      const as = correction === undefined ? meant : correction.as
      if (as !== undefined && !Object.hasOwn(value, as)) value[as] = inner
      delete value[key]
    } else removeUnknownFrom(inner, entries[key], key, at, problems)
  }
}

/** The keys of the object that a schema describes, or allows beside other values; undefined where there is none. */
function entriesOf(schema: v.GenericSchema): Readonly<Record<string, v.GenericSchema>> | undefined {
  const { entries, wrapped, options } = schema as Partial<{
    entries: Readonly<Record<string, v.GenericSchema>>
    wrapped: v.GenericSchema
    options: readonly (v.GenericSchema | string | number)[]
  }>
  if (wrapped !== undefined) return entriesOf(wrapped)
  return entries ?? options?.map((each) => (typeof each === 'object' ? entriesOf(each) : undefined)).find(Boolean)
}

/** The problems of a route, for its innermost keys. */
export function routeShapeProblems(issue: v.BaseIssue<unknown>): Problem[] {
  return innermost(issue, keysOf(issue)).map(shapeProblem)
}

interface ShapeIssue {
  readonly path: readonly string[]
  readonly issue: v.BaseIssue<unknown>
}

function shapeProblem({ path, issue: inner }: ShapeIssue): Problem {
  const key = path.at(-1) ?? ''
  if (inner.type === 'strict_object' && inner.received === 'undefined' && path.length > 2) {
    return { path: path.slice(0, -1), message: `${quote(key)} is missing`, hint: `add ${quote(key)}` }
  }
  const usual = inner.message.startsWith('a target') ? 'write it like "http://localhost:3000"' : `use ${inner.message}`
  const hint = foreignValue(key, inner.input) ?? choiceOf(inner) ?? usual
  // A target may hold a password, which must not be repeated.
  const isSecret = typeof inner.input === 'string' && inner.input.includes('@')
  return { path, message: expected(inner.message, inner.input, isSecret), hint }
}

/** The hint for an enumerated option: the value that was meant, or all values. */
function choiceOf({ type, expected, input }: v.BaseIssue<unknown>): string | undefined {
  if (type !== 'picklist') return undefined
  // ("round" | "least")
  const choices = expected?.match(/\w+/g) ?? []
  const meant = typeof input === 'string' ? nearest(input, choices) : undefined
  return meant === undefined
    ? `use ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
    : `did you mean ${quote(meant)}?`
}

/** In a union, the innermost issues are those of the alternative that nearly matched. */
function innermost(issue: v.BaseIssue<unknown>, path: readonly string[]): ShapeIssue[] {
  const within = issue.issues?.filter((candidate) => candidate.path !== undefined) ?? []
  return within.length === 0 ? [{ path, issue }] : within.flatMap((each) => innermost(each, [...path, ...keysOf(each)]))
}

function keysOf(issue: v.BaseIssue<unknown>): string[] {
  return (issue.path ?? []).map((item) => String(item.key))
}

/** Keys without which their object has no meaning, or another one. */
const essential: ReadonlySet<string> = new Set(['to', 'match', 'path', ...kindKeys().map(([key]) => key)])

/**
 * Removes an invalid value from the options, and objects that have no meaning without it, so that the rest can be checked.
 * Other routes keep their index in the list.
 */
export function removeAt(options: Record<string, unknown>, path: readonly string[]): void {
  const [key = '', ...around] = path.toReversed()
  if (path.length > 2 && (essential.has(key) || /^\d+$/.test(key))) return removeAt(options, path.slice(0, -1))
  const holder = around
    .toReversed()
    .reduce<unknown>((value, step) => (value as Record<string, unknown>)?.[step], options)
  if (Array.isArray(holder)) holder[Number(key)] = undefined
  else if (isPlainObject(holder)) delete holder[key]
}
