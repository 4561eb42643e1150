import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer, TempFolder } from '../support/server.ts'
import { litmus } from './litmus.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'

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

test(
  'litmus has the same results for radicale with and without a route',
  { skip: missing('radicale', 'litmus') },
  async () => {
    using folder = new TempFolder()
    const { radicale, port } = await startRadicale(folder)
    await using _radicale = radicale
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` }, live: false })
    // radicale creates a user's collection on the first request.
    const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
    const home = { method: 'PROPFIND', headers: { depth: '0', authorization } }
    assert.equal((await fetch(`http://localhost:${front.port}/user/`, home)).status, 207)
    const suites = ['basic', 'copymove', 'props', 'locks']
    const alone = await litmus(`http://127.0.0.1:${port}/user/`, folder.path, suites)
    const behind = await litmus(`http://127.0.0.1:${front.port}/user/`, folder.path, suites)
    assert.ok(alone.filter((line) => line.endsWith(': pass')).length > 15)
    assert.deepEqual(behind, alone)
  },
)

test(
  'radicale works below a path that is replaced when it is told that path',
  { skip: missing('radicale', 'litmus') },
  async () => {
    using folder = new TempFolder()
    const { radicale, port } = await startRadicale(folder)
    await using _radicale = radicale
    const route = { to: `http://127.0.0.1:${port}/`, headers: { 'x-script-name': '/dav' }, rewrite: false }
    await using front = await startServer({}, { proxy: { '/dav': route }, live: false })
    const home = `http://127.0.0.1:${front.port}/dav/user/`
    const authorization = `Basic ${Buffer.from('user:secret').toString('base64')}`
    const listed = await fetch(home, { method: 'PROPFIND', headers: { depth: '0', authorization } })
    assert.equal(listed.status, 207)
    assert.match(await listed.text(), /<href>\/dav\/user\/<\/href>/)
    const suites = ['basic', 'copymove', 'props', 'locks']
    const alone = await litmus(`http://127.0.0.1:${port}/user/`, folder.path, suites)
    assert.deepEqual(await litmus(home, folder.path, suites), alone)
    // The item's URL is in the request-target and in Destination.
    const calendar = { method: 'MKCALENDAR', headers: { authorization } }
    assert.equal((await fetch(`${home}calendar/`, calendar)).status, 201)
    const event = 'BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT'
    const body = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n${event}\r\nEND:VCALENDAR\r\n`
    const put = { method: 'PUT', headers: { authorization, 'content-type': 'text/calendar' }, body }
    assert.equal((await fetch(`${home}calendar/1.ics`, put)).status, 201)
    const move = { method: 'MOVE', headers: { authorization, destination: `${home}calendar/2.ics` } }
    assert.equal((await fetch(`${home}calendar/1.ics`, move)).status, 201)
    assert.equal((await fetch(`${home}calendar/2.ics`, { headers: { authorization } })).status, 200)
    const web = await fetch(`http://127.0.0.1:${front.port}/dav/`, { redirect: 'manual' })
    assert.equal(web.headers.get('location'), '/dav/.web')
  },
)
