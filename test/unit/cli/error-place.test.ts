import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { placedError } from '../../../src/cli/error-place.ts'
import { TempFolder } from '../../support/server.ts'

for (const [text, place] of [
  ['export default {\n  single: true\n', 'line 3, column 1'],
  ['export default {\n  port: 3000', 'line 2, column 13'],
]) {
  test(`a file that ends too early has a place too: ${place}`, async () => {
    using folder = new TempFolder()
    const config = join(folder.path, 'config.mjs')
    writeFileSync(config, text as string)
    const fault = { name: 'SyntaxError', message: 'Unexpected end of input', code: undefined, stack: '' }
    assert.equal((await placedError(fault, config)).message, `Unexpected end of input (${place})`)
  })
}

test('the server keeps serving while the place of a mistake is searched', async () => {
  using folder = new TempFolder()
  const config = join(folder.path, 'config.mjs')
  writeFileSync(config, "import './part.mjs'\nexport default {}\n")
  writeFileSync(join(folder.path, 'part.mjs'), '\nexport default {,}\n')
  const fault = { name: 'SyntaxError', message: "Unexpected token ','", code: undefined, stack: '' }
  const went: string[] = []
  setImmediate(() => went.push('request'))
  const { message } = await placedError(fault, config)
  went.push('place')
  assert.equal(message, "Unexpected token ',' (part.mjs, line 2, column 17)")
  assert.deepEqual(went, ['request', 'place'])
})
