import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { jsonSchema } from '../../../../src/config/validate/json-schema.ts'
import { limitNames, limitTable } from '../../../../src/config/options/limits.ts'
import { optionTable } from '../../../../src/config/options/option-table.ts'
import { listenerKeys } from '../../../../src/config/options/several.ts'
import { problemsOf } from '../problems-of.ts'

interface Schema {
  readonly $schema: string
  readonly additionalProperties: boolean
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly unknown[]
}

describe('jsonSchema', () => {
  const schema = jsonSchema() as Schema

  test('describes every option that JSON can hold, requires none and allows no others', () => {
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.deepEqual(
      Object.keys(schema.properties).toSorted(),
      ['$schema', ...optionTable.flatMap(({ key, isCode }) => (isCode === true ? [] : key))].toSorted(),
    )
    for (const [key, property] of Object.entries(schema.properties)) {
      assert.equal(typeof property['description'], 'string', key)
      assert.ok('type' in property || 'anyOf' in property, key)
    }
    assert.equal(schema.additionalProperties, false)
    assert.deepEqual(schema.required ?? [], [])
  })

  test('states defaults and bounds', () => {
    assert.deepEqual(schema.properties['port']?.['default'], [8008, 591, 8080, 8000])
    assert.equal(schema.properties['log']?.['default'], 'pretty')
    assert.equal('default' in (schema.properties['auth'] ?? {}), false)
    const limits = schema.properties['limits'] as unknown as Schema
    assert.deepEqual(Object.keys(limits.properties), limitNames)
    assert.deepEqual(limits.properties['ranges'], {
      description: 'Ranges answered in one reply; a request for more gets the whole file.',
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 32,
    })
  })

  test('tells the floor of each limit', () => {
    const { properties } = schema.properties['limits'] as unknown as Schema
    for (const name of limitNames) assert.equal(properties[name]?.['minimum'], limitTable[name].min, name)
    assert.equal(properties['headerBytes']?.['minimum'], 512)
  })

  test('describes the keys of a listener, and allows no others', () => {
    const { items } = schema.properties['listeners'] as unknown as { readonly items: Schema }
    assert.deepEqual(Object.keys(items.properties), listenerKeys)
    for (const key of listenerKeys) assert.equal(typeof items.properties[key]?.['description'], 'string', key)
    assert.equal(items.additionalProperties, false)
  })

  test('describes the options that a site may have, and allows no others', () => {
    const { items } = schema.properties['sites'] as unknown as { readonly items: Schema }
    const { name, host, listeners, ...options } = items.properties
    for (const own of [name, host, listeners]) assert.equal(typeof own?.['description'], 'string')
    const accepted = optionTable.flatMap(({ key }) => {
      // A site has a host and listeners of its own, and takes the handler itself, which JSON cannot hold.
      if (key === 'host' || key === 'listeners' || key === 'handler') return []
      const problems = problemsOf({ sites: [{ host: 'docs.localhost', [key]: null }] })
      return problems.some((problem) => problem.includes('belongs to the server')) ? [] : [key]
    })
    assert.deepEqual(Object.keys(options).toSorted(), accepted.toSorted())
    for (const key of accepted) {
      assert.deepEqual(options[key], { $ref: `#/properties/${key}` })
      assert.ok(key in schema.properties, key)
    }
    assert.equal(items.additionalProperties, false)
    assert.deepEqual(items.anyOf, [{ required: ['host'] }, { required: ['listeners'] }])
  })

  test('can be written as JSON', () => assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema))

  test('costs nothing at run time: no other file imports its maker', () => {
    const folder = new URL('../../../../src/config/', import.meta.url)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || basename(name) === 'json-schema.ts') continue
      assert.doesNotMatch(readFileSync(new URL(name, folder), 'utf8'), /to-json-schema|json-schema\.ts/, name)
    }
  })
})
