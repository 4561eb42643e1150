import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { onSignals } from '../../../../src/cli/serve/signals.ts'

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

test('a second one forces, with the exit code of that signal', () => {
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

test('nohup makes SIGHUP mean nothing, and the others what they always mean', () => {
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
