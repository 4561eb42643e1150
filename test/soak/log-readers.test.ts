import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { commandWords, folderOf, run, type Command } from '../cli/command.ts'
import { announced, manyRequests, unreadPipe } from '../cli/unread-output.ts'

const linux = process.platform === 'linux' ? false : 'only Linux has /proc'

/** Peak memory of a process in megabytes. */
function peakMemory({ child }: Command): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000
}

test(
  'a reader of the log that stalls costs at most some megabytes, and learns of the gap',
  { skip: linux },
  async (t) => {
    const cwd = await folderOf(t, {})
    const fd = await unreadPipe(t)
    // With a small heap Node collects what requests leave behind, so that what grows is what is kept.
    const env = { NODE_OPTIONS: '--max-old-space-size=48' }
    const command = await announced(t, cwd, ['--port', '0', '--log', 'json'], fd, env)
    await manyRequests(command.port, 500, 4000)
    const before = peakMemory(command)
    for (let i = 0; i < 4; i++) await manyRequests(command.port, 5000, 4000)
    const grown = peakMemory(command) - before
    assert.ok(grown < 70, `${Math.round(grown)} MB more for 80 MB of log lines`)

    // The reader continues: it gets the queued lines, then the number of dropped ones.
    const reader = new Socket({ fd, writable: false })
    t.after(() => reader.destroy())
    reader.resume()
    const [, lost] = await command.stderr(/(\d+) log lines dropped: standard output was not read fast enough/)
    assert.ok(Number(lost) > 19_500 && Number(lost) < 20_500, lost)
    command.child.kill('SIGTERM')
    assert.equal((await command.ended).exitCode, 0)
  },
)

/** A terminal that is not read, as after ^S or a lost connection. */
const terminalReader = `
import os, pty, re, subprocess, sys, urllib.request
main, side = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=side, stdout=side, stderr=side, start_new_session=True)
os.close(side)
text = b''
while not re.search(rb'http://localhost:\\d+/', text):
    text += os.read(main, 4096)
url = re.search(rb'http://localhost:\\d+/', text).group(0).decode()
for _ in range(1500):
    urllib.request.urlopen(url, timeout=10).read()
child.terminate()
print('answered', child.wait(10))
`

test('a terminal that is stopped does not stop the server', { skip: linux }, async (t) => {
  if (spawnSync('python3', ['--version']).status !== 0) return t.skip('there is no python3 here')
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const words = ['python3', '-c', terminalReader, ...commandWords, '--port', '0'] as const
  const { exitCode, stdout, stderr } = await run(t, [], { cwd, words, env: { TERM: 'xterm', NO_COLOR: '1' } })
  assert.equal(exitCode, 0, stderr)
  assert.equal(stdout, 'answered 0\n')
})
