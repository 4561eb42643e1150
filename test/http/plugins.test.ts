import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createServer, text, type Plugin, type ServeError, type Server8008 } from '../../src/index.ts'
import { createPluginHost } from '../../src/server/plugins.ts'
import { pluginHost } from '../../src/server/create.ts'
import { createGate as gate } from '../support/gate.ts'
import { LivePage } from '../support/live-page.ts'
import { startServer } from '../support/server.ts'

const get = async (server: Server8008, path: string): Promise<string> =>
  (await server.fetch(`http://localhost${path}`)).text()

/** A plugin that answers a path by a layer. */
const answers = (name: string, path = `/${name}`): Plugin => ({
  name,
  configureServer(server) {
    server.use((next) => (x) => (x.target.path === path ? text(name) : next(x)))
  },
})

/** An app that changes itself, and refers to itself. */
class CountingApp {
  readonly self: CountingApp = this
  readonly bytes: Buffer = Buffer.from('app')
  readonly count = { requests: 0 }
  fetch(): Response {
    return new Response(`${this.bytes.toString()} ${++this.count.requests}`)
  }
}

describe('options', () => {
  for (const [name, options] of [
    ['class', () => new CountingApp()],
    ['object', () => ({ count: { requests: 0 }, fetch: CountingApp.prototype.fetch, bytes: Buffer.from('app') })],
  ] as const) {
    test(`sees apps without freezing them: ${name}`, async () => {
      const app = options()
      const routes = [{ match: { path: '/fn' }, handler: app }]
      const sites = [{ host: 'site.localhost', routes: [{ match: { path: '/fn' }, handler: app }] }]
      await using server = createServer({ routes, sites, plugins: [{ name: 'looks', options: () => ({}) }] })
      assert.deepEqual([await get(server, '/fn'), await get(server, '/fn')], ['app 1', 'app 2'])
      assert.equal(await (await server.fetch('http://site.localhost/fn')).text(), 'app 3')
    })
  }
})

describe('configureServer', () => {
  test('is called in order before createServer returns, and adds layers, routes and listeners', async () => {
    const order: string[] = []
    const server = createServer({
      plugins: [
        answers('first', '/x'),
        {
          name: 'second',
          configureServer(lent) {
            order.push('second')
            lent.routes.add({ match: { path: '/routed' }, reply: { body: 'routed' } })
            lent.on('close', () => order.push('closed')).use((next) => next)
          },
        },
        answers('third', '/x'),
      ],
    })
    assert.deepEqual(order, ['second'])
    assert.deepEqual([await get(server, '/x'), await get(server, '/routed')], ['first', 'routed'])
    assert.deepEqual(server.config.plugins, ['first', 'second', 'third'])
    await server.close()
    assert.deepEqual(order, ['second', 'closed'])
  })

  test('keeps the state of its object', async () => {
    class Counter implements Plugin {
      readonly name = 'counter'
      count = 0
      configureServer(server: Server8008): void {
        server.use(() => () => text(String(++this.count)))
      }
    }
    const counter = new Counter()
    const server = createServer({ plugins: [counter] })
    assert.deepEqual([await get(server, '/'), await get(server, '/'), counter.count], ['1', '2', 2])
    const plain = { name: 'plain', count: 0, configureServer: () => {}, closeServer: () => void plain.count++ }
    await createServer({ plugins: [plain] }).close()
    assert.equal(plain.count, 1)
  })

  test('is awaited by requests, by the next plugin and by listen()', async () => {
    const entered = gate()
    const opened = gate()
    const order: string[] = []
    const server = createServer({
      port: 0,
      plugins: [
        {
          name: 'slow',
          async configureServer(lent) {
            entered.open()
            await opened.opened
            order.push('slow')
            lent.use(() => () => text('slow'))
          },
        },
        { name: 'next', configureServer: () => void order.push('next') },
      ],
    })
    await using _closing = server
    await entered.opened
    const reply = get(server, '/')
    const listening = server.listen()
    assert.deepEqual([order, server.port], [[], undefined])
    opened.open()
    await listening
    assert.deepEqual([await reply, order], ['slow', ['slow', 'next']])
  })

  test('names the plugin in an error, and ends those before it', async () => {
    const ended: string[] = []
    const plugins = (configureServer: Plugin['configureServer']): Plugin[] => [
      { name: 'one', closeServer: () => void ended.push('one') },
      { name: 'two', configureServer },
    ]
    const boom = (): never => {
      throw new Error('boom')
    }
    const message = 'configureServer() of the plugin "two" failed: Error: boom'
    assert.throws(() => createServer({ plugins: plugins(boom) }), { code: 'E8008_PLUGIN', message })
    const errors: ServeError[] = []
    const server = createServer({ plugins: plugins(async () => boom()) }).on('error', (error) => errors.push(error))
    await assert.rejects(server.listen(), { code: 'E8008_PLUGIN', message })
    // What the plugin would have kept from clients must not be served.
    assert.equal((await server.fetch('http://localhost/')).status, 500)
    assert.deepEqual([errors.map((error) => error.message), ended], [[message], ['one', 'one']])
    await server.close()
  })

  test('refuses a function as a result, which Vite calls later', () => {
    assert.throws(() => createServer({ plugins: [{ name: 'one', configureServer: () => (() => {}) as never }] }), {
      code: 'E8008_PLUGIN',
      message: 'configureServer() of the plugin "one" returned a function.',
      hint: 'free what it opened in closeServer()',
    })
  })
})

