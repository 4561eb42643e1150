import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { folderOf, serve } from './command.ts'

const config = (body: string, more = ''): string =>
  `export default { routes: [{ match: { path: '/x' }, reply: { body: '${body}' } }], ${more} }`

test('an edit of the config file changes the routes, without dropping a connection', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const file = join(cwd, 'serve8008.config.mjs')
  const { url, port, stdout, stderr } = await serve(t, ['--limit', 'idleMs=60000'], { cwd })
  const text = async (): Promise<string> => (await fetch(new URL('x', url))).text()
  const held = await RawClient.open(port)
  t.after(() => held.socket.destroy())
  const ask = async (): Promise<string> => {
    const { body } = await held.send(`GET /x HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`).reply()
    return String(body)
  }
  assert.equal(await ask(), 'one')

  writeFileSync(file, config('two', "allowHost: 'a.test'"))
  await stderr(/allowHost has changed in serve8008\.config\.mjs: start again for that/)
  assert.equal(await ask(), 'two')

  writeFileSync(file, 'export default { routes: [')
  await stderr(/E8008_CONFIG_UNREADABLE/)
  assert.equal(await text(), 'two')

  writeFileSync(file, `export default { routes: [{ match: { path: 'x' }, reply: {} }] }`)
  await stderr(/"x" is not a path/)
  assert.equal(await text(), 'two')

  // As editors do that write beside the file and rename.
  writeFileSync(`${file}.new`, config('three').replace("'/x'", "'/x/'"))
  renameSync(`${file}.new`, file)
  await stdout(/^\d\d:\d\d:\d\d {2}routes routes\[0\]$(?:\n.*)*\n\d\d:\d\d:\d\d {2}routes routes\[0\]$/m)
  assert.equal(await ask(), 'three')
})

for (const [name, write] of [
  ['serve8008.config.cjs', (body: string) => config(body).replace('export default', 'module.exports =')],
  ['serve8008.config.json', (body: string) => JSON.stringify({ routes: [{ match: { path: '/x' }, reply: { body } }] })],
] as const) {
  test(`${name} is read anew`, async (t) => {
    const cwd = await folderOf(t, { [name]: write('one') })
    const { url, stdout } = await serve(t, [], { cwd })
    writeFileSync(join(cwd, name), write('two, longer'))
    await stdout(/ {2}routes routes\[0\]/)
    assert.equal(await (await fetch(new URL('x', url))).text(), 'two, longer')
  })
}
