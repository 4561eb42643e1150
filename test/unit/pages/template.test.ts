import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { compileTemplate, loadTemplate, isOwnPolicy } from '../../../src/pages/template.ts'
import { ServeError } from '../../../src/core/serve-error.ts'
import { getField } from '../../../src/http/message/headers.ts'
import { errorReply } from '../../../src/pages/error-page.ts'

function sourceOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}

test('a slot is escaped unless it is declared as markup', () => {
  const template = compileTemplate<'a' | 'b'>('<p title="{{a}}">{{{b}}}</p>{{a}}')
  assert.equal(template.fill({ a: '"<', b: '<i>x</i>' }), '<p title="&quot;&lt;"><i>x</i></p>&quot;&lt;')
})

test('the value of a slot is not expanded', () => {
  const template = compileTemplate<'a' | 'b'>('{{a}}|{{b}}')
  assert.equal(template.fill({ a: '{{b}} $& $1', b: '{{{a}}}' }), '{{b}} $&amp; $1|{{{a}}}')
})

test('a page without slots or blocks is unchanged', () => {
  const template = compileTemplate('<p>x</p>')
  assert.equal(template.fill({}), '<p>x</p>')
  assert.equal(template.styleSources, "'none'")
  assert.equal(template.scriptSources, "'none'")
})

test('the sources are the hashes of the text between the tags', () => {
  const template = compileTemplate('<style>a{}\n</style><style>b{}</style><script type="module">x()</script>')
  assert.equal(template.styleSources, `${sourceOf('a{}\n')} ${sourceOf('b{}')}`)
  assert.equal(template.scriptSources, sourceOf('x()'))
})

test('shipped styles and scripts have no slot, which would break their hash, and fetch nothing', () => {
  const folder = new URL('../../../templates/pages/', import.meta.url)
  const names = readdirSync(folder)
  assert.ok(names.includes('listing.js') && names.includes('base.css'))
  for (const name of names.filter((each) => /\.(?:css|js)$/.test(each))) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    assert.doesNotMatch(text, /\{\{/, name)
    assert.doesNotMatch(text, /<\/(?:script|style)/i, name)
    assert.doesNotMatch(text, /\b(?:innerHTML|outerHTML|insertAdjacentHTML|eval)\b|document\.write/, name)
    for (const [, target = ''] of text.matchAll(/url\("([^"]*)"\)/g)) assert.match(target, /^data:image\/svg\+xml,/)
    assert.doesNotMatch(text.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|@import/, name)
  }
})

test('including a file inserts its text', () => {
  const page = loadTemplate<'status' | 'title' | 'detail' | 'code' | 'hint' | 'links'>('error.html')
  const text = page.fill({ status: '', title: '', detail: '', code: '', hint: '', links: '' })
  assert.doesNotMatch(text, /\{\{|\}\}\}|undefined/)
  assert.match(text, /color-scheme: light dark/)
  assert.throws(() => loadTemplate('nothing.html'), { code: 'ENOENT' })
})

test('the policies of pages of serve8008 are recognised, byte for byte', () => {
  const { headers } = errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), 'text/html')
  const policy = getField(headers, 'content-security-policy') ?? ''
  assert.ok(isOwnPolicy(policy))
  assert.ok(!isOwnPolicy(`${policy} `))
  assert.ok(!isOwnPolicy(''))
})
