import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { openBrowser, type Opener } from '../../../src/cli/browser.ts'

interface Opened {
  readonly calls: unknown[][]
  readonly warnings: string[]
  readonly child: EventEmitter
}

async function open(path: string, env: Record<string, string>, fails?: Error): Promise<Opened> {
  const opened: Opened = { calls: [], warnings: [], child: new EventEmitter() }
  const opener: Opener = (...call) => {
    opened.calls.push(call)
    return fails === undefined ? Promise.resolve(opened.child) : Promise.reject(fails)
  }
  await openBrowser('http://localhost:8008/', path, env, (message) => opened.warnings.push(message), opener)
  return opened
}

test('opens the path at the server', async () => {
  assert.deepEqual((await open('/docs/?a=1#b', {})).calls, [['http://localhost:8008/docs/?a=1#b']])
})

test('BROWSER names the program and BROWSER_ARGS its arguments', async () => {
  const { calls } = await open('/', { BROWSER: 'firefox', BROWSER_ARGS: '--private-window  -x' })
  assert.deepEqual(calls, [
    ['http://localhost:8008/', { app: { name: 'firefox', arguments: ['--private-window', '-x'] } }],
  ])
})

test('BROWSER=none and CI open nothing', async () => {
  assert.deepEqual((await open('/', { BROWSER: 'none' })).calls, [])
  assert.deepEqual((await open('/', { CI: 'true' })).calls, [])
})

test('a browser that does not start is a warning', async () => {
  assert.deepEqual((await open('/', {}, new Error('spawn ENOENT'))).warnings, [
    'The browser did not open: spawn ENOENT',
  ])
  const { child, warnings } = await open('/', {})
  child.emit('error', new Error('gone'))
  assert.deepEqual(warnings, ['The browser did not open: gone'])
})
