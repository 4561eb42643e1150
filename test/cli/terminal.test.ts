import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { commandWords, folderOf, serve, start } from './command.ts'

test('a URL or header with terminal escapes is harmless in every log', async (t) => {
  const cwd = await folderOf(t, {})
  for (const log of ['pretty', 'common', 'combined', 'json']) {
    const { port, child, stdout, ended } = await serve(t, ['--log', log], { cwd })
    const client = connect(port, '127.0.0.1')
    t.after(() => client.destroy())
    client.write(
      `GET /a\u001B[2Jb HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \u001B]0;x\u0007\r\n\r\n` +
        `GET /\u009B HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      'latin1',
    )
    client.resume()
    await once(client, 'close')
    const next = connect(port, '127.0.0.1')
    t.after(() => next.destroy())
    next.write(
      `GET /%1b%5B2J HTTP/1.1\r\nHost: localhost:${port}\r\nReferer: http://x/\u009B2J\r\n` +
        `User-Agent: a\u009Bb\r\nConnection: close\r\n\r\n`,
      'latin1',
    )
    next.resume()
    await once(next, 'close')
    await stdout(/%1b%5B2J/i)
    child.kill('SIGTERM')
    assert.doesNotMatch((await ended).stdout.replaceAll('\n', ''), /[\u0000-\u001F\u007F-\u009F]/)
  }
})

test('takes the first socket that systemd hands over, and warns of a second', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no socket activation')
  const cwd = await folderOf(t, { 'index.html': 'activated' })
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
  // The shell puts its own process id, which exec keeps, into the environment, as systemd does.
  const shell = `LISTEN_FDS=2 LISTEN_PID=$$ exec ${commandWords.map((word) => `'${word}'`).join(' ')} --log none`
  const { child, stdout, stderr, ended } = start(t, [], {
    cwd,
    words: ['sh', '-c', shell],
    stdio: ['ignore', 'pipe', 'pipe', fd],
  })
  await stdout(/ serving \. at /)
  await stderr(/^warning {2}systemd handed over 2 sockets/)
  listener.close()
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'activated')
  child.kill('SIGTERM')
  assert.equal((await ended).exitCode, 0)
})

test('shows the banner in a terminal and stops on ^C', async (t) => {
  const probe = spawnSync('script', ['--version'], { encoding: 'utf8' })
  if (probe.error !== undefined || !probe.stdout.includes('util-linux'))
    return t.skip('there is no script(1) of util-linux here')
  const cwd = await folderOf(t, { 'site/index.html': 'x' })
  // exec: the exit code is the command's, not that of a shell that ^C killed beside it.
  const line = `exec ${[...commandWords, './site', '--port', '0'].map((word) => `'${word}'`).join(' ')}`
  const { child, stdout, ended } = start(t, [], {
    cwd,
    words: ['script', '-qefc', line, '/dev/null'],
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { NO_COLOR: '1', SHELL: '/bin/sh', TERM: 'xterm' },
  })
  await stdout(/\r\n {2}Local {5}http:\/\/localhost:\d+\/ {5}\.\/site\r\n {2}Network {3}off \(--lan to share\)\r\n/)
  child.stdin?.write('\u0003')
  const { exitCode, stdout: text } = await ended
  assert.equal(exitCode, 0)
  assert.equal(text.includes('\u001B'), false)
})
