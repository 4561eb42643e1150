import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { optionsByKey } from '../../../../src/config/options/option-table.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/index.ts'

const usual = { name: undefined, id: undefined, http: true, googlecast: undefined, dial: undefined }

test('is read from text: a switch, a name, or JSON', () => {
  const { parse, form } = optionsByKey.get('advertise') ?? assert.fail()
  const values = ['on', 'My name', 'false', '{"dial":true}', '{"dial'].map((text) => parse([text]))
  assert.deepEqual(
    values.slice(0, 4),
    [true, 'My name', false, { dial: true }].map((value) => ({ value })),
  )
  assert.deepEqual(values[4], {
    message: 'the value is not JSON',
    hint: `write '{"dial":true}', with quotes around each key`,
  })
  // A word behind the flag is the folder, unless it cannot be one.
  assert.deepEqual(
    ['./site', 'My name', '{"dial":true}'].map((word) => form?.().test(word)),
    [false, true, true],
  )
})

describe('advertise', () => {
  for (const [given, resolved] of [
    [false, undefined],
    [true, usual],
    ['My name', { ...usual, name: 'My name' }],
    [
      { googlecast: true, dial: true, http: false },
      { ...usual, http: false, googlecast: 8009, dial: '/ssdp/device-desc.xml' },
    ],
    [
      { name: 'TV', googlecast: 18_009, dial: '/dd.xml?a' },
      { ...usual, name: 'TV', googlecast: 18_009, dial: '/dd.xml?a' },
    ],
    [{ id: '7D4C0F5E-0c6c-4a3e-9b36-3d2f6f1f8008' }, { ...usual, id: '7d4c0f5e-0c6c-4a3e-9b36-3d2f6f1f8008' }],
  ] as const) {
    test(JSON.stringify(given), () => {
      for (const more of [{ lan: true }, { host: '192.0.2.1' }, { host: 'box.test' }] as const)
        assert.deepEqual(resolveConfig({ advertise: given, ...more }).advertise, resolved)
    })
  }

  for (const [options, message] of [
    [{ advertise: true }, /^advertise: no other device reaches this server; add --lan, or lan: true$/],
    [{ advertise: 'x', host: '127.0.0.2' }, /no other device reaches/],
    [{ advertise: true, host: '[::1]' }, /no other device reaches/],
    [{ advertise: true, socket: '/tmp/x' }, /no other device reaches/],
    [{ advertise: true, host: 'app.localhost' }, /no other device reaches/],
    [{ advertise: 5, lan: true }, /expected true, false, a name or an object, got 5/],
    [{ advertise: { name: '' }, lan: true }, /advertise\.name: "" is not a name; use 1 to 63 bytes/],
    [{ advertise: 'é'.repeat(32), lan: true }, /is not a name/],
    [{ advertise: 'a\r\nb', lan: true }, /is not a name/],
    [{ advertise: { id: 'uuid:7d4c' }, lan: true }, /advertise\.id: "uuid:7d4c" is not a UUID; use the one that/],
    [{ advertise: { googlecast: 0 }, lan: true }, /advertise\.googlecast: 0 is not a port/],
    [{ advertise: { googlecast: 1.5 }, lan: true }, /is not a port/],
    [{ advertise: { dial: 'x' }, lan: true }, /advertise\.dial: "x" is not a path/],
    [{ advertise: { dial: '/a\r\nb' }, lan: true }, /is not a path/],
    [{ advertise: { http: false }, lan: true }, /nothing is advertised/],
    [
      { advertise: { ssdp: true }, lan: true },
      /^advertise: unknown key "ssdp"; use one of name, id, http, googlecast, dial$/,
    ],
    [{ advertise: { nmae: 'TV' }, lan: true }, /^advertise: unknown key "nmae"; did you mean "name"\?$/],
    [
      { advertise: { dial: 5 }, lan: true },
      /^advertise: "dial": expected true, false or a path; use true, false or a path$/,
    ],
    [{ advertise: { dial: true }, listeners: [{ tls: true, port: 0, lan: true }] }, /DIAL needs plain HTTP/],
  ] as const) {
    test(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(
        () => resolveConfig(options as unknown as ServeOptions),
        (error: { problems: string[] }) => error.problems.some((problem) => message.test(problem)),
      )
    })
  }
})
