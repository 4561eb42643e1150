import * as v from 'valibot'
import { optionSchema, optionTable } from '../options/option-table.ts'
import type { Problem } from '../diagnostic.ts'
import { isPlainObject } from '../plain-object.ts'
import type { CheckedOptions } from '../types.ts'
import { plainCopy } from './plain-copy.ts'

/**
 * The options where their names and types are right; undefined where one may be wrong, which `validate.ts` then decides and
 * explains. Most starts need no more than this.
 */
export function validShape(given: unknown): CheckedOptions | undefined {
  if (!isPlainObject(given)) return undefined
  const problems: never[] = []
  const options = plainCopy(given, problems) as Record<string, unknown>
  const isOrdinary = optionTable.every(({ key, innerKey }) => innerKey === undefined || isRecord(options[key]))
  if (problems.length > 0 || !isOrdinary) return undefined
  return v.is(optionSchema, options) ? (options as CheckedOptions) : undefined
}

/** valibot accepts lists and Maps as objects, and ignores keys such as `constructor`. */
function isRecord(value: unknown): boolean {
  return value === undefined || (isPlainObject(value) && !Object.keys(value).some((key) => key in Object.prototype))
}

/** The same with a problem instead of undefined, which does not say what is wrong. */
export function checkShape(options: unknown, problems: Problem[]): CheckedOptions {
  const valid = validShape(options)
  if (valid !== undefined) return valid
  problems.push({ path: [], message: 'the options are invalid', hint: 'serve8008 check' })
  return {}
}
