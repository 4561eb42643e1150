import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf, run, serve } from './command.ts'
import { runHere } from './here.ts'

/** A plugin that answers `/x`, and leaves a line in a file when it is set up and closed. */
const plugin = (answer: string, more = ''): string => `
  import { appendFileSync } from 'node:fs'
  const note = (text) => appendFileSync('events.txt', text + '\\n')
  export const plugin = () => ({
    name: 'answers',
    async configureServer(server) {
      ${more}
      note('${answer} opened')
      server.routes.add({ match: { path: '/x' }, reply: { body: '${answer}' } })
      server.use((next) => async (x) => ({ ...(await next(x)), status: 299 }))
    },
    closeServer: () => note('${answer} closed'),
  })`
const config = `import { plugin } from './plugin.mjs'\nexport default { plugins: [plugin()] }`

test('an edit of a plugin closes the old one and sets the new one up', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config, 'plugin.mjs': plugin('one') })
  const { url, stdout, stderr } = await serve(t, [], { cwd })
  const ask = async (): Promise<unknown[]> => {
    const reply = await fetch(new URL('x', url))
    return [reply.status, await reply.text()]
  }
  const events = (): string[] => readFileSync(join(cwd, 'events.txt'), 'utf8').trim().split('\n')
  assert.deepEqual(await ask(), [299, 'one'])

  writeFileSync(join(cwd, 'plugin.mjs'), plugin('two'))
  await stdout(/config has set up answers again/)
  assert.deepEqual(await ask(), [299, 'two'])
  assert.deepEqual(events(), ['one opened', 'one closed', 'two opened'])

  writeFileSync(join(cwd, 'plugin.mjs'), plugin('three', "throw new Error('boom')"))
  await stderr(/configureServer\(\) of the plugin "answers" failed: Error: boom/)
  await stderr(/E8008_PLUGIN[^]*was not applied; the previous routes and plugins stay in use/)
  assert.deepEqual(await ask(), [299, 'two'])
  assert.deepEqual(events().slice(3), ['two closed', 'two opened'])

  writeFileSync(join(cwd, 'serve8008.config.mjs'), 'export default {}')
  await stdout(/config has no plugins now/)
  assert.equal((await fetch(new URL('x', url))).status, 404)
})

test('a plugin that fails ends the start with its name, and check shows plugins', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.mjs': config,
    'plugin.mjs': plugin('one', "throw new Error('boom')"),
  })
  const { stdout } = await runHere(t, ['check'], { cwd })
  assert.match(stdout, /^plugins +answers +file serve8008\.config\.mjs$/m)
  const { exitCode, stderr } = await runHere(t, ['--port', '0'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /configureServer\(\) of the plugin "answers" failed: Error: boom/)
  assert.match(stderr, /E8008_PLUGIN/)
})

test('a start that fails frees what plugins opened', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config, 'plugin.mjs': plugin('one') })
  const holder = createServer().listen(0, 'localhost')
  t.after(() => holder.close())
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const { exitCode } = await run(t, ['--port', String(port)], { cwd })
  assert.equal(exitCode, 3)
  assert.equal(readFileSync(join(cwd, 'events.txt'), 'utf8'), 'one opened\none closed\n')
})
