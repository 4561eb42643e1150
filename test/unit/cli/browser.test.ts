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
  assert.deepEqual((await open('/', {}, new Error('spawn /usr/bin/xdg-open ENOENT'))).warnings, [
    'No browser was opened (xdg-open is not installed). Open http://localhost:8008/ yourself.',
  ])
  const { child, warnings } = await open('/', {})
  child.emit('error', new Error('gone'))
  assert.deepEqual(warnings, ['No browser was opened (gone). Open http://localhost:8008/ yourself.'])
})

test('warns if the opener finds no browser, but not if a browser is closed', async (t) => {
  const { child, warnings } = await open('/a', {})
  child.emit('exit', 3)
  assert.deepEqual(warnings, [
    'No browser was opened (no browser was found, exit code 3). Open http://localhost:8008/a yourself.',
  ])
  const named = await open('/', { BROWSER: 'firefox' })
  named.child.emit('exit', 1)
  assert.match(named.warnings[0] ?? '', /firefox ended with 1/)
  for (const code of [0, null]) {
    const well = await open('/', {})
    well.child.emit('exit', code)
    assert.deepEqual(well.warnings, [])
  }
  const clock = t.mock.method(performance, 'now', () => 0)
  const late = await open('/', { BROWSER: 'firefox' })
  clock.mock.mockImplementation(() => 60_000)
  late.child.emit('exit', 1)
  assert.deepEqual(late.warnings, [])
})
