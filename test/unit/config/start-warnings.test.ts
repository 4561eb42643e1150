import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingPage, startWarnings } from '../../../src/config/start-warnings.ts'
import { resolveConfig } from '../../../src/config/resolve/resolve.ts'

const root = mkdtempSync(join(tmpdir(), 'serve8008-page-'))
after(() => rmSync(root, { recursive: true, force: true }))
writeFileSync(join(root, 'app.html'), '')
mkdirSync(join(root, 'index.html'))

test('says nothing without an app, or where its page is there', () => {
  assert.deepEqual(missingPage({ root, single: undefined }), [])
  assert.deepEqual(missingPage({ root, single: 'app.html' }), [])
})

test('names the page that is missing, a folder, or out of reach', () => {
  for (const single of ['nope.html', 'index.html', 'app.html/x', `${'x'.repeat(5000)}.html`]) {
    const [warning, ...more] = missingPage({ root, single })
    assert.deepEqual(more, [])
    assert.equal(warning?.code, 'W8008_SINGLE')
    assert.match(warning.message, /^There is no \S+ in the served folder: unknown paths are 404 until it exists\.$/)
    assert.ok(warning.message.includes(single))
    assert.match(warning.hint ?? '', /build the app first/)
  }
})

test('names each route that does not verify certificates, in either form', () => {
  const proxy = {
    '/a': 'https://localhost:8443,insecure',
    '/b': { to: 'wss://localhost:8443', tls: { verify: false } },
    '/c': 'https://localhost:8443',
    '/d': 'localhost:3000',
  }
  const warnings = startWarnings(resolveConfig({ proxy }))
  assert.deepEqual(
    warnings.map(({ code, message }) => `${code} ${message}`),
    ['/a', '/b'].map((id) => `W8008_UNVERIFIED The route ${id} does not verify the certificates of its upstreams.`),
  )
})

test('asks whether a word in braces of a fixed reply is a placeholder, near misses only', () => {
  const warningsOf = (reply: { body?: string; json?: unknown; headers?: Record<string, string> }): string[] =>
    startWarnings(resolveConfig({ routes: [{ match: { path: '/r' }, reply }] })).map(
      ({ code, message, hint }) => `${code} ${message} ${hint}`,
    )
  const said = (word: string, meant: string): string =>
    `W8008_PLACEHOLDER The reply of the route /r sends ${word} as it is. did you mean {${meant}}? The placeholders are {origin}, {host}, {port} and {base}`
  assert.deepEqual(warningsOf({ body: '{orign}/a {orign}/b' }), [said('{orign}', 'origin')])
  assert.deepEqual(warningsOf({ json: { url: 'http://{hots}/' } }), [said('{hots}', 'host')])
  assert.deepEqual(warningsOf({ headers: { Location: '{Origin}/' } }), [said('{Origin}', 'origin')])
  assert.deepEqual(warningsOf({ body: '{hostname}:{ port }' }), [said('{hostname}', 'host'), said('{ port }', 'port')])
  assert.match(
    warningsOf({ body: 'http://${host}/' })[0] ?? '',
    /sends \$\{host\} with its \$\. did you mean \{host\}\?/,
  )
  for (const body of [
    '{origin}{host}{port}',
    '{{orign}}',
    '{name} {post} {id} {base}',
    'a{color:red}',
    '{ orign }',
    '{"orign":1}',
    '{"host":{"port":1}}',
    '${name} ${{ host }} {{hostname}}',
  ])
    assert.deepEqual(warningsOf({ body }), [], body)
})
