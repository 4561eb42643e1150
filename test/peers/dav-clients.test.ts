// starts first: its clients retry and wait
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createDAVClient } from 'tsdav'
import { Agent, fetch as undiciFetch } from 'undici'
import type { ServeOptions } from '../../src/index.ts'
import { startSecure, type Secured } from '../support/secure.ts'
import { davPrograms, event, presetOptions, startDav } from './dav-servers.ts'
import { missing } from './program.ts'

const run = promisify(execFile)

/** A calendar server, the prefix that it is started with, the one that clients see, and the options for its port. */
const forms: readonly (readonly [keyof typeof davPrograms, string, string, (port: number) => ServeOptions])[] = [
  ['radicale', '', '', (port) => ({ proxy: { '/': { to: `http://127.0.0.1:${port}`, changeOrigin: true } } })],
  ['radicale', '', '', presetOptions],
  ['radicale', '', '/cal', (port) => ({ ...presetOptions(port), base: '/cal' })],
  ['xandikos', '', '', presetOptions],
  // It is started with its prefix, so its paths have it.
  [
    'xandikos',
    '/cal',
    '/cal',
    (port) => ({ ...presetOptions(port), base: '/cal', proxy: { '/': `http://127.0.0.1:${port}` } }),
  ],
]

for (const [name, prefix, base, options] of forms) {
  const { preset, proxy, base: own } = options(5232)
  // Clients of the preset know the host name alone, and find the rest by the well-known URI.
  const start = preset === undefined ? `${base}/` : '/'

  describe(`${name} behind ${JSON.stringify({ preset, proxy, base: own })}`, { skip: davPrograms[name].skip }, () => {
    for (const scheme of ['http', 'https'] as const) {
      test(`has a calendar of tsdav, by ${scheme}`, async (t) => {
        await using dav = await startDav(name, prefix)
        await using front = await startSecure({}, { live: false, ...options(dav.port) })
        const origin = originOf(front, scheme)
        const dispatcher = new Agent({ connect: { ca: front.ca } })
        t.after(() => dispatcher.close())
        const client = await createDAVClient({
          serverUrl: `${origin}${start}`,
          credentials: { username: 'user', password: 'secret' },
          authMethod: 'Basic',
          defaultAccountType: 'caldav',
          // Every URL that the client follows must lead to this server.
          fetch: async (input, init) => {
            const { url } = new Request(input)
            assert.equal(new URL(url).origin, origin)
            return (await undiciFetch(url, { ...(init as object), dispatcher })) as unknown as Response
          },
        })
        const url = `${origin}${base}${dav.home}${name === 'xandikos' ? 'calendars/' : ''}team/`
        await client.makeCalendar({ url, props: { displayname: 'Team' } })
        const calendar = (await client.fetchCalendars()).find((each) => each.url === url)
        assert.ok(calendar !== undefined)
        const created = { calendar, filename: '1.ics', iCalString: event('1') }
        assert.equal((await client.createCalendarObject(created)).status, 201)
        assert.equal((await client.createCalendarObject(created)).status, 412)
        const [object, ...others] = await client.fetchCalendarObjects({ calendar })
        assert.ok(object !== undefined && others.length === 0)
        assert.match(String(object.data), /SUMMARY:event 1/)
        const stale = { ...object, data: event('1'), etag: '"other"' }
        assert.equal((await client.updateCalendarObject({ calendarObject: stale })).status, 412)
        const changed = { ...object, data: event('1').replace('event 1', 'changed') }
        assert.ok((await client.updateCalendarObject({ calendarObject: changed })).ok)
        const [last] = await client.fetchCalendarObjects({ calendar })
        assert.match(String(last?.data), /SUMMARY:changed/)
      })
    }

    test('is synchronised by vdirsyncer', { skip: missing('vdirsyncer') }, async () => {
      await using dav = await startDav(name, prefix)
      await using front = await startSecure({}, { live: false, ...options(dav.port) })
      const { folder } = front
      // The second folder gets what the first has, by way of the server.
      const pair = (at: string, scheme: 'http' | 'https'): string => `
[pair ${at}]
a = "${at}_local"
b = "${at}_remote"
collections = [["team", "team", "team"]]
[storage ${at}_local]
type = "filesystem"
path = "${folder.join(at)}"
fileext = ".ics"
[storage ${at}_remote]
type = "caldav"
url = "${originOf(front, scheme)}${start}"
username = "user"
password = "secret"
${scheme === 'https' ? `verify = "${front.files.cert}"` : ''}
`
      const config = folder.join('vdirsyncer.ini')
      await folder.write({
        'vdirsyncer.ini': `[general]\nstatus_path = "${folder.join('status')}"\n${pair('one', 'http')}${pair('two', 'https')}`,
        'one/team/a.ics': event('a'),
        'one/team/b.ics': event('b'),
      })
      const sync = async (at: string): Promise<void> => {
        for (const command of [
          ['discover', at],
          ['sync', at],
        ])
          await run('sh', ['-c', 'yes | vdirsyncer -c "$0" "$@"', config, ...command])
      }
      await sync('one')
      await sync('two')
      const texts = readdirSync(folder.join('two/team')).map((file) =>
        readFileSync(folder.join('two/team', file), 'utf8'),
      )
      assert.equal(texts.length, 2)
      for (const uid of ['a', 'b']) assert.ok(texts.some((text) => text.includes(`SUMMARY:event ${uid}`)))
    })
  })
}

function originOf({ port, tlsPort }: Secured, scheme: 'http' | 'https'): string {
  return `${scheme}://localhost:${scheme === 'http' ? port : tlsPort}`
}
