import * as v from 'valibot'
import { kinds } from '../kinds/registry.ts'
import type { RouteOptions } from '../route-types.ts'
import { accessShapes } from '../access-rules.ts'
import { flag, plainText, recordOf, textOrTexts } from './shapes.ts'

const conditions = recordOf(v.union([plainText, flag], 'a string, true or false'), 'an object')

const match = v.strictObject(
  {
    path: v.optional(plainText),
    exact: v.optional(plainText),
    pattern: v.optional(plainText),
    host: v.optional(plainText),
    listener: v.optional(textOrTexts),
    method: v.optional(textOrTexts),
    header: v.optional(conditions),
    cookie: v.optional(conditions),
    query: v.optional(conditions),
  },
  'an object of conditions',
)

/** One entry of `routes`. */
export const routeSchema: v.GenericSchema<RouteOptions> = v.strictObject(
  {
    id: v.optional(plainText),
    match,
    ...optionalKeys([accessShapes, ...Object.values(kinds).map(({ keys }) => keys)]),
  },
  'an object with match and an action',
)

function optionalKeys(shapes: readonly object[]): Record<string, v.GenericSchema> {
  const keys = shapes.flatMap((each) => Object.entries<v.GenericSchema>(each as Record<string, v.GenericSchema>))
  return Object.fromEntries(keys.map(([key, schema]) => [key, v.optional(schema)]))
}
