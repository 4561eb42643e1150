import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { commandWords, folderOf, start, type Command } from './command.ts'

const probe = spawnSync('script', ['--version'], { encoding: 'utf8' })
const hasScript = probe.error === undefined && probe.stdout.includes('util-linux')
const skip = hasScript ? false : 'there is no script(1) of util-linux here'

const serveWords = [...commandWords, '--port', '0'].map((word) => `'${word}'`).join(' ')

interface Typing extends Command {
  /** Presses keys. */
  press(keys: string): void
  /** The process id of the server. */
  pid(): number
}

/** Runs shell lines in a pseudo-terminal; SERVE in them is the server. */
async function inTerminal(t: TestContext, lines: string, env: Record<string, string> = {}): Promise<Typing> {
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const run = await folderOf(t, {})
  const script = await folderOf(t, { 'lines.sh': lines.replaceAll('SERVE', serveWords) })
  const command = start(t, [], {
    cwd,
    words: ['script', '-qefc', `bash ${join(script, 'lines.sh')}`, '/dev/null'],
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { NO_COLOR: '1', SHELL: '/bin/sh', TERM: 'xterm', XDG_RUNTIME_DIR: run, BROWSER: 'none', ...env },
  })
  return {
    ...command,
    press: (keys) => void command.child.stdin?.write(keys),
    pid: () => serverOf(command.child.pid as number),
  }
}

/** The server among the descendants of a process: the one whose parent is a shell. */
function serverOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  for (const child of children.map(Number)) {
    const [program = ''] = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0')
    return program === process.execPath ? child : serverOf(child)
  }
  throw new Error('there is no server')
}

/** Whether a process runs: one that waits for its parent to ask after it has no command line. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
}

const around = `trap : INT; echo "before $(stty -g)"; SERVE; echo "code $?"; echo "after $(stty -g)"`
/** With certificates that browsers do not trust yet. */
const aroundSecure = around.replace('SERVE', 'SERVE --tls')

/** Whether the terminal is at the end as it was at the beginning. */
function assertRestored(text: string): void {
  const states = [...text.matchAll(/(?:before|stopped|after) ([0-9a-f:]+)/g)].map(([, state]) => state)
  assert.ok(states.length >= 2, text)
  assert.equal(new Set(states).size, 1, text)
}

test('the banner names the keys, h lists them, r and q answer, and ^C ends with 0', { skip }, async (t) => {
  const { press, stdout, ended } = await inTerminal(t, around)
  await stdout(/Keys {6}h help · o open · d dashboard · q QR code · r reload · \^C stop/)
  press('h')
  await stdout(/c {3}clear the screen/)
  press('r')
  await stdout(/No page of http:\/\/localhost:\d+\/ is open\./)
  press('q')
  await stdout(/Only this machine can open/)
  press('\u0003')
  const { stdout: text } = await ended
  assert.match(text, /\^C\r\ncode 0\r\n/)
  assertRestored(text)
})

for (const [signal, code] of [
  ['SIGTERM', 0],
  ['SIGHUP', 0],
] as const) {
  test(`${signal} restores the terminal`, { skip }, async (t) => {
    const { stdout, ended, pid } = await inTerminal(t, around)
    await stdout(/Keys {6}/)
    process.kill(pid(), signal)
    const { stdout: text } = await ended
    assert.match(text, new RegExp(`code ${code}\\r\\n`))
    assertRestored(text)
  })
}

test('a crash restores the terminal, and its exit code is not 0', { skip }, async (t) => {
  const crash = await folderOf(t, { 'crash.cjs': `process.on('SIGUSR2', () => { throw new Error('crashed') })` })
  const { stdout, ended, pid } = await inTerminal(t, around, { NODE_OPTIONS: `--require ${join(crash, 'crash.cjs')}` })
  await stdout(/Keys {6}/)
  process.kill(pid(), 'SIGUSR2')
  const { stdout: text } = await ended
  assert.match(text, /E8008_INTERNAL/)
  assert.match(text, /code 1\r\n/)
  assertRestored(text)
})

