import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import * as v from 'valibot'
import type { RouteKind } from '../../../../src/config/kinds/kind.ts'
import { kinds } from '../../../../src/config/kinds/registry.ts'
import { plainText } from '../../../../src/config/options/shapes.ts'

// own process: it adds a kind of route, which the tests of other files must not see

interface TeapotKeys {
  readonly teapot?: string | undefined
  readonly sugar?: number | undefined
}

interface TeapotAction {
  readonly kind: 'teapot'
  readonly tea: string
  readonly sugar: number
}

const teapotKind: RouteKind<TeapotKeys, TeapotAction> = {
  keys: { teapot: plainText, sugar: v.number('a number') },
  otherwise: { sugar: 'write teapot: the path of a recipe' },
  paths: ['teapot'],
  label: ['Tea', 'Tea'],
  resolve({ teapot = '', sugar = 0 }, path, { problems }) {
    if (sugar > 5) problems.push({ path: [...path, 'sugar'], message: 'it is too sweet', hint: 'use at most 5' })
    return { kind: 'teapot', tea: teapot, sugar }
  },
  handle: ({ sugar }) => {
    const reply = Object.freeze({ status: 418, headers: ['X-Sugar', String(sugar)], body: null })
    return () => reply
  },
  redact: (action) => ({ ...action, sugar: 0 }),
  describe: ({ tea }, show) => `tea of ${show(tea)}`,
  explain: ({ tea }, show) => `brewed from ${show(tea)}`,
  notes: ({ sugar }) => (sugar === 0 ? [] : ['sweet']),
  warnings: ({ sugar }, id) => (sugar === 0 ? [] : [{ code: 'W8008_PLACEHOLDER', message: `${id} is sweet.` }]),
  phrase: ({ tea }) => ['brews', 'brewed', tea],
  settings: ({ sugar }) => ({ sugar }),
}

// The one line of someone who adds a kind. Everything else is imported below it, since schemas are made on import.
Object.assign(kinds, { teapot: teapotKind })

const { folderOf } = await import('../../../cli/command.ts')
const { runHere, serveHere, startHere } = await import('../../../cli/here.ts')
const { routeChanges } = await import('../../../../src/cli/serve/route-changes.ts')
const { resolveConfig } = await import('../../../../src/config/resolve/resolve.ts')
const { jsonSchema } = await import('../../../../src/config/validate/json-schema.ts')
const { createServer } = await import('../../../../src/server/create-server.ts')
const { problemOf } = await import('../problems-of.ts')

const match = { path: '/tea' }
const routesOf = (...routes: object[]): object => ({ routes })
const resolved = (route: object) => resolveConfig(routesOf({ match, ...route })).routes

/** A folder with a config file that has such a route. */
async function project(t: TestContext): Promise<string> {
  const config = JSON.stringify(routesOf({ match, teapot: 'a.tea', sugar: 2 }))
  return folderOf(t, { 'serve8008.config.json': config })
}

describe('a kind of route that was added in one place', () => {
  test('is validated', () => {
    const problem = (route: object): string => problemOf(routesOf({ match, ...route }) as never) ?? ''
    assert.equal(problem({ teapot: 5 }), 'routes.0.teapot: expected a string, got 5; use a string')
    assert.equal(problem({ teapots: 'a' }), 'routes.0.teapots: unknown key; did you mean "teapot"?')
    assert.equal(problem({ teapot: 'a', sugar: 9 }), 'routes.0.sugar: it is too sweet; use at most 5')
    assert.match(
      problem({ redirect: '/a', sugar: 1 }),
      /sugar: only a teapot has it; write teapot: the path of a recipe/,
    )
    assert.match(
      problem({ redirect: '/a', teapot: 'a' }),
      /has both redirect and teapot; give it exactly one of .* teapot/,
    )
  })

  test('is in the JSON Schema, and in the description of routes', () => {
    const text = JSON.stringify(jsonSchema())
    assert.match(text, /"teapot":\{"type":"string"\},"sugar":\{"type":"number"\}/)
    assert.match(text, /of each kind: [^.]*, teapot\./)
  })

  test('is served, and passes as a route of the API without its secrets', async (t) => {
    const server = createServer({ root: false, log: 'none', port: 0 })
    t.after(() => server.close())
    const warned: string[] = []
    server.on('warning', ({ message }) => void warned.push(message))
    server.routes.add({ match, teapot: 'a.tea', sugar: 2 } as never)
    assert.deepEqual(server.routes.list()[0]?.action, { kind: 'teapot', tea: 'a.tea', sugar: 0 })
    const { url } = await server.listen()
    assert.deepEqual(warned, ['/tea is sweet.'])
    server.routes.add({ match: { path: '/more' }, teapot: 'b.tea', sugar: 1 } as never)
    assert.deepEqual(warned, ['/tea is sweet.', '/more is sweet.'])
    const reply = await fetch(new URL('tea', url))
    assert.deepEqual([reply.status, reply.headers.get('x-sugar')], [418, '2'])
  })

  test('is in the banner, in the record of its start and in the log', async (t) => {
    const cwd = await project(t)
    const plain = await serveHere(t, [], { cwd })
    await plain.stdout(new RegExp(`^Tea: /tea -> tea of \\.[/\\\\]a\\.tea \\(sweet\\)$`, 'm'))
    assert.equal((await fetch(new URL('tea', plain.url))).status, 418)
    await plain.stdout(/ 418 .*GET \/tea\b/)
    plain.signal('SIGTERM')
    await plain.ended
    const json = await startHere(t, ['--json', '--port', '0'], { cwd }, /\n/)
    const tea = join(cwd, 'a.tea')
    const shown = JSON.stringify({ route: '/tea', kind: 'teapot', to: `tea of ${tea}`, options: ['sweet'] })
    assert.ok((await json.stdout(/^.*"sites".*$/m))[0].includes(`"routes":[${shown}]`))
  })

  test('is checked and explained', async (t) => {
    const cwd = await project(t)
    const checked = await runHere(t, ['check'], { cwd })
    assert.match(checked.stdout, /^routes +\/tea -> tea of \.[/\\]a\.tea \(sweet\) +file /m)
    assert.match(checked.stderr, /\/tea is sweet\./)
    const explained = await runHere(t, ['explain', '/tea'], { cwd })
    assert.match(explained.stdout, /Route +\/tea +brewed from \.[/\\]a\.tea \(sweet\)\n/)
    const facts = JSON.parse((await runHere(t, ['explain', '/tea', '--json'], { cwd })).stdout) as Record<
      string,
      unknown
    >
    assert.deepEqual([facts['kind'], facts['text']], ['teapot', `brewed from ${join(cwd, 'a.tea')} (sweet)`])
  })

  test('is in the sentences about an edit', () => {
    const changes = (before: ReturnType<typeof resolved>, after: ReturnType<typeof resolved>): string[] =>
      routeChanges(before, after).map(({ text }) => text)
    assert.deepEqual(changes([], resolved({ teapot: 'a' })), ['/tea is new and brews a'])
    assert.deepEqual(changes(resolved({ teapot: 'a' }), resolved({ teapot: 'a', sugar: 1 })), [
      '/tea has changed: sugar',
    ])
  })
})
