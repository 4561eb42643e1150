import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { actionText } from '../../../../src/config/kinds/describe.ts'
import { kindOf, kinds } from '../../../../src/config/kinds/registry.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ResolvedRoute } from '../../../../src/config/route-types.ts'
import { jsonSchema } from '../../../../src/config/validate/json-schema.ts'
import type { RouteOptions } from '../../../../src/index.ts'
import { explainRequest } from '../../../../src/server/explain-request.ts'

function app(): Response {
  return new Response('ok')
}

/** A route of each kind, with what it says of itself. A new kind is missing here. */
const samples: Readonly<Record<string, readonly [route: Omit<RouteOptions, 'match'>, text: string, sentence: string]>> =
  {
    proxy: [{ proxy: 3000 }, 'localhost:3000', 'goes to localhost:3000'],
    redirect: [{ redirect: '/new', status: 308 }, '308 to /new', 'redirects to /new'],
    reply: [{ reply: { status: 410 } }, 'reply 410', 'answers 410'],
    folder: [{ root: '/srv/docs' }, resolve('/srv/docs'), `serves ${resolve('/srv/docs')}`],
    handler: [{ handler: app }, '(function app)', 'is answered by (function app)'],
  }

function routeOf(kind: string): ResolvedRoute {
  const [given] = samples[kind] ?? []
  const { routes } = resolveConfig({ routes: [{ match: { path: '/x' }, ...given } as RouteOptions] })
  return routes[0] as ResolvedRoute
}

test('has a sample of every kind', () => assert.deepEqual(Object.keys(samples), Object.keys(kinds)))

describe('every kind of route', () => {
  for (const [kind, [, text, sentence]] of Object.entries(samples)) {
    test(`${kind}: says what it does`, () => {
      const { action } = routeOf(kind)
      assert.equal(action.kind, kind)
      assert.equal(actionText(action), text)
      const [now, , rest] = kindOf(action).phrase(action)
      assert.equal(`${now} ${rest}`, sentence)
    })

    test(`${kind}: is explained`, async () => {
      const config = resolveConfig({ routes: [{ match: { path: '/x' }, ...samples[kind]?.[0] } as RouteOptions] })
      const explained = await explainRequest(config, { method: 'GET', url: '/x', headers: [] })
      assert.equal(explained?.kind, kind)
      assert.ok(explained.text.length > 3)
    })

    test(`${kind}: stands in the JSON Schema and in the guide`, () => {
      const text = JSON.stringify(jsonSchema())
      const [key = ''] = Object.keys(samples[kind]?.[0] ?? {})
      assert.match(text, new RegExp(`"${key}":`))
      const page = readFileSync(new URL('../../../../docs/guide/proxy.md', import.meta.url), 'utf8')
      assert.ok(page.includes(`${key}: `), 'the guide has an example')
    })
  }
})

test('shows an upstream as it is written in the configuration', () => {
  for (const target of ['localhost:3000', 'localhost:3000/', 'localhost:3000/slow', 'unix:/run/a.sock:/v1']) {
    const { routes } = resolveConfig({ proxy: { '/api': target } })
    const texts = routes.map(({ action }) => actionText(action))
    if (process.platform !== 'win32' || !target.startsWith('unix:')) assert.deepEqual(texts, [target])
  }
})
