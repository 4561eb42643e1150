import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineConfig } from '../../../src/config/define-config.ts'

test('returns the options, the promise or the function that it is given', async () => {
  const options = { port: 3000 } as const
  const make = (): { port: number } => options
  const promise = Promise.resolve(options)
  assert.equal(defineConfig(options), options)
  assert.equal(defineConfig(make), make)
  assert.equal(defineConfig(promise), promise)
  await promise
})

test('types literals, also those that a function returns, and refuses misspelt names', async () => {
  assert.equal(defineConfig({ log: 'json' }).log, 'json')
  const made = defineConfig(() => ({ port: 1, log: 'json', trailingSlash: 'auto' }))
  assert.equal((await made()).trailingSlash, 'auto')
  const later = defineConfig(async () => Promise.resolve({ log: 'json' }))
  assert.equal((await later()).log, 'json')
  // @ts-expect-error: a misspelt option beside a right one
  void defineConfig({ port: 1, colour: 2 })
  void defineConfig({
    root: '.',
    // @ts-expect-error: the slip is reported, and not the option before it
    prot: 1,
  })
  void defineConfig({
    root: '.',
    // @ts-expect-error: so is a wrong value
    log: 'jso',
  })
  // @ts-expect-error: there is no such format
  void defineConfig(() => ({ log: 'jso' }))
})
