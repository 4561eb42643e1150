import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { importConfig } from '../../../src/cli/import-config.ts'

test('hides warnings of Node about the module type of a config file, and prints other warnings', async () => {
  const { emit } = process
  const heard: string[] = []
  const hear = ({ message }: Error): void => void heard.push(message)
  process.on('warning', hear)
  const source = `
    process.emitWarning('typeless', { code: 'MODULE_TYPELESS_PACKAGE_JSON' })
    process.emitWarning('To load an ES module, set "type": "module"')
    process.emitWarning('another')
    export default {}`
  assert.deepEqual(
    { ...((await importConfig(`data:text/javascript,${encodeURIComponent(source)}`)) as object) },
    { default: {} },
  )
  assert.deepEqual(heard, ['another'])
  assert.equal(process.emit, emit)

  const after = once(process, 'warning')
  process.emitWarning('typeless again', { code: 'MODULE_TYPELESS_PACKAGE_JSON' })
  await after
  assert.deepEqual(heard, ['another', 'typeless again'])
  process.off('warning', hear)
})