test('closeServer is awaited by close(), from the last plugin to the first, and its errors are reported', async () => {
  const order: string[] = []
  const errors: string[] = []
  const ending = (name: string): Plugin => ({
    name,
    async closeServer() {
      await Promise.resolve()
      order.push(name)
      if (name === 'two') throw new Error('boom')
    },
  })
  const server = createServer({ port: 0, plugins: [ending('one'), ending('two')] })
  server.on('close', () => order.push('close')).on('error', ({ message }) => errors.push(message))
  await server.listen()
  await server.close()
  assert.deepEqual(order, ['two', 'one', 'close'])
  assert.deepEqual(errors, ['closeServer() of the plugin "two" failed: Error: boom'])
})

test('close() while a plugin is set up frees what it opened, and sets no further one up', async () => {
  const entered = gate()
  const opened = gate()
  const freed = gate()
  const order: string[] = []
  const server = createServer({
    plugins: [
      {
        name: 'slow',
        async configureServer() {
          entered.open()
          await opened.opened
        },
        closeServer: () => freed.open(),
      },
      { name: 'next', configureServer: () => void order.push('next') },
    ],
  })
  await entered.opened
  await server.close()
  opened.open()
  await freed.opened
  assert.deepEqual(order, [])
})

test('a server whose signal is aborted sets no plugin up', async () => {
  const order: string[] = []
  const plugin = { name: 'one', configureServer: () => void order.push('one') }
  await createServer({ signal: AbortSignal.abort(), plugins: [plugin] }).close()
  assert.deepEqual(order, [])
})

describe('a replacement', () => {
  const nothing = (): void => {}

  test('removes what the old plugins added, and sets the new ones up while requests wait', async () => {
    const order: string[] = []
    const held = gate()
    const old: Plugin = {
      name: 'old',
      configureServer(server) {
        server.use(() => () => text('old'))
        server.on('request', () => order.push('request'))
        server.on('close', () => order.push('old listener'))
        server.routes.add({ match: { path: '/old' }, reply: { body: 'old route' } })
      },
      closeServer: () => void order.push('old closed'),
    }
    const server = createServer({ plugins: [old] })
    assert.equal(await get(server, '/'), 'old')
    const fresh: Plugin = {
      name: 'fresh',
      async configureServer(lent) {
        await held.opened
        lent.routes.add({ match: { path: '/old' }, reply: { body: 'new route' } })
      },
    }
    const replaced = pluginHost(server, createPluginHost).replace([fresh], nothing, nothing)
    const waiting = get(server, '/old')
    held.open()
    await replaced
    assert.equal(await waiting, 'new route')
    assert.deepEqual(order, ['request', 'old closed', 'old listener'])
    await server.close()
    assert.equal(order.length, 3)
  })

  test('removes the sites that the old plugins added, so that the new ones can add them', async () => {
    const site = (body: string): Plugin => ({
      name: body,
      async configureServer(lent) {
        await lent.sites.add({ host: 'docs.localhost', routes: [{ match: { path: '/' }, reply: { body } }] })
      },
    })
    const server = createServer({ plugins: [site('old')] })
    const ask = async (): Promise<string> => (await server.fetch('http://docs.localhost/')).text()
    assert.equal(await ask(), 'old')
    await pluginHost(server, createPluginHost).replace([site('new')], nothing, nothing)
    assert.equal(await ask(), 'new')
    await server.close()
  })

  test('that fails sets the old plugins up again', async () => {
    const server = createServer({ plugins: [answers('old')] })
    const host = pluginHost(server, createPluginHost)
    const order: string[] = []
    const broken: Plugin = {
      name: 'broken',
      configureServer() {
        throw new Error('boom')
      },
    }
    await assert.rejects(
      host.replace(
        [answers('fresh'), broken],
        () => order.push('apply'),
        () => order.push('revert'),
      ),
      { message: 'configureServer() of the plugin "broken" failed: Error: boom' },
    )
    assert.deepEqual(order, ['apply', 'revert'])
    assert.equal(await get(server, '/old'), 'old')
    assert.equal((await server.fetch('http://localhost/fresh')).status, 404)
    await server.close()
  })
})

