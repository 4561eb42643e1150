import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import { startServer, TempFolder } from '../support/server.ts'
import { litmus } from './litmus.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'

const modules = '/usr/lib/apache2/modules'

async function startApache(folder: TempFolder): Promise<{ apache: Program; port: number }> {
  const port = await freePort()
  const load = (name: string): string => `LoadModule ${name}_module ${modules}/mod_${name}.so`
  const config = [
    ...['mpm_event', 'authz_core', 'dir', 'mime', 'dav', 'dav_fs'].map(load),
    `TypesConfig ${folder.join('mime.types')}`,
    `ServerName localhost:${port}`,
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder.join('apache.pid')}`,
    `ErrorLog ${folder.join('error.log')}`,
    `DocumentRoot ${folder.join('site')}`,
    `DavLockDB ${folder.join('locks/db')}`,
    'User #65534',
    'Group #65534',
    `<Directory ${folder.join('site')}>`,
    '  Dav On',
    '  Require all granted',
    '</Directory>',
  ].join('\n')
  await folder.write({
    'apache.conf': `${config}\n`,
    'site/index.html': '<h1>from apache</h1>',
    'locks/keep': '',
    'mime.types': 'text/html html\n',
  })
  // Apache drops root privileges, and its children write here.
  for (const name of ['', 'site', 'locks']) chmodSync(folder.join(name), 0o777)
  const command = ['apache2', '-X', '-d', folder.path, '-f', folder.join('apache.conf')]
  return { apache: await Program.start(command, port), port }
}

test('forwards pages, WebDAV with Destination and uploads to Apache', { skip: missing('apache2') }, async () => {
  using folder = new TempFolder()
  const { apache, port } = await startApache(folder)
  await using _apache = apache
  await using front = await startServer({}, { proxy: { '/dav': `http://127.0.0.1:${port}/` }, live: false })
  const origin = `http://localhost:${front.port}`
  const at = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${origin}${path}`, { redirect: 'manual', ...init })

  assert.match(await (await at('/dav/')).text(), /from apache/)
  const content = randomBytes(1 << 20)
  assert.equal((await at('/dav/a.bin', { method: 'PUT', body: content })).status, 201)
  assert.deepEqual(Buffer.from(await (await at('/dav/a.bin')).arrayBuffer()), content)
  assert.equal((await at('/dav/folder/', { method: 'MKCOL' })).status, 201)
  const moved = await at('/dav/a.bin', { method: 'MOVE', headers: { destination: `${origin}/dav/folder/b.bin` } })
  assert.equal(moved.status, 201)
  assert.equal((await at('/dav/a.bin')).status, 404)
  assert.deepEqual(Buffer.from(await (await at('/dav/folder/b.bin')).arrayBuffer()), content)
  const found = await at('/dav/folder/', { method: 'PROPFIND', headers: { depth: '1' } })
  assert.equal(found.status, 207)
  assert.match(await found.text(), /b\.bin/)
  assert.equal((await at('/dav/folder/', { method: 'DELETE' })).status, 204)
})

test('litmus passes every test against Apache behind a route', { skip: missing('apache2', 'litmus') }, async () => {
  using folder = new TempFolder()
  const { apache, port } = await startApache(folder)
  await using _apache = apache
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` }, live: false })
  const suites = ['basic', 'copymove', 'props', 'locks', 'http']
  const alone = await litmus(`http://127.0.0.1:${port}/`, folder.path, suites)
  const behind = await litmus(`http://127.0.0.1:${front.port}/`, folder.path, suites)
  assert.ok(alone.filter((line) => line.endsWith(': pass')).length > 60)
  assert.deepEqual(behind, alone)
})
