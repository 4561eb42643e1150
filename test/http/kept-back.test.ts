import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createServer, type ServeOptions, type Warning } from '../../src/index.ts'
import { rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
const files = {
  'enc.key': Buffer.from('9f3c00a1ffee11d209bb7e6d5c4a3b2f', 'hex'),
  'deck.key': 'PK\x03\x04\x14',
  'studio.env': Buffer.from('86168796f6d69636', 'hex'),
  'game.swf': 'CWS\x09',
  'lib.swc': 'PK\x03\x04',
  'chinook.sqlite': 'SQLite format 3\0',
  'site.old/index.html': '<p>old</p>',
  'tls.key': pem,
  'production.env': 'A=1\n',
  'page.html.bak': 'b',
  'terraform.tfstate': '{}',
  '.hidden': 'h',
  '.git/config': '[remote]',
  '.git/HEAD': 'ref: refs/heads/main\n',
}
const kept = [
  '/tls.key',
  '/production.env',
  '/page.html.bak',
  '/terraform.tfstate',
  '/.hidden',
  '/.git/config',
  '/.git/HEAD',
]

async function statuses(options: ServeOptions, paths: readonly string[]): Promise<number[]> {
  await using started = await startServer(files, options)
  return await Promise.all(paths.map(async (path) => (await rawGet(started.port, path)).status))
}

async function namesListed(options: ServeOptions): Promise<string[]> {
  await using started = await startServer(files, options)
  const { body } = await rawGet(started.port, '/', ['Accept: application/json'])
  return JSON.parse(body.toString()).entries.map(({ name }: { name: string }) => name)
}

describe('the deny list', () => {
  test('serves and lists files that only resemble a secret, and hides secrets', async () => {
    const open = ['enc.key', 'deck.key', 'studio.env', 'game.swf', 'lib.swc', 'chinook.sqlite', 'site.old/']
    assert.deepEqual(
      await statuses(
        {},
        open.map((name) => `/${name}`),
      ),
      open.map(() => 200),
    )
    assert.deepEqual(
      await statuses({}, kept),
      kept.map(() => 404),
    )
    assert.deepEqual((await namesListed({})).toSorted(), open.map((name) => name.replace('/', '')).toSorted())
  })

  test('--dotfiles serves dotfiles and no credentials', async () => {
    const opened = kept.filter((_, i) => i === 4 || i === 6)
    assert.deepEqual(
      await statuses({ dotfiles: true }, kept),
      kept.map((path) => (opened.includes(path) ? 200 : 404)),
    )
  })

  test('--serve serves matching names and paths, and no others', async () => {
    assert.deepEqual(
      await statuses({ serve: ['*.key', '.git/config'] }, kept),
      kept.map((path) => (path === '/tls.key' || path === '/.git/config' ? 200 : 404)),
    )
    assert.ok((await namesListed({ serve: '*.bak' })).includes('page.html.bak'))
  })

  test('the option in the log serves the file', async () => {
    await using started = await startServer(files)
    const remarks: string[] = []
    started.server.on('reply', ({ remark }) => remarks.push(remark))
    for (const path of kept) await rawGet(started.port, path)
    for (const [i, remark] of remarks.entries()) {
      const [, flag, value = ''] = /\((--serve|--dotfiles)(?: (\S+))?\)$/.exec(remark) ?? []
      const options = flag === '--serve' ? { serve: value } : { dotfiles: true }
      assert.deepEqual(await statuses(options, [kept[i] ?? '']), [200], `${kept[i]}: ${remark}`)
    }
    assert.equal(remarks.length, kept.length)
  })

  test('no option serves the config file in use, by any name', async () => {
    const hash = createHash('sha1').update('pw').digest('base64')
    using folder = await new TempFolder().write({ 'users.htpasswd': `me:{SHA}${hash}\n`, 'a.bak': 'a' })
    const authFile = folder.join('users.htpasswd')
    await using started = await startServer({}, { root: folder.path, authFile, serve: '*' })
    const credentials = `Authorization: Basic ${Buffer.from('me:pw').toString('base64')}`
    assert.equal((await rawGet(started.port, '/a.bak', [credentials])).status, 200)
    assert.equal((await rawGet(started.port, '/users.htpasswd', [credentials])).status, 404)
  })

  test('a link is judged by its name and by its target', async () => {
    await using started = await startServer({ 'tls.key': pem, 'a.txt': 'a', 'text.txt': 'KEY=1' })
    const { folder, port } = started
    symlinkSync('tls.key', folder.join('harmless.txt'))
    symlinkSync('text.txt', folder.join('prod.env'))
    symlinkSync('a.txt', folder.join('a.bak'))
    for (const path of ['/harmless.txt', '/prod.env', '/a.bak'])
      assert.equal((await rawGet(port, path)).status, 404, path)
  })

  test('a file whose content becomes a key is hidden from then on', async () => {
    await using started = await startServer({ 'enc.key': files['enc.key'] })
    assert.equal((await rawGet(started.port, '/enc.key')).status, 200)
    await started.folder.write({ 'enc.key': pem })
    assert.equal((await rawGet(started.port, '/enc.key')).status, 404)
    await started.folder.write({ 'enc.key': files['enc.key'] })
    assert.equal((await rawGet(started.port, '/enc.key')).status, 200)
  })
})

describe('the start', () => {
  async function warnings(names: readonly string[]): Promise<string[]> {
    using folder = await new TempFolder().write(Object.fromEntries(names.map((name) => [name, 'x'])))
    const seen: Warning[] = []
    const server = createServer({ root: folder.path, port: 0, host: '127.0.0.1' })
    server.on('warning', (warning) => seen.push(warning))
    await server.listen()
    await server.close()
    return seen.filter(({ code }) => code === 'W8008_TELLING').map(({ message }) => message)
  }

  test('warns in one line about dumps, server-side sources, compose files and archives at the top', async () => {
    assert.deepEqual(await warnings(['dump.sql', 'index.php', 'compose.yaml', 'site-backup.tar.gz', 'a.txt']), [
      'Served as they are: compose.yaml, dump.sql and 2 more; move them elsewhere unless that is meant.',
    ])
    assert.deepEqual(await warnings(['docker-compose.prod.yml']), [
      'Served as they are: docker-compose.prod.yml; move them elsewhere unless that is meant.',
    ])
  })

  test('does not warn about pages, releases, and files below the top', async () => {
    assert.deepEqual(
      await warnings(['index.html', 'app.zip', 'release-1.2.tar.gz', 'docs/a.sql', 'sql.js', 'php.html']),
      [],
    )
  })
})
