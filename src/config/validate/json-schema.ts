import { toJsonSchema } from '@valibot/to-json-schema'
import { limitTexts } from '../options/limit-texts.ts'
import { limitNames, limitTable } from '../options/limits.ts'
import { commandDefaults, defaults, optionSchema, optionTable, siteKeys } from '../options/option-table.ts'
import { presetNames } from '../presets.ts'
import type { ListenerOptions } from '../value-types.ts'

interface Node {
  type?: string
  description?: string
  default?: unknown
  properties?: Record<string, Node>
  items?: Node
  [keyword: string]: unknown
}

const listenerTexts: Readonly<Record<keyof ListenerOptions, string>> = {
  name: 'A unique name. Default: the scheme and the first port, such as https:8448.',
  port: 'One port, or a list tried in order; 0 lets the system choose. Default: that of the option port, or tlsPort under TLS.',
  strictPort: 'Fail instead of trying the next port of a list. Default: the option strictPort.',
  host: 'Address or name to listen on. Default: the option host.',
  lan: 'Listen on every address. Default: the option lan.',
  socket: 'Path of a unix socket, without TLS.',
  fd: 'Inherited descriptor.',
  tls: 'Serve HTTPS here. Default: false; certificates imply true.',
  certificates: 'Certificates of its own. Default: those of the options, else one of the local authority.',
}

/** What a site has beside options. */
const siteTexts: Readonly<Record<'name' | 'host' | 'listeners', string>> = {
  name: 'A unique name. Default: its first host, else its listeners.',
  host: 'Host name or several; *.dev.localhost is every name below one. Default: all that no other site has, on its listeners.',
  listeners: 'Names of the listeners on which it answers. Default: all.',
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
  properties['preset'] = { ...properties['preset'], enum: presetNames() }
  const limits = properties['limits']?.properties ?? {}
  for (const name of limitNames) {
    const { default: value } = limitTable[name]
    const description = limitTexts[name]
    limits[name] = { description, ...limits[name], default: value }
  }
  const listener = properties['listeners']?.items?.properties ?? {}
  for (const [key, description] of Object.entries(listenerTexts)) listener[key] = { description, ...listener[key] }
  properties['sites'] = { ...properties['sites'], items: siteSchema(Object.keys(properties)) }
  return {
    title: 'serve8008 configuration',
    ...schema,
    properties: { $schema: { type: 'string', description: 'Location of this schema, for editors.' }, ...properties },
  }
}

/** One item of `sites`. The options refer to those beside `sites`, which keeps the schema small. */
function siteSchema(known: readonly string[]): Node {
  // A site takes the handler itself, which JSON cannot hold.
  const options = known.filter((key) => siteKeys.has(key) && key !== 'handler')
  const text = { type: 'string', minLength: 1 }
  const texts = { anyOf: [text, { type: 'array', items: text, minItems: 1 }] }
  return {
    type: 'object',
    properties: {
      name: { description: siteTexts.name, ...text },
      host: { description: siteTexts.host, ...texts },
      listeners: { description: siteTexts.listeners, ...texts },
      ...Object.fromEntries(options.map((key) => [key, { $ref: `#/properties/${key}` }])),
    },
    additionalProperties: false,
    anyOf: [{ required: ['host'] }, { required: ['listeners'] }],
  }
}
