import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { main } from '../../../src/cli/main.ts'
import { currentProgram, type Output, type Program } from '../../../src/cli/process-io.ts'

interface Stage {
  readonly program: Program
  readonly events: EventEmitter
  readonly stdout: EventEmitter
  readonly exitCodes: number[]
  text(name: 'stdout' | 'stderr'): string
  /** Resolves with the exit code. */
  readonly exited: Promise<number>
}

/** A process that does not exist. */
function stage(argv: readonly string[], env: Record<string, string> = {}): Stage {
  const texts = { stdout: '', stderr: '' }
  const emitters = { stdout: new EventEmitter(), stderr: new EventEmitter() }
  const events = new EventEmitter()
  const exitCodes: number[] = []
  const output = (name: 'stdout' | 'stderr'): Output => ({
    write(text, done) {
      texts[name] += text
      done?.()
    },
    on: (event, listener) => emitters[name].on(event, listener),
  })
  const program: Program = {
    argv,
    env,
    cwd: tmpdir(),
    pid: 42,
    stdout: output('stdout'),
    stderr: output('stderr'),
    elapsed: () => performance.now(),
    on: (event, listener) => void events.on(event, listener),
    exit(code) {
      exitCodes.push(code)
      events.emit('test:exit', code)
    },
  }
  const exited = new Promise<number>((resolve) => void events.once('test:exit', resolve))
  return { program, events, stdout: emitters.stdout, exitCodes, text: (name) => texts[name], exited }
}

for (const argv of [['--version'], ['--version', '--json'], ['--help'], ['help'], ['completion', 'fish'], ['check']]) {
  test(`${argv.join(' ')} prints and ends with 0`, async () => {
    const { program, exitCodes, text } = stage(argv)
    await main(program)
    assert.deepEqual(exitCodes, [0])
    assert.notEqual(text('stdout'), '')
    assert.equal(text('stderr'), '')
  })
}

for (const argv of [
  ['htp://ann:s3cret@h.test'],
  ['.', 'ann:s3cret@h.test'],
  ['stop', 'http://ann:s3cret@h.test'],
  ['cert', 'http://ann:s3cret@h.test'],
  ['help', 'http://ann:s3cret@h.test'],
  ['explain', 'htp://ann:s3cret@:x/'],
  ['explain', 'get', 'http://h.test/?token=s3cret'],
  ['explain', '/x', '-H', 'Authorization Bearer s3cret'],
  ['--header', 'X-Api-Key=s3cret'],
  ['--prox', 'http://h.test/?token=s3cret'],
  ['--config', 'http://ann:s3cret@h.test'],
  ['--mount', '/a=http://ann:s3cret@h.test'],
  ['--auth-file', 'http://ann:s3cret@h.test'],
  ['check', '--cert', 'http://ann:s3cret@h.test'],
]) {
  test(`${argv.join(' ')} is refused without its secret`, async () => {
    const { program, exitCodes, text } = stage(argv)
    await main(program)
    assert.deepEqual(exitCodes, [2])
    assert.doesNotMatch(text('stderr'), /s3cret/)
  })
}

test('reports an uncaught exception as E8008_INTERNAL and exits with 1', async () => {
  const { program, events, exitCodes, text } = stage(['--version'])
  await main(program)
  events.emit('uncaughtException', new TypeError('boom'))
  assert.deepEqual(exitCodes, [0, 1])
  assert.match(text('stderr'), /^Something failed inside serve8008: boom\nE8008_INTERNAL {3}try: .*--verbose.*\n$/)
})

test('help exits with 0 when its reader closes the pipe', async () => {
  const { program, stdout, exitCodes } = stage(['--help'])
  await main(program)
  stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  assert.deepEqual(exitCodes, [0, 0])
})

test('does not take a path that cannot be examined for a folder', async () => {
  const { program, exitCodes, text } = stage(['--open', '/\0'])
  await main(program)
  assert.deepEqual(exitCodes, [2])
  assert.match(text('stderr'), /^--open/)
})

test('a deleted working directory is an error with a hint, with --json too', async (t) => {
  t.mock.method(process, 'cwd', () => {
    throw Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), { code: 'ENOENT' })
  })
  const real = currentProgram()
  for (const argv of [['status', '--json'], ['site', '--json'], ['--json'], ['check', '--json']]) {
    const { program, exitCodes, text } = stage(argv)
    await main(Object.defineProperty({ ...program }, 'cwd', { get: () => real.cwd }))
    const { error } = JSON.parse(text('stderr')) as { error: Record<string, unknown> }
    assert.deepEqual(
      [error['code'], error['message'], error['command']],
      ['E8008_USAGE', 'The working directory does not exist any more.', null],
    )
    assert.match(String(error['hint']), /^change to a folder that exists/)
    assert.deepEqual([exitCodes, text('stdout')], [[2], ''], argv.join(' '))
  }
  const version = stage(['version'])
  await main(Object.defineProperty({ ...version.program }, 'cwd', { get: () => real.cwd }))
  assert.deepEqual(version.exitCodes, [0])
})

test('serves, and a signal ends it with 0', async () => {
  const { program, events, exited, text } = stage(['--port', '0', '--verbose'])
  await main(program)
  assert.match(
    text('stdout'),
    /^serve8008 \S+ serving \. at http:\/\/localhost:\d+\/\nConfig: no file\nSet by: port: flag --port\nTiming: /,
  )
  events.emit('SIGINT')
  assert.equal(await exited, 0)
})

test('serves with --json, and ends when its reader leaves', async () => {
  const { program, stdout, exited, text } = stage(['--port', '0', '--json'])
  await main(program)
  assert.equal((JSON.parse(text('stdout')) as { pid: number }).pid, 42)
  stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  assert.equal(await exited, 0)
})

test('a signal while it starts ends it with 0, without an error', async () => {
  const { program, events, exited, text } = stage(['--port', '0'])
  const started = main({
    ...program,
    on(event, listener) {
      program.on(event, listener)
      if (event === 'SIGTERM') setImmediate(() => events.emit('SIGTERM'))
    },
  })
  await started
  assert.equal(await exited, 0)
  assert.equal(text('stderr'), '')
})

const activated = { LISTEN_FDS: '1', LISTEN_PID: '42' }

test('exits with 3 if the inherited descriptor is not a socket', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no socket activation')
  // Descriptor 3 of this process belongs to the event loop.
  const { program, exited, text } = stage([], activated)
  await main(program)
  assert.equal(await exited, 3)
  assert.match(text('stderr'), /E8008_SOCKET/)
})

test('a flag that says where to listen overrides the descriptor of systemd', async () => {
  const { program, events, exited, text } = stage(['--port', '0'], activated)
  await main(program)
  events.emit('SIGTERM')
  assert.equal(await exited, 0)
  assert.equal(text('stderr'), '')
})

test('an event loop that runs empty before the end is an error with 1', async () => {
  const { program, events, exited, text } = stage(['--port', '0'])
  const never = { ...program, exit: () => {} }
  await main({ ...never, argv: ['--version'] })
  events.emit('beforeExit', 0)
  void exited
  assert.match(text('stderr'), /E8008_INTERNAL/)
})
