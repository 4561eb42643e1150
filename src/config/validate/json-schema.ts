import { toJsonSchema } from '@valibot/to-json-schema'
import { limitTexts } from '../options/limit-texts.ts'
import { limitNames, limitTable } from '../options/limits.ts'
import { commandDefaults, defaults, optionSchema, optionTable } from '../options/option-table.ts'

interface Node {
  type?: string
  description?: string
  default?: unknown
  properties?: Record<string, Node>
  [keyword: string]: unknown
}

/**
 * The JSON Schema (draft 2020-12) of `serve8008.config.json`, for editors. Made when the package is
 * built; nothing that runs imports this file.
 */
export function jsonSchema(): object {
  const schema = toJsonSchema(optionSchema, {
    target: 'draft-2020-12',
    ignoreActions: ['readonly'],
    // JSON holds no code.
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { not: {} } : undefined),
  }) as Node
  const properties: Record<string, Node> = schema.properties ?? {}
  for (const { key, description, accepts, isCode } of optionTable) {
    if (isCode === true) {
      delete properties[key]
      continue
    }
    const known: Record<string, unknown> = { ...defaults, ...commandDefaults }
    properties[key] = { description: `${description} Accepts ${accepts}.`, ...properties[key] }
    if (known[key] !== undefined) properties[key].default = known[key]
  }
  const limits = properties['limits']?.properties ?? {}
  for (const name of limitNames) {
    const { default: value } = limitTable[name]
    const description = limitTexts[name]
    limits[name] = { description, ...limits[name], default: value }
  }
  return {
    title: 'serve8008 configuration',
    ...schema,
    properties: { $schema: { type: 'string', description: 'Location of this schema, for editors.' }, ...properties },
  }
}
