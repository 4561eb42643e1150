import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPrinter, isReaderGone } from '../../../../src/cli/output/printer.ts'
import type { Output } from '../../../../src/cli/process-io.ts'

type Done = (error?: Error | null) => void

/** A stream whose writes end when the test says so. */
function slow(): { output: Output; written: string[]; settle(error?: Error): void } {
  const waiting: Done[] = []
  const written: string[] = []
  const output: Output = {
    write(text, done) {
      written.push(String(text))
      if (done !== undefined) waiting.push(done)
    },
    on: () => {},
  }
  return { output, written, settle: (error) => waiting.shift()?.(error) }
}

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

test('drops text above the bound until half of it is written, and reports the number once', () => {
  const { output, written, settle } = slow()
  const told: [number, unknown][] = []
  const printer = createPrinter(output, { mostBytes: 40, onLost: (lines, cause) => told.push([lines, cause]) })
  for (let i = 0; i < 6; i++) printer.print(`line ${i}\n--\n`)
  assert.equal(written.length, 4)
  settle()
  // 30 of 40 still wait.
  printer.print('lost\n')
  settle()
  assert.deepEqual(told, [[5, undefined]])
  printer.print('taken\n')
  assert.equal(written.at(-1), 'taken\n')
  for (let i = 0; i < 3; i++) settle()
  assert.deepEqual(told.length, 1)
})

test('a text that is longer than the bound is printed where nothing waits', () => {
  const { output, written } = slow()
  createPrinter(output, { mostBytes: 3 }).print('whole\n')
  assert.deepEqual(written, ['whole\n'])
})

test('counts bytes, not characters', () => {
  const { output, written } = slow()
  const printer = createPrinter(output, { mostBytes: 8 })
  printer.print('日本')
  printer.print('日')
  assert.deepEqual(written, ['日本'])
})

test('reports a failure once, and the lost lines when text is written again', () => {
  const { output, settle } = slow()
  const told: unknown[] = []
  const printer = createPrinter(output, {
    onFailure: ({ code }) => told.push(code),
    onLost: (lines, cause) => told.push([lines, cause?.code]),
  })
  for (const error of [noSpace, noSpace, undefined, undefined, noSpace]) {
    printer.print('x\n')
    settle(error)
  }
  assert.deepEqual(told, ['ENOSPC', [2, 'ENOSPC'], 'ENOSPC'])
  assert.equal(printer.failure, noSpace)
  assert.equal(printer.takeLost(), 1)
  assert.equal(printer.takeLost(), 0)
})

test('without a bound nothing is dropped', () => {
  const { output, written } = slow()
  const printer = createPrinter(output)
  for (let i = 0; i < 3; i++) printer.print('x'.repeat(2_000_000))
  assert.equal(written.length, 3)
})

test('waits at the end for printed text, up to a given time', async () => {
  const { output, settle } = slow()
  const printer = createPrinter(output)
  let isOver = false
  const whole = printer.written().then(() => {
    isOver = true
  })
  await printer.written(1)
  assert.equal(isOver, false)
  settle()
  await whole
})

test('a reader has gone by EPIPE, EOF, ECONNRESET, and EIO of a terminal; a full disk is none of these', () => {
  const output = (isTTY: boolean): Output => ({ write: () => {}, on: () => {}, isTTY })
  const gone = (code: string, isTTY = false): boolean =>
    isReaderGone(Object.assign(new Error(code), { code }), output(isTTY))
  for (const code of ['EPIPE', 'EOF', 'ECONNRESET']) assert.equal(gone(code), true, code)
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EAGAIN', 'ENXIO']) assert.equal(gone(code), false, code)
  assert.equal(gone('EIO', true), true)
  assert.equal(gone('ENOSPC', true), false)
})
