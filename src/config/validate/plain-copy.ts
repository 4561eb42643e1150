import { thrownMessage } from '../../core/util/thrown-text.ts'
import { hasFetch, isPlainObject } from '../plain-object.ts'
import type { Problem } from '../diagnostic.ts'

/** Levels of objects and lists within each other; options need seven. */
const mostLevels = 32

/** Values in all. An object of two references to an object of two references, and so on, has thousands of millions. */
const mostValues = 250_000

/**
 * Copies options of a program or a config file to plain data. Undefined is left out, since it equals an absent option. A
 * value that cannot be copied is left out and becomes a problem.
 */
export function plainCopy(
  value: unknown,
  problems: Problem[],
  path: readonly string[] = [],
  around: readonly unknown[] = [],
  count: { values: number } = { values: 0 },
): unknown {
  count.values++
  if (count.values > mostValues) {
    const message = `the options hold more than ${mostValues} values`
    // Said once, also where the options of a file are copied again.
    if (problems.some((known) => known.message === message)) return undefined
    return leaveOut({ path: path.slice(0, 1), message, hint: 'leave out what the server does not need' }, problems)
  }
  // Methods of a plugin share its object, which may hold anything.
  if (path.length === 2 && path[0] === 'plugins') return value
  if (value === undefined && isCondition(path)) {
    const message = 'it is undefined, so the route would match without it'
    return leaveOut({ path, message, hint: 'write the value, true for any value, or false for none' }, problems)
  }
  const isList = Array.isArray(value)
  // The methods of an app share its object.
  if ((!isList && !isPlainObject(value)) || hasFetch(value)) return value
  if (around.includes(value)) {
    const hint = 'remove the reference to itself'
    return leaveOut({ path, message: 'the value contains itself', hint }, problems)
  }
  if (around.length === mostLevels) {
    const hint = 'see the options: serve8008 --help'
    return leaveOut({ path, message: `it is nested more than ${mostLevels} levels deep`, hint }, problems)
  }
  const entries = Object.keys(value).flatMap((key) => {
    const found = problems.length
    const copy = plainCopy(
      readEntry(value, key, [...path, key], problems),
      problems,
      [...path, key],
      [...around, value],
      count,
    )
    return copy === undefined && (!isList || problems.length > found || count.values > mostValues)
      ? []
      : [[key, copy] as const]
  })
  return isList ? entries.map(([, copy]) => copy) : Object.fromEntries(entries)
}

/** Whether a value is a condition on a field, a cookie or a parameter. Without it a route takes more requests. */
function isCondition(path: readonly string[]): boolean {
  return path.at(-3) === 'match' && ['header', 'cookie', 'query'].includes(path.at(-2) ?? '')
}

/** A getter may throw. */
function readEntry(from: object, key: string, path: readonly string[], problems: Problem[]): unknown {
  try {
    return (from as Readonly<Record<string, unknown>>)[key]
  } catch (error) {
    return leaveOut(
      { path, message: `it cannot be read: ${thrownMessage(error)}`, hint: 'write the value itself' },
      problems,
    )
  }
}

function leaveOut(problem: Problem, problems: Problem[]): undefined {
  problems.push(problem)
}
