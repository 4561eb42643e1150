import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { test } from 'node:test'
import type { AccessRecord } from '../../src/index.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const refused: readonly (readonly [path: string, remark: string])[] = [
  ['/.hidden', 'dotfile (--dotfiles)'],
  ['/.env', 'credentials (--serve .env)'],
  ['/production.env', 'credentials (--serve production.env)'],
  ['/server.key', 'private key (--serve server.key)'],
  ['/app.db-wal', 'database of a program (--serve app.db-wal)'],
  ['/page.html~', 'backup (--serve page.html~)'],
  ['/outside.txt', 'link to a file outside (--follow-symlinks)'],
  ['/folder', 'link to a file outside (--follow-symlinks)'],
  ['/folder/', 'link to a file outside (--follow-symlinks)'],
  ['/folder/secret.txt', 'link to a file outside (--follow-symlinks)'],
  ['/harmless.txt', 'link to: private key (--serve server.key)'],
]

test('the log has the reason why a file is hidden, and the reply is that of a missing one', async () => {
  using outside = await new TempFolder().write({ 'secret.txt': 'secret' })
  const files = refused.slice(0, 6).map(([path]) => [path.slice(1), 'secret'] as const)
  await using started = await startServer(Object.fromEntries(files))
  const { server, folder, port } = started
  symlinkSync(outside.join('secret.txt'), folder.join('outside.txt'))
  symlinkSync(outside.path, folder.join('folder'))
  symlinkSync(folder.join('server.key'), folder.join('harmless.txt'))
  const remarks: string[] = []
  server.on('reply', ({ remark }) => remarks.push(remark))

  const answer = async (path: string, accept: string): Promise<unknown> => {
    const { status, reason, fields, body } = await rawGet(port, path, [`Accept: ${accept}`])
    assert.equal(status, 404)
    return { reason, fields: fields.filter(([name]) => name !== 'date'), body: body.toString() }
  }
  for (const [path, remark] of refused) {
    const missing = path.replace(/[^/]+(\/?)$/, 'missing$1')
    for (const accept of ['text/html', 'application/json', '*/*']) {
      remarks.length = 0
      assert.deepEqual(await answer(path, accept), await answer(missing, accept), path)
      assert.equal(remarks[0], remark, path)
      if (!path.startsWith('/folder/s')) assert.equal(remarks[1], '', missing)
    }
  }
})

test('the page for a missing file links to the folder above and to the start page, in HTML only', async () => {
  await using started = await startServer({ 'docs/a.txt': 'a' })
  const ask = async (accept: string): Promise<string> =>
    (await started.server.fetch('http://localhost/docs/none', { headers: { accept } })).text()
  assert.match(await ask('text/html'), /<a href="\.\/">Folder above<\/a> <a href="\.\.\/">Start page<\/a>/)
  assert.doesNotMatch(await ask('*/*'), /Start page/)
})

test('the log says that a client speaks TLS to a port for plain HTTP', async () => {
  await using started = await startServer({})
  const replied = new Promise<AccessRecord>((resolve) => void started.server.on('reply', resolve))
  using client = await RawClient.open(started.port)
  client.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]))
  const { status, refusal, remark } = await replied
  assert.deepEqual(
    [status, refusal, remark],
    [400, 'E8008_MALFORMED', 'The client speaks TLS, but this port speaks plain HTTP'],
  )
})
