import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { limitNames, limitTable } from '../../../../src/config/options/limits.ts'
import { defaults, limitVariable, optionsByKey, optionTable } from '../../../../src/config/options/option-table.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/config/types.ts'

describe('optionTable', () => {
  test('gives each flag and each variable to one option', () => {
    for (const names of [
      optionTable.flatMap((entry) => entry.flags),
      optionTable.flatMap((entry) => entry.environment),
    ]) {
      assert.equal(new Set(names).size, names.length)
    }
  })

  test('has no name that is one of another server too', () => {
    const names = (all: readonly (readonly [readonly string[], unknown])[] = []): string[] =>
      all.flatMap(([each]) => each)
    const keys = optionTable.flatMap(({ foreignKeys }) => names(foreignKeys))
    const flags = optionTable.flatMap(({ foreignFlags }) => names(foreignFlags))
    const ours = optionTable
      .flatMap((entry) => entry.flags)
      .map((name) => (name.length === 1 ? `-${name}` : `--${name}`))
    assert.ok(keys.length > 40 && flags.length > 40)
    assert.deepEqual(
      keys.filter((name, at) => optionsByKey.has(name) || keys.indexOf(name) !== at),
      [],
    )
    assert.deepEqual(
      flags.filter((name, at) => ours.includes(name) || flags.indexOf(name) !== at),
      [],
    )
  })

  test('states what help and documents need', () => {
    for (const entry of optionTable) {
      assert.match(entry.description, /^[A-Z].*\.$/, entry.key)
      assert.ok(entry.accepts.length > 0, entry.key)
      assert.equal(entry.valueName === '', entry.kind === 'boolean', entry.key)
      assert.equal(entry.environment.length > 0, entry.isCode !== true, entry.key)
      for (const flag of entry.flags) assert.match(flag, /^(?:[a-zA-Z]|[a-z][a-z0-9]*(?:-[a-z]+)*)$/)
    }
  })

  test('derives the names of variables', () => {
    assert.deepEqual(optionsByKey.get('port')?.environment, ['SERVE8008_PORT', 'PORT'])
    assert.deepEqual(optionsByKey.get('cleanUrls')?.environment, ['SERVE8008_CLEAN_URLS'])
    assert.deepEqual(optionsByKey.get('root')?.environment, ['SERVE8008_ROOT'])
    assert.equal(limitVariable('headerBytes'), 'SERVE8008_LIMIT_HEADER_BYTES')
    assert.equal(optionsByKey.get('limits')?.environment.length, limitNames.length)
  })

  test('shows defaults in words', () => {
    const shown = (key: string): string | undefined => optionsByKey.get(key)?.default
    assert.deepEqual(
      [shown('port'), shown('host'), shown('listing'), shown('lan'), shown('auth'), shown('cache')],
      ['8008, 591, 8080, 8000', 'localhost', 'on', 'off', '', 'no-cache'],
    )
  })

  test('lists exactly the choices that are accepted', () => {
    for (const { key, choices } of optionTable) {
      for (const choice of choices) {
        const config = resolveConfig({ [key]: choice })
        assert.equal(({ ...config, ...config.live } as unknown as ServeOptions)[key], choice)
      }
    }
    assert.deepEqual(optionsByKey.get('trailingSlash')?.choices, ['auto', 'always', 'never'])
    assert.deepEqual(optionsByKey.get('reload')?.choices, ['page', 'morph'])
    assert.deepEqual(optionsByKey.get('log')?.choices, ['pretty', 'common', 'combined', 'json', 'none'])
  })
})

describe('defaults', () => {
  test('are valid themselves', () => {
    const { port, host, h2c, ...rest } = defaults
    // Whether it was named decides whether a route may switch it on.
    assert.equal(h2c, resolveConfig({}).h2c)
    assert.deepEqual(resolveConfig({ port, host, ...rest }), resolveConfig({}))
  })

  test('are frozen', () => {
    assert.throws(() => Object.assign(defaults, { lan: true }), TypeError)
    assert.throws(() => Object.assign(defaults.limits, { ranges: 1 }), TypeError)
  })

  test('lie within the bounds of each limit', () => {
    for (const name of limitNames) {
      const { min, max, default: value } = limitTable[name]
      assert.ok(min <= value && value <= max, name)
    }
  })
})
