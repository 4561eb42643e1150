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
