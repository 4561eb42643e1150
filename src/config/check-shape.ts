import * as v from 'valibot'
import { limitAccepts, limitNames, limitTable } from './limits.ts'
import { optionsByKey, optionTable } from './option-table.ts'
import { plainCopy } from './plain-copy.ts'
import { isPlainObject } from './plain-object.ts'
import { nearest, quote, type Problem } from './problem.ts'
import { routeShapeProblems } from './route-shape.ts'
import { optionSchema } from './schema.ts'
import type { CheckedOptions, Limits } from './types.ts'

/** Options that are objects of names. */
const recordOptions = ['headers', 'mounts', 'limits', 'proxy'] as const
type RecordOption = (typeof recordOptions)[number]

const optionKeys: readonly string[] = optionTable.map((entry) => entry.key)

/**
 * Checks names and types. Returns the options that have the right shape, so that their meaning can
 * be checked although others are wrong: a person sees every problem at once.
 */
export function checkShape(given: unknown, problems: Problem[]): CheckedOptions {
  if (!isPlainObject(given)) {
    problems.push({ path: [], fault: `the options are ${quote(given)}`, fix: 'use an object' })
    return {}
  }
  const input = plainCopy(given, problems) as Record<string, unknown>
  const options = knownEntries(input, optionKeys, [], problems)
  for (const key of recordOptions) checkNames(options, key, problems)
  if (isPlainObject(options['limits'])) {
    options['limits'] = knownEntries(options['limits'], limitNames, ['limits'], problems)
  }
  const result = v.safeParse(optionSchema, options, { abortPipeEarly: true })
  if (result.success) return options
  for (const issue of result.issues) {
    const [key = '', ...inner] = (issue.path ?? []).map((item) => String(item.key))
    if (key === 'proxy' || key === 'routes') problems.push(...routeShapeProblems(issue))
    else problems.push(shapeProblem(key, inner, innermost(issue)))
    delete options[key]
  }
  return options
}

/** The entries that are known. */
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
    const meant = (path.length === 0 ? namedByFlag(key) : undefined) ?? nearest(key, known)
    const all = path.length === 0 ? 'see the list of options' : `use one of ${known.join(', ')}`
    problems.push({
      path: [...path, key],
      fault: path.length === 0 ? 'there is no such option' : 'there is no such limit',
      fix: meant === undefined ? all : `did you mean ${quote(meant)}?`,
    })
  }
  return entries
}

/** The option that a flag of this name sets: `https` is another name of `tls`. */
function namedByFlag(name: string): string | undefined {
  return name.length === 1 ? undefined : optionTable.find(({ flags }) => flags.includes(name))?.key
}

/**
 * Checks the options that are objects of names. valibot would take a list or a Map for one, and
 * passes over names such as `constructor`.
 */
function checkNames(options: Record<string, unknown>, key: RecordOption, problems: Problem[]): void {
  const value = options[key]
  if (value === undefined) return
  const wrong = isPlainObject(value) ? wrongEntry(key, value) : ([[key], value, 'an object of names'] as const)
  if (wrong === undefined) return
  const [path, found, noun] = wrong
  const fix = `use ${optionsByKey.get(key)?.accepts ?? ''}`
  problems.push({ path, fault: `${quote(found)} is not ${noun}`, fix })
  delete options[key]
}

function wrongEntry(
  key: RecordOption,
  entries: Readonly<Record<string, unknown>>,
): readonly [readonly string[], unknown, string] | undefined {
  for (const [name, value] of Object.entries(entries)) {
    const path = [key, name]
    // The schema knows each limit, and what a proxy may be.
    if (typeof value === 'string' || key === 'limits' || key === 'proxy') continue
    if (key === 'mounts') return [path, value, 'a text']
    if (!isPlainObject(value)) return [path, value, 'a text or an object of names']
    const wrong = Object.values(value).findIndex((text) => typeof text !== 'string')
    if (wrong !== -1) return [path, Object.values(value)[wrong], 'a text']
  }
  return undefined
}

/** Where a list or an object is welcome but something in it is not, that is what to talk about. */
function innermost(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const within = issue.issues?.find((candidate) => candidate.path !== undefined)
  return within === undefined ? issue : innermost(within)
}

function shapeProblem(key: string, inner: readonly string[], issue: v.BaseIssue<unknown>): Problem {
  const entry = optionsByKey.get(key)
  if (key === 'certificates' && inner.length > 1) return certificateProblem(inner, issue)
  const limit = key === 'limits' ? inner[0] : undefined
  if (limit !== undefined) return limitProblem(limit as keyof Limits, issue)
  // A value that must stay secret is not repeated where logs and screenshots can catch it.
  const found = entry?.isSecret === true ? 'the value' : quote(issue.input)
  const fault = `${found} is not ${issue.message}`
  const meant = typeof issue.input === 'string' ? nearest(issue.input, entry?.choices ?? []) : undefined
  return {
    path: [key],
    fault,
    fix: meant === undefined ? `use ${entry?.accepts ?? ''}` : `did you mean ${quote(meant)}?`,
  }
}

/** Values stay untold: one may be a passphrase. */
function certificateProblem(inner: readonly string[], { type }: v.BaseIssue<unknown>): Problem {
  const path = ['certificates', ...inner]
  if (type === 'strict_object') {
    const known = ['cert', 'key', 'ca', 'pfx', 'passphrase']
    const meant = nearest(inner.at(-1) ?? '', known)
    const fix = meant === undefined ? `use one of ${known.join(', ')}` : `did you mean ${quote(meant)}?`
    return { path, fault: 'a certificate has no such file', fix }
  }
  return { path, fault: 'the value is not a text', fix: 'use a text' }
}

function limitProblem(limit: keyof Limits, { input, type, message }: v.BaseIssue<unknown>): Problem {
  const { min, max } = limitTable[limit]
  let fault = `${quote(input)} is not ${message}`
  if (type === 'min_value') fault = `${quote(input)} is below the floor of ${min}`
  if (type === 'max_value') fault = `${quote(input)} is above the ceiling of ${max}`
  return { path: ['limits', limit], fault, fix: `use ${limitAccepts(limit)}` }
}
