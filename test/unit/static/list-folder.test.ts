import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ask, folder, site, type Answer } from './site.ts'

const json = ['accept: application/json']

function namesIn({ text }: Answer): string[] {
  return JSON.parse(text).entries.map(({ name }: { name: string }) => name)
}

describe('a listing', () => {
  test('is made once for all who ask for it at the same time', async (t) => {
    const from = site(folder(t, { 'a.txt': '', 'b.txt': '' }))
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(from, '/', json)))
    assert.deepEqual(namesIn(answers[0] as Answer), ['a.txt', 'b.txt'])
    for (const { reply } of answers) assert.equal(reply, answers[0]?.reply)
    assert.ok(Object.isFrozen(answers[0]?.reply))
    const others = await Promise.all(['?sort=size', '?filter=a', ''].map((query) => ask(from, `/${query}`, json)))
    assert.equal(new Set(others.map(({ reply }) => reply)).size, 3)
    const [page, data] = await Promise.all([ask(from, '/', ['accept: text/html']), ask(from, '/', json)])
    assert.notEqual(page.field('content-type'), data.field('content-type'))
  })

  test('of a folder that changes while one is made holds the change for all who ask later', async (t) => {
    const root = folder(t, Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}.txt`, ''])))
    const from = site(root)
    for (let i = 0; i < 20; i++) {
      const early = ask(from, '/', json)
      // At any moment of its making.
      for (let turns = 0; turns < i % 10; turns++) await turn()
      const name = `new-${i}.txt`
      writeFileSync(join(root, name), '')
      const late = await Promise.all([ask(from, '/', json), ask(from, '/', json)])
      for (const answer of late) assert.ok(namesIn(answer).includes(name), `after ${i % 10} turns`)
      await early
    }
  })

  test('that nobody gets to see is refused to each who asks', async (t) => {
    const from = site(folder(t, { '.hidden/a.txt': '' }))
    const answers = await Promise.all([1, 2, 3].map(() => ask(from, '/.hidden/', json)))
    assert.deepEqual(
      answers.map(({ code }) => code),
      ['E8008_NOT_FOUND', 'E8008_NOT_FOUND', 'E8008_NOT_FOUND'],
    )
  })
})
