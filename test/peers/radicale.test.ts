import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer, TempFolder } from '../support/server.ts'
import { litmus } from './litmus.ts'
import { freePort, missing, Program } from './program.ts'

async function startRadicale(folder: TempFolder): Promise<{ radicale: Program; port: number }> {
  const port = await freePort()
  const config = [
    '[server]',
    `hosts = 127.0.0.1:${port}`,
    '[auth]',
    'type = none',
    '[storage]',
    `filesystem_folder = ${folder.join('store')}`,
    '[rights]',
    'type = from_file',
    `file = ${folder.join('rights')}`,
  ]
  await folder.write({
    rights: '[all]\nuser: .*\ncollection: .*\npermissions: RrWw\n',
    'config.ini': `${config.join('\n')}\n`,
  })
  return { radicale: await Program.start(['radicale', '--config', folder.join('config.ini')], port), port }
}

test('litmus finds radicale behind a route as it finds it alone', { skip: missing('radicale', 'litmus') }, async () => {
  using folder = new TempFolder()
  const { radicale, port } = await startRadicale(folder)
  await using _radicale = radicale
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` }, live: false })
  // A user's own collection is made on the first visit.
  const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
  const home = { method: 'PROPFIND', headers: { depth: '0', authorization } }
  assert.equal((await fetch(`http://localhost:${front.port}/user/`, home)).status, 207)
  // Not copymove: what radicale makes of that differs from run to run. Apache's test has it.
  const suites = ['basic', 'props', 'locks']
  const alone = await litmus(`http://127.0.0.1:${port}/user/`, folder.path, suites)
  const behind = await litmus(`http://127.0.0.1:${front.port}/user/`, folder.path, suites)
  assert.ok(alone.filter((line) => line.endsWith(': pass')).length > 15)
  assert.deepEqual(behind, alone)
})