test('^Z stops the job with the terminal as it was, and fg brings the keys back', { skip }, async (t) => {
  const job = `set -m; echo "before $(stty -g)"; SERVE; echo "stopped $(stty -g)"; fg; echo "after $(stty -g)"`
  const { press, stdout, ended } = await inTerminal(t, job)
  await stdout(/Keys {6}/)
  press('\u001A')
  await stdout(/stopped [0-9a-f]+[^]*serve8008|stopped [0-9a-f]+[^]*--port/)
  press('h')
  await stdout(/clear the screen/)
  press('\u0003')
  assertRestored((await ended).stdout)
})

test('a server in the background is not stopped by the terminal', { skip }, async (t) => {
  const job = `set -m; SERVE & read -r line; jobs; kill %1; wait; echo over`
  const { press, stdout, ended } = await inTerminal(t, job)
  await stdout(/Local {5}/)
  press('\r')
  await stdout(/over/)
  const { stdout: text } = await ended
  assert.match(text, /Running/)
  assert.doesNotMatch(text, /Keys/)
})

test('the first ^C lets a reply under way finish, the second leaves now', { skip }, async (t) => {
  const { press, stdout, ended } = await inTerminal(t, `truncate -s 64M big.bin; ${around}`)
  const [, port] = await stdout(/localhost:(\d+)\/[^]*Keys/)
  const client = connect(Number(port), '127.0.0.1')
  t.after(() => client.destroy())
  client.write(`GET /big.bin HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
  await once(client, 'data')
  client.pause()
  press('\u0003')
  await stdout(/Finishing open replies/)
  press('\u0003')
  const { stdout: text } = await ended
  assert.match(text, /code 130/)
  assertRestored(text)
})

test('t gives the terminal to serve8008 trust: ^C ends trust, and the keys work again', { skip }, async (t) => {
  const home = await folderOf(t, {})
  const { press, stdout, ended } = await inTerminal(t, aroundSecure, { HOME: home, XDG_DATA_HOME: home })
  // Warnings come once the keys are listened to.
  await stdout(/try: serve8008 trust/)
  press('t')
  // Where there is no store to change nothing is asked.
  const [said] = await stdout(/\[y\/N\] |NODE_EXTRA_CA_CERTS|E8008_TRUST/)
  if (said.startsWith('[')) press('\u0003')
  // The terminal is taken again once the command has ended.
  const asking = setInterval(() => press('h'), 50)
  await stdout(/let browsers trust/).finally(() => clearInterval(asking))
  press('\u0003')
  const { stdout: text } = await ended
  assert.match(text, /code 0\r\n/)
  assertRestored(text)
})

for (const [signal, wanted] of [
  ['SIGINT', 'code 0'],
  ['SIGTERM', 'code 0'],
] as const) {
  test(`${signal} to the server ends it while another command asks in its terminal`, { skip }, async (t) => {
    // A store that needs a change, so that trust asks.
    const home = await folderOf(t, { '.pki/nssdb/cert9.db': '' })
    // The end of the terminal would end it as well.
    const lines = `${aroundSecure}; read -r line`
    const { press, stdout, ended, pid } = await inTerminal(t, lines, { HOME: home, XDG_DATA_HOME: home })
    await stdout(/try: serve8008 trust/)
    const server = pid()
    press('t')
    const [said] = await stdout(/\[y\/N\] |NODE_EXTRA_CA_CERTS|E8008_TRUST/)
    const asking = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim()
    if (!said.startsWith('[')) return t.skip('this store needs no question')
    process.kill(server, signal)
    await stdout(new RegExp(`${wanted}\\r\\n[^]*after [0-9a-f:]+\\r\\n`))
    while (isRunning(asking)) await new Promise((resolve) => setImmediate(resolve))
    press('\r')
    assertRestored((await ended).stdout)
  })
}

test('keys are off in CI', { skip }, async (t) => {
  const { press, stdout, ended } = await inTerminal(t, around, { CI: '1' })
  await stdout(/ at http:/)
  press('h\u0003')
  const { stdout: text } = await ended
  assert.doesNotMatch(text, /Keys|let browsers/)
  assert.match(text, /code 0/)
})
