import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { startSecure } from '../support/secure.ts'
import { davPrograms, presetOptions, startDav } from './dav-servers.ts'
import { litmus } from './litmus.ts'
import { missing } from './program.ts'

/** The path of a collection of Apache, and the options for its ports. */
type Form = readonly [path: string, options: (port: number, tlsPort: number) => ServeOptions]

const forms: Readonly<Record<string, Form>> = {
  'with the Host of the client': ['/', (port) => ({ proxy: { '/': `http://127.0.0.1:${port}` } })],
  'with its own Host': ['/', (port) => ({ proxy: { '/': { to: `http://127.0.0.1:${port}`, changeOrigin: true } } })],
  'below a path that stays': ['/dav', (port) => ({ proxy: { '/dav': `http://127.0.0.1:${port}` } })],
  'below a path that is replaced, also in content': [
    '/cal',
    (port) => ({ proxy: { '/cal': { to: `http://127.0.0.1:${port}/dav/`, rewriteBody: ['<href>'] } } }),
  ],
  'under TLS': [
    '/',
    (_, tlsPort) => ({
      proxy: { '/': { to: `https://localhost:${tlsPort}`, changeOrigin: true, tls: { verify: false } } },
    }),
  ],
  'by the preset caldav': ['/', presetOptions],
}

describe('litmus passes behind a route to Apache', { skip: davPrograms.apache.skip || missing('litmus') }, () => {
  const suites = ['basic', 'copymove', 'props', 'locks', 'http']

  for (const [name, [path, options]] of Object.entries(forms)) {
    test(`${name}, over HTTP and HTTPS`, async () => {
      await using apache = await startDav('apache')
      await using front = await startSecure({}, { live: false, ...options(apache.port, apache.tlsPort) })
      for (const origin of [`http://localhost:${front.port}`, `https://localhost:${front.tlsPort}`]) {
        const outcomes = await litmus(`${origin}${path}`, front.folder.path, suites)
        assert.equal(outcomes.length, 102)
        assert.deepEqual(
          outcomes.filter((each) => !each.endsWith(': pass') && each !== 'http expect100: SKIPPED'),
          // Apache answers 200 without a route too, where RFC 4918 section 7.3 wants a 201.
          ['locks unmapped_lock: WARNING'],
        )
      }
    })
  }
})

describe(
  'litmus has the same results for radicale with and without a route',
  {
    skip: davPrograms.radicale.skip || missing('litmus'),
  },
  () => {
    // Without the suite `http`: radicale alone leaves it waiting for 100 (Continue).
    const suites = ['basic', 'copymove', 'props', 'locks']

    for (const [key, options] of [
      ['/', {}],
      // radicale refuses a Destination with another authority than Host.
      ['/', { changeOrigin: true }],
      ['/cal', { scriptName: true }],
    ] as const) {
      test(`${key} ${JSON.stringify(options)}`, async () => {
        await using radicale = await startDav('radicale')
        const to = `http://127.0.0.1:${radicale.port}${key === '/' ? '' : '/'}`
        await using front = await startSecure({}, { proxy: { [key]: { to, ...options } }, live: false })
        const { path } = front.folder
        const alone = await litmus(`http://127.0.0.1:${radicale.port}${radicale.home}`, path, suites)
        assert.ok(alone.filter((line) => line.endsWith(': pass')).length > 15)
        const home = `${key === '/' ? '' : key}${radicale.home}`
        assert.deepEqual(await litmus(`http://localhost:${front.port}${home}`, path, suites), alone)
        assert.deepEqual(await litmus(`https://localhost:${front.tlsPort}${home}`, path, suites), alone)
      })
    }
  },
)
