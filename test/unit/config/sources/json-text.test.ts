import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseJson } from '../../../../src/config/sources/json-text.ts'

describe('parseJson', () => {
  test('reads JSON, with a byte order mark too', () => {
    assert.deepEqual(parseJson('\uFEFF{"a":[1,-2.5e3,"\\u0041",true,null,{}]}'), {
      value: { a: [1, -2500, 'A', true, null, {}] },
    })
  })

  test('reads comments as blanks, and keeps what looks like one in a text', () => {
    const text = '// all\n{ /* a */ "a": "http://x/*y*/", // "b": 2,\n "c": "\\"//" /**/ }//'
    assert.deepEqual(parseJson(text), { value: { a: 'http://x/*y*/', c: '"//' } })
    assert.deepEqual(parseJson('{"a":1}// é\r\n'), { value: { a: 1 } })
  })

  test('says where a text is broken, and how to mend it', () => {
    for (const [text, line, column, hint] of [
      ['{"a": 1,}', 1, 9, /remove the comma/],
      ['{\n  "a": [1,\n  ],\n}', 3, 3, /remove the comma/],
      ['{\n  # port\n  "port": 1\n}', 2, 3, /write comments as/],
      ['{\n  "a": 1 /* port\n}', 2, 10, /close the comment/],
      ['{\n  / port\n}', 2, 3, /write comments as/],
      ['{\n  // port\n  /* a\n */ "a": 1,\n}', 5, 1, /remove the comma/],
      ["{'a': 1}", 1, 2, /double quotes/],
      ['{a: 1}', 1, 2, /double quotes/],
      ['{"a": x}', 1, 7, /double quotes/],
      ['{"a": 1\n "b": 2}', 2, 2, /add a comma/],
      ['{"a": [1, {"b": 2}, []', 1, 23, /ends too early/],
      ['', 1, 1, /ends too early/],
      ['{"a"}', 1, 5, /remove or complete what starts with "}"/],
      ['{"a" 1}', 1, 6, /remove or complete/],
      ['{1: 2}', 1, 2, /remove or complete/],
      ['{} {}', 1, 4, /remove or complete/],
      ['{"a": "x\ny"}', 1, 7, /close the text/],
      ['[01]', 1, 3, /remove or complete/],
      ['[1,,2]', 1, 4, /remove or complete/],
      ['[nul]', 1, 2, /double quotes/],
    ] as const) {
      const parsed = parseJson(text)
      assert.ok('fault' in parsed, text)
      assert.deepEqual([parsed.fault.line, parsed.fault.column], [line, column], text)
      assert.match(parsed.fault.hint, hint, text)
    }
  })

  test('takes time in proportion to the text, whatever is not closed in it', () => {
    // With a search that begins again at each of them this takes minutes.
    for (const text of ['/* ', '/*/ ', '\\"', '"\\" ', "'", '/'].map((part) => `{"a":"${part.repeat(200_000)}`)) {
      assert.ok('fault' in parseJson(text))
      assert.ok('fault' in parseJson(text.slice('{"a":"'.length)))
    }
    const parsed = parseJson('/*/')
    assert.ok('fault' in parsed)
    assert.match(parsed.fault.hint, /close the comment/)
  })

  test('finds the fault of a deeply nested text without running out of stack', () => {
    const parsed = parseJson('['.repeat(200_000))
    assert.ok('fault' in parsed)
    assert.equal(parsed.fault.column, 200_001)
  })
})
