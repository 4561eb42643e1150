import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { LogFormat } from '../../../../src/config/value-types.ts'
import { createAccessLog } from '../../../../src/inspect/inspect.ts'
import { record } from './record.ts'

function gather(format: LogFormat): { writes: string[]; log: ReturnType<typeof createAccessLog> } {
  const writes: string[] = []
  return { writes, log: createAccessLog({ format, write: (text) => writes.push(text), color: false }) }
}

test('the lines of one turn of the event loop are written together', async () => {
  const { writes, log } = gather('common')
  log.log(record({ target: '/1' }))
  log.log(record({ target: '/2' }))
  assert.deepEqual(writes, [])
  await turn()
  assert.equal(writes.length, 1)
  assert.match(writes.join(''), /^.*"GET \/1 HTTP.*\n.*"GET \/2 HTTP.*\n$/)
  log.log(record({ target: '/3' }))
  await turn()
  assert.equal(writes.length, 2)
})

test('much is written before the turn ends', async () => {
  const { writes, log } = gather('json')
  for (let i = 0; i < 8; i++) log.log(record({ target: `/${'x'.repeat(10_000)}` }))
  assert.equal(writes.length, 1)
  await turn()
  assert.equal(writes.length, 2)
  assert.equal(writes.join('').split('\n').length, 9)
})

test('flush writes at once what is gathered, and nothing twice', async () => {
  const { writes, log } = gather('pretty')
  log.flush()
  log.log(record())
  log.flush()
  assert.equal(writes.length, 1)
  await turn()
  log.flush()
  assert.equal(writes.length, 1)
})

test('the format none writes nothing', async () => {
  const { writes, log } = gather('none')
  log.log(record())
  log.flush()
  await turn()
  assert.deepEqual(writes, [])
})