describe('change', () => {
  /** A page that uses `index.html` and `a.css`, and a way to change files. */
  async function open(plugins: Plugin[]) {
    const started = await startServer({ 'index.html': '<p>', 'a.css': 'a{}', 'b.css': 'b{}' }, { plugins })
    await fetch(`http://localhost:${started.port}/`)
    const page = await LivePage.open(started.port, { resources: ['/a.css', '/b.css'] })
    await page.next()
    return {
      ...started,
      page,
      file: (name: string) => started.folder.join(name),
      [Symbol.asyncDispose]: started[Symbol.asyncDispose],
    }
  }

  const pathsOf = (message: unknown): unknown =>
    (message as { changes: { path: string }[] }).changes.map(({ path }) => path)

  test('is awaited before pages are updated', async () => {
    const asked = gate()
    const built = gate()
    const events: unknown[] = []
    await using started = await open([
      {
        name: 'build',
        async change({ paths }) {
          events.push(paths)
          asked.open()
          await built.opened
          events.push('built')
        },
      },
    ])
    started.server.on('reload', () => events.push('reload'))
    writeFileSync(started.file('a.css'), 'a{b:c}')
    await asked.opened
    const update = once(started.page.socket, 'message')
    built.open()
    await update
    assert.deepEqual(events, [[started.file('a.css')], 'built', 'reload'])
  })

  test('returns the files to update pages for, which the next plugin gets', async () => {
    const seen: (readonly string[])[] = []
    await using started = await open([
      { name: 'one', change: () => [started.file('b.css')] },
      { name: 'two', change: ({ paths }) => void seen.push(paths) },
    ])
    writeFileSync(started.file('a.css'), 'a{b:c}')
    assert.deepEqual(pathsOf(await started.page.next()), ['/b.css'])
    assert.deepEqual(seen, [[started.file('b.css')]])
  })

  test('updates no page where it returns no file, and the next batch waits for it', async () => {
    const first = gate()
    const asked = gate()
    let calls = 0
    await using started = await open([
      {
        name: 'one',
        async change() {
          if (++calls > 1) return undefined
          asked.open()
          await first.opened
          return []
        },
      },
    ])
    const { server, page, file } = started
    writeFileSync(file('a.css'), 'a{b:c}')
    await asked.opened
    const changed = new Promise((resolve) => server.on('change', resolve))
    writeFileSync(file('b.css'), 'b{c:d}')
    await changed
    assert.equal(calls, 1)
    first.open()
    assert.deepEqual(pathsOf(await page.next()), ['/b.css'])
  })

  test('shows an error on the page, which is not updated', async () => {
    const errors: string[] = []
    await using started = await open([
      {
        name: 'one',
        change() {
          throw new Error('line 3: boom')
        },
      },
    ])
    started.server.on('error', ({ code, message }) => errors.push(code, message))
    writeFileSync(started.file('a.css'), 'a{b:c}')
    const message = 'change() of the plugin "one" failed: Error: line 3: boom'
    assert.deepEqual(await started.page.next(), { type: 'error', error: { title: 'Plugin one', message } })
    assert.deepEqual(errors, ['E8008_PLUGIN', message])
  })

  test('must return a list of paths', async () => {
    await using started = await open([{ name: 'one', change: () => true as never }])
    const error = new Promise<ServeError>((resolve) => started.server.on('error', resolve))
    writeFileSync(started.file('a.css'), 'a{b:c}')
    assert.match((await error).message, /it returned true instead of a list of paths/)
  })
})
