import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startServer } from '../support/server.ts'
import { authorization, davPrograms, event, startDav } from './dav-servers.ts'

describe('radicale', { skip: davPrograms.radicale.skip }, () => {
  for (const options of [{ scriptName: true }, { headers: { 'x-script-name': '/dav' }, rewrite: false }]) {
    test(`works below a path that is replaced when it gets that: ${JSON.stringify(options)}`, async () => {
      await using radicale = await startDav('radicale')
      const route = { to: `http://127.0.0.1:${radicale.port}/`, ...options }
      await using front = await startServer({}, { proxy: { '/dav': route }, live: false })
      const home = `http://127.0.0.1:${front.port}/dav/user/`
      const listed = await fetch(home, { method: 'PROPFIND', headers: { depth: '0', authorization } })
      assert.equal(listed.status, 207)
      assert.match(await listed.text(), /<href>\/dav\/user\/<\/href>/)
      // The item's URL is in the request-target and in Destination.
      const calendar = { method: 'MKCALENDAR', headers: { authorization } }
      assert.equal((await fetch(`${home}calendar/`, calendar)).status, 201)
      const put = { method: 'PUT', headers: { authorization, 'content-type': 'text/calendar' }, body: event('1') }
      assert.equal((await fetch(`${home}calendar/1.ics`, put)).status, 201)
      const move = { method: 'MOVE', headers: { authorization, destination: `${home}calendar/2.ics` } }
      assert.equal((await fetch(`${home}calendar/1.ics`, move)).status, 201)
      assert.equal((await fetch(`${home}calendar/2.ics`, { headers: { authorization } })).status, 200)
      const web = await fetch(`http://127.0.0.1:${front.port}/dav/`, { redirect: 'manual' })
      assert.equal(web.headers.get('location'), '/dav/.web')
    })
  }

  test('moves to a name with an encoded slash', async () => {
    await using radicale = await startDav('radicale')
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${radicale.port}` }, live: false })
    const home = `http://localhost:${front.port}/user/`
    const headers = { authorization }
    assert.equal((await fetch(`${home}calendar/`, { method: 'MKCALENDAR', headers })).status, 201)
    const put = { method: 'PUT', headers: { authorization, 'content-type': 'text/calendar' }, body: event('1') }
    assert.equal((await fetch(`${home}calendar/1.ics`, put)).status, 201)
    const move = { method: 'MOVE', headers: { authorization, destination: `${home}calendar/a%2Fb.ics` } }
    assert.equal((await fetch(`${home}calendar/1.ics`, move)).status, 201)
    const away = { method: 'MOVE', headers: { authorization, destination: `${home}..%2f..%2fa.ics` } }
    assert.equal((await fetch(`${home}calendar/1.ics`, away)).status, 502)
  })
})
