import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Keyboard } from '../../../../src/cli/keyboard.ts'
import { canUseKeys } from '../../../../src/cli/serve/startup-output.ts'
import { listenToKeys, renderKeys, type KeyAction, type Keys } from '../../../../src/cli/serve/keys.ts'
import type { Program } from '../../../../src/cli/process-io.ts'
import type { Reporter } from '../../../../src/cli/output/reporter.ts'
import { serverActions } from '../../../../src/cli/serve/server-keys.ts'

interface Stage {
  /** What happened, in order. */
  readonly log: string[]
  readonly keys: Keys
  readonly signals: EventEmitter
  type(text: string): Promise<void>
  setForeground(is: boolean): void
}

async function stage(actions: readonly KeyAction[] = [], isInFront = true): Promise<Stage> {
  const log: string[] = []
  const signals = new EventEmitter()
  let listener: (text: string) => void = () => {}
  let isForeground = isInFront
  const keyboard: Keyboard = {
    raw: (on) => void log.push(on ? 'raw' : 'restored'),
    onTyped(typed) {
      listener = typed
    },
    isForeground: () => Promise.resolve(isForeground),
    signal: (name) => void log.push(name),
    stop: () => void log.push('stopped'),
    run: () => Promise.resolve(),
  }
  const on = (event: string, heard: (cause: unknown) => void): void => void signals.on(event, heard)
  const keys = await listenToKeys(keyboard, actions, { on }, (text) => log.push(`print ${JSON.stringify(text)}`))
  return {
    log,
    keys,
    signals,
    async type(text) {
      listener(text)
      await settled()
    },
    setForeground(is) {
      isForeground = is
    },
  }
}

/** Runs all pending callbacks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('^C, ^Z and ^\\ go to the whole job as signals, and Enter makes an empty line', async () => {
  const { log, type } = await stage()
  await type('\u0003\r\u001A')
  await type('\u001C')
  assert.deepEqual(log, ['raw', 'print "^C"', 'SIGINT', 'print "\\n"', 'SIGTSTP', 'restored', 'SIGQUIT'])
})

test('each key does its own thing, in capitals too, and others do nothing', async () => {
  const { log, type } = await stage([{ key: 'r', text: 'reload', run: () => void log.push('reload') }])
  await type('rRx\u001B[A')
  assert.deepEqual(log, ['raw', 'reload', 'reload'])
})

test('the terminal is restored while the job is stopped, and taken again only in front', async () => {
  const { log, signals, setForeground } = await stage()
  signals.emit('SIGTSTP')
  signals.emit('SIGTSTP')
  setForeground(false)
  signals.emit('SIGCONT')
  await settled()
  assert.deepEqual(log, ['raw', 'restored', 'stopped'])
  signals.emit('SIGTSTP')
  setForeground(true)
  signals.emit('SIGCONT')
  await settled()
  assert.deepEqual(log, ['raw', 'restored', 'stopped', 'stopped', 'raw'])
})

test('a job in the background never touches the terminal', async () => {
  const { log } = await stage([], false)
  assert.deepEqual(log, [])
})

test('another command gets the terminal as it was, with ^C and what is typed behind its key', async () => {
  let end: () => void = () => {}
  const run = (): Promise<void> => new Promise((resolve) => (end = resolve))
  const { log, keys, type } = await stage([{ key: 't', text: 'trust', lends: true, run }])
  await type('t\u0003')
  await type('\u0003')
  assert.equal(keys.isLent(), true)
  assert.deepEqual(log, ['raw', 'restored'])
  // It continues, as a signal to the server alone leaves it.
  assert.equal(await keys.returned(1), false)
  const returned = keys.returned(60_000)
  end()
  assert.equal(await returned, true)
  await settled()
  assert.equal(keys.isLent(), false)
  assert.deepEqual(log, ['raw', 'restored', 'raw'])
})

test('keys are off where no person sits at both ends, or --json or --quiet is asked for', () => {
  const output = { quiet: false, verbose: false, json: false }
  const program = (isTTY: boolean): Program => ({ stdin: Object.assign(new PassThrough(), { isTTY }) }) as never
  const report = (isTerminal: boolean): Reporter => ({ terminal: { isTerminal } }) as never
  assert.equal(canUseKeys(program(true), output, report(true)), true)
  assert.equal(canUseKeys(program(false), output, report(true)), false)
  assert.equal(canUseKeys(program(true), output, report(false)), false)
  assert.equal(canUseKeys(program(true), { ...output, json: true }, report(true)), false)
  assert.equal(canUseKeys(program(true), { ...output, quiet: true }, report(true)), false)
})

test('the key that trusts the authority is there where the authority issues the certificates', () => {
  const keysWith = (tls: object | undefined): string =>
    serverActions({ server: {}, listening: { urls: {} }, config: { tls } } as never)
      .map(({ key }) => key)
      .join('')
  assert.equal(keysWith({ certificates: [] }), 'odqrtch')
  assert.equal(keysWith({ certificates: [{}] }), 'odqrch')
  assert.equal(keysWith(undefined), 'odqrch')
})

test('every key of a server has a line of help and says what it did where nothing is to be seen', async () => {
  const printed: string[] = []
  const ran: string[][] = []
  const actions = serverActions({
    server: { reload: () => Promise.resolve({ paths: [], pages: 0, ms: 1 }) },
    listening: {
      url: 'http://localhost:8008/',
      port: 8008,
      urls: { local: [], network: [] },
      addresses: ['127.0.0.1'],
    },
    config: { open: undefined, live: {}, tls: { certificates: [] } },
    program: { env: { BROWSER: 'none' } },
    report: {
      print: (text: string) => printed.push(text),
      terminal: { isTerminal: true, color: false, columns: 80 },
    },
    keyboard: { run: (words: readonly string[]) => Promise.resolve(void ran.push([...words])) },
  } as never)
  assert.deepEqual(
    actions.map(({ key }) => key),
    ['o', 'd', 'q', 'r', 't', 'c', 'h'],
  )
  for (const action of actions) await action.run()
  assert.deepEqual(ran, [['dashboard', '--port', '8008'], ['trust']])
  assert.match(printed[0] ?? '', /Only this machine can open http:\/\/localhost:8008\/ \(start with --lan/)
  assert.match(printed[1] ?? '', /No page of http:\/\/localhost:8008\/ is open\./)
  // The address stays to be seen.
  assert.deepEqual(printed.slice(2, 5), ['\u001B[2J\u001B[3J\u001B[H', '  http://localhost:8008/\n', '\n'])
  assert.equal(printed[5], renderKeys(actions))
  for (const { key } of actions) assert.match(renderKeys(actions), new RegExp(`^  ${key}   \\w`, 'm'))
})

test('q does not suggest --lan to a server that has it, on a machine without a network', async () => {
  const printed: string[] = []
  const actions = serverActions({
    server: {},
    listening: { url: 'http://localhost:8008/', port: 8008, urls: { network: [] }, addresses: ['0.0.0.0', '::'] },
    config: {},
    report: { print: (text: string) => printed.push(text) },
  } as never)
  await actions.find(({ key }) => key === 'q')?.run()
  assert.deepEqual(printed, ['  This machine has no address on a network.\n'])
})
