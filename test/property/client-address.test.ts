import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAuthority } from '../../src/http/message/authority.ts'
import { compileTexts } from '../../src/http/message/compile-texts.ts'

const hosts = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      'a',
      'Z',
      '9',
      '-',
      '_',
      '.',
      ':',
      '[',
      ']',
      '%',
      '@',
      '/',
      '\\',
      '"',
      "'",
      '<',
      '{',
      '}',
      '&',
      ' ',
      '\n',
      '\0',
      'é',
    ),
    maxLength: 12,
  }),
  fc.tuple(fc.domain(), fc.nat(70_000)).map(([name, port]) => `${name}:${port}`),
  fc.ipV6().map((address) => `[${address}]`),
)

test('no host that the parser accepts puts a character into a reply that has to be escaped', () => {
  const fill = compileTexts(['{origin}', '{host}', '{port}'])
  fc.assert(
    fc.property(hosts, fc.boolean(), (host, isSecure) => {
      const authority = parseAuthority(host)
      fc.pre(authority !== undefined && authority.hostname !== '')
      const [origin = '', name = '', port = ''] = fill(authority, isSecure)
      assert.match(name, /^(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])$/)
      assert.match(port, /^\d{1,5}$/)
      assert.match(origin, /^https?:\/\/[a-z0-9_.:[\]-]+$/)
    }),
  )
})

test('what has no placeholder is sent as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', 'host', 'port', 'x', '"', ' ') }), (text) => {
      fc.pre(!/\{(?:origin|host|port)\}/.test(text))
      assert.deepEqual(compileTexts([text])(undefined, false), [text])
    }),
  )
})

test('a text in double braces comes out in single ones', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('origin', 'host', 'port'), (text, name) => {
      fc.pre(!/[{}]/.test(text))
      assert.deepEqual(compileTexts([`${text}{{${name}}}${text}`])(undefined, true), [`${text}{${name}}${text}`])
    }),
  )
})
