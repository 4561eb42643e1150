import * as v from 'valibot'
import { foreignOption, foreignValue } from './foreign-options.ts'
import { listenerKeys } from '../options/several.ts'
import { limitAccepts, limitNames, limitTable } from '../options/limits.ts'
import { optionSchema, optionsByKey, optionTable } from '../options/option-table.ts'
import { plainCopy } from './plain-copy.ts'
import { isPlainObject, plainly } from '../plain-object.ts'
import { expected, nearest, quote, type Problem } from '../diagnostic.ts'
import { routeShapeProblems, removeAt, removeUnknownKeys } from './route-shape.ts'
import type { CheckedOptions } from '../types.ts'
import type { Limits } from '../options/limits.ts'

const optionKeys: readonly string[] = optionTable.map((entry) => entry.key)

/**
 * Checks names and types. Returns the valid options, so that their values can be checked too: the user sees every problem
 * at once.
 */
export function validateOptions(given: unknown, problems: Problem[]): CheckedOptions {
  if (!isPlainObject(given)) {
    const example =
      typeof given === 'string' ? `{ root: ${quote(given)} }` : typeof given === 'number' ? `{ port: ${given} }` : ''
    const hint = example === '' ? plainly(given) : `use an object: ${example}`
    problems.push({ path: [], message: expected('an object of options', given), hint })
    return {}
  }
  const input = plainCopy(given, problems) as Record<string, unknown>
  const options = knownEntries(input, optionKeys, [], problems)
  for (const { key, innerKey } of optionTable) if (innerKey !== undefined) checkNames(options, key, problems)
  if (isPlainObject(options['limits'])) {
    options['limits'] = knownEntries(options['limits'], limitNames, ['limits'], problems)
  }
  removeUnknownKeys(options, problems)
  const result = v.safeParse(optionSchema, options, { abortPipeEarly: true })
  if (result.success) return options
  for (const issue of result.issues) {
    const [key = '', ...inner] = (issue.path ?? []).map((item) => String(item.key))
    if (key === 'proxy' || key === 'routes') {
      const found = routeShapeProblems(issue)
      problems.push(...found)
      for (const { path } of found) removeAt(options, path)
      continue
    }
    problems.push(shapeProblem(key, inner, innermost(issue)))
    delete options[key]
  }
  return options
}

/** The entries with a known key; others become problems. */
function knownEntries(
  input: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: readonly string[],
  problems: Problem[],
): Record<string, unknown> {
  const entries: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(input)) {
    if (known.includes(key)) {
      entries[key] = value
      continue
    }
    const foreign = path.length === 0 ? foreignOption(key, value) : undefined
    const kin = path.length === 0 ? [] : known.filter((name) => name.startsWith(key.replace(/s$/, '')))
    const meant = (path.length === 0 ? namedByFlag(key) : kin[0]) ?? nearest(key, known)
    const all =
      path.length === 0 ? 'see the options: serve8008 --help' : `use one of ${(kin[1] ? kin : known).join(', ')}`
    problems.push({
      path: [...path, key],
      message: path.length === 0 ? 'unknown option' : 'unknown limit',
      hint: foreign ?? (meant === undefined || kin.length > 1 ? all : `did you mean ${quote(meant)}?`),
    })
  }
  return entries
}

/** The option of a flag with this name: `https` is an alias of `tls`. */
function namedByFlag(name: string): string | undefined {
  return name.length === 1 ? undefined : optionTable.find(({ flags }) => flags.includes(name))?.key
}

/**
 * Checks an option whose value is an object with free keys. valibot accepts lists and Maps as objects, and ignores keys such
 * as `constructor`.
 */
function checkNames(options: Record<string, unknown>, key: string, problems: Problem[]): void {
  const value = options[key]
  if (value === undefined) return
  const usual = `use ${optionsByKey.get(key)?.accepts ?? ''}`
  if (!isPlainObject(value)) {
    const hint = foreignValue(key, value) ?? usual
    problems.push({ path: [key], message: expected('an object', value), hint })
    delete options[key]
    return
  }
  // The schema checks limits and proxies.
  if (key === 'limits' || key === 'proxy') return
  for (const [name, entry] of Object.entries(value)) {
    const isRecord = key === 'headers' && isPlainObject(entry)
    const wrong = (isRecord ? Object.values(entry) : [entry]).filter((text) => typeof text !== 'string')
    if (wrong.length === 0) continue
    const noun = isRecord || key === 'mounts' ? 'a string' : 'a string or an object of fields'
    problems.push({ path: [key, name], message: expected(noun, wrong[0]), hint: usual })
    delete value[name]
  }
}

/** Reports the invalid item of a list or an object instead of the whole. */
function innermost(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const within = issue.issues?.find((candidate) => candidate.path !== undefined)
  return within === undefined ? issue : innermost(within)
}

function shapeProblem(key: string, inner: readonly string[], issue: v.BaseIssue<unknown>): Problem {
  const entry = optionsByKey.get(key)
  if (key === 'certificates' && inner.length > 1) return keyProblem([key, ...inner], certificateKeys, issue)
  if (key === 'listeners' && inner.length > 1) {
    return keyProblem([key, ...inner], inner.includes('certificates') ? certificateKeys : listenerKeys, issue)
  }
  const part = key === 'advertise' ? issue.path?.[0]?.key : undefined
  if (typeof part === 'string' && part !== key) {
    const { message, hint } = keyProblem([key, part], advertiseKeys, issue)
    // The path of a flag is its name alone.
    const named = issue.type === 'strict_object' ? `${message} ${quote(part)}` : `${quote(part)}: ${message}`
    return { path: [key], message: named, hint }
  }
  const limit = key === 'limits' ? inner[0] : undefined
  if (limit !== undefined) return limitProblem(limit as keyof Limits, issue)
  const message = expected(issue.message, issue.input, entry?.isSecret)
  const meant = typeof issue.input === 'string' ? nearest(issue.input, entry?.choices ?? []) : undefined
  const usual = meant === undefined ? `use ${entry?.accepts ?? ''}` : `did you mean ${quote(meant)}?`
  return { path: [key], message, hint: foreignValue(key, issue.input) ?? usual }
}

const advertiseKeys: readonly string[] = ['name', 'id', 'http', 'googlecast', 'dial']
const certificateKeys: readonly string[] = ['cert', 'key', 'ca', 'pfx', 'passphrase']

/** A problem within an item of a list. Repeats no value: it may be a passphrase. */
function keyProblem(
  path: readonly string[],
  known: readonly string[],
  { type, message }: v.BaseIssue<unknown>,
): Problem {
  if (type === 'strict_object') {
    const meant = nearest(path.at(-1) ?? '', known)
    const hint = meant === undefined ? `use one of ${known.join(', ')}` : `did you mean ${quote(meant)}?`
    return { path, message: 'unknown key', hint }
  }
  return { path, message: expected(message, undefined, true), hint: `use ${message}` }
}

function limitProblem(limit: keyof Limits, { input, type, message: wanted }: v.BaseIssue<unknown>): Problem {
  const { min, max } = limitTable[limit]
  let message = expected(wanted, input)
  if (type === 'min_value') message = `${quote(input)} is below the minimum of ${min}`
  if (type === 'max_value') message = `${quote(input)} is above the maximum of ${max}`
  return { path: ['limits', limit], message, hint: `use ${limitAccepts(limit)}` }
}
