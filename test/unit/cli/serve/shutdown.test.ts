import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reporter } from '../../../../src/cli/output/reporter.ts'
import { createShutdown, onSignals } from '../../../../src/cli/serve/shutdown.ts'
import type { Server8008 } from '../../../../src/server/types.ts'
import { EventEmitter } from 'node:events'

interface Stage {
  readonly printed: string[]
  readonly report: Reporter
  readonly left: Promise<number>
}

function stage(): Stage {
  const printed: string[] = []
  let leave: (exitCode: number) => void = () => {}
  const left = new Promise<number>((resolve) => {
    leave = resolve
  })
  const report: Reporter = {
    terminal: { isTerminal: true, color: false, columns: 80 },
    print: (text) => void printed.push(text),
    error: () => 1,
    warning: () => {},
    leave: (exitCode) => Promise.resolve(leave(exitCode)),
  }
  return { printed, report, left }
}

const output = { quiet: false, verbose: false, json: false }
const closing = (close: () => Promise<void>): Server8008 => ({ close }) as unknown as Server8008

test('closes once and leaves with 0', async () => {
  const { report, left, printed } = stage()
  let closes = 0
  const shutdown = createShutdown(
    closing(() => Promise.resolve(void closes++)),
    report,
    output,
  )
  assert.equal(shutdown.isStopping(), false)
  shutdown.stop()
  shutdown.stop()
  assert.equal(shutdown.isStopping(), true)
  assert.equal(await left, 0)
  assert.equal(closes, 1)
  // only the end of the line in which the terminal shows ^C
  assert.deepEqual(printed, ['\n'])
})

test('a closing that fails leaves with the exit code of its error', async () => {
  const { report, left } = stage()
  createShutdown(
    closing(() => Promise.reject(new Error('no'))),
    report,
    output,
  ).stop()
  assert.equal(await left, 1)
})

test('prints why closing takes time to a terminal, not to a program', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  for (const [said, lines] of [
    [output, 2],
    [{ ...output, quiet: true }, 0],
    [{ ...output, json: true }, 0],
  ] as const) {
    const { report, printed } = stage()
    createShutdown(
      closing(() => new Promise(() => {})),
      report,
      said,
    ).stop()
    t.mock.timers.tick(1000)
    assert.equal(printed.length, lines)
  }
})

function listen(
  env: Record<string, string>,
  times: number[] = [],
): { emitter: EventEmitter; done: (string | number)[] } {
  const emitter = new EventEmitter()
  const done: (string | number)[] = []
  onSignals({
    env,
    on: (event, listener) => void emitter.on(event, listener),
    elapsed: () => times.shift() ?? 0,
    drain: () => done.push('drain'),
    force: (exitCode) => done.push(exitCode),
  })
  return { emitter, done }
}

test('the first signal drains, whichever it is', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) {
    const { emitter, done } = listen({})
    emitter.emit(signal)
    assert.deepEqual(done, ['drain'])
  }
})

test('a second signal forces the end, with the exit code of that signal', () => {
  for (const [signal, exitCode] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { emitter, done } = listen({})
    emitter.emit('SIGTERM')
    emitter.emit(signal)
    assert.deepEqual(done, ['drain', exitCode])
  }
})

test('under nohup SIGHUP is ignored and other signals work', () => {
  const { emitter, done } = listen({ _: '/usr/bin/nohup' })
  emitter.emit('SIGHUP')
  assert.deepEqual(done, [])
  emitter.emit('SIGTERM')
  emitter.emit('SIGHUP')
  assert.deepEqual(done, ['drain'])
})

test('one ^C that npm sends on a second time is still one ^C', () => {
  const { emitter, done } = listen({}, [1000, 1003, 1900])
  emitter.emit('SIGINT')
  emitter.emit('SIGINT')
  assert.deepEqual(done, ['drain'])
  emitter.emit('SIGINT')
  assert.deepEqual(done, ['drain', 130])
})
