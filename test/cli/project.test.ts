import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { folderOf, serve } from './command.ts'

test('a source folder gets one warning with a command that works from where the server was started', async (t) => {
  const cwd = await folderOf(t, {
    'web/index.html': '<script type="module" src="/src/main.tsx"></script>',
    'web/package.json': '{"scripts":{"dev":"vite"}}',
  })
  const { stderr, child, ended, url } = await serve(t, ['./web'], { cwd })
  await stderr(/try: cd \.\/web && npm run dev\n/)
  assert.equal((await fetch(url)).status, 200)
  child.kill('SIGTERM')
  const { stderr: printed } = await ended
  assert.equal(printed.match(/warning/g)?.length, 1)
  assert.match(printed, /^warning {2}index\.html loads \/src\/main\.tsx, which browsers cannot run/)
})

test('an app without --single gets the command that was typed, with the option', async (t) => {
  const cwd = await folderOf(t, { 'dist/index.html': '<div id="app"></div><script src="/a.js"></script>' })
  const { stderr, url } = await serve(t, ['./dist', '--port', '0'], { cwd })
  const asked = get(`${url}users/7`, { headers: { accept: 'text/html' }, agent: false })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  assert.match(await text(response), /Restart it with <code>--single index\.html<\/code> added/)
  await stderr(/try: serve8008 \.\/dist --port 0 --single index\.html\n/)
})
