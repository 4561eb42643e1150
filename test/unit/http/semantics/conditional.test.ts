import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowsRange, evaluatePreconditions } from '../../../../src/http/semantics/conditional.ts'
import { processorTime } from '../../../support/processor-time.ts'
import { RequestHeaders } from '../../../../src/http/message/headers.ts'
import { formatHttpDate } from '../../../../src/http/message/date.ts'

const modified = Date.UTC(2024, 4, 1, 12)
const strong = { etag: '"a"', modified }
const weak = { etag: 'W/"a"', modified }
const bare = {}
const at = formatHttpDate(modified)
const before = formatHttpDate(modified - 1000)
const after = formatHttpDate(modified + 1000)

type Case = readonly [
  title: string,
  expected: string,
  fields: readonly string[],
  validators?: typeof strong | typeof bare,
  method?: string,
]

const cases: readonly Case[] = [
  ['nothing is asked', 'proceed', []],
  // If-Match: strong comparison
  ['If-Match names the tag', 'proceed', ['If-Match', '"a"']],
  ['If-Match names another', 'failed', ['If-Match', '"b"']],
  ['If-Match lists the tag', 'proceed', ['If-Match', '"b", "a"']],
  ['If-Match in two fields is one list', 'proceed', ['If-Match', '"b"', 'If-Match', '"a"']],
  ['If-Match is any', 'proceed', ['If-Match', '*'], bare],
  ['If-Match is weak', 'failed', ['If-Match', 'W/"a"']],
  ['the tag is weak', 'failed', ['If-Match', 'W/"a"'], weak],
  ['If-Match without a tag of ours', 'failed', ['If-Match', '"a"'], bare],
  ['If-Match is junk', 'failed', ['If-Match', 'a']],
  ['If-Match fails before If-None-Match could match', 'failed', ['If-None-Match', '"a"', 'If-Match', '"b"']],
  // If-Unmodified-Since
  ['unmodified since', 'proceed', ['If-Unmodified-Since', at]],
  ['modified since', 'failed', ['If-Unmodified-Since', before]],
  ['If-Unmodified-Since is no date', 'proceed', ['If-Unmodified-Since', 'junk']],
  ['If-Unmodified-Since without a date of ours', 'proceed', ['If-Unmodified-Since', before], bare],
  ['If-Unmodified-Since beside If-Match is ignored', 'proceed', ['If-Unmodified-Since', before, 'If-Match', '"a"']],
  ['If-Unmodified-Since twice is ignored', 'proceed', ['If-Unmodified-Since', before, 'If-Unmodified-Since', before]],
  ['OPTIONS has no preconditions', 'proceed', ['If-Unmodified-Since', before], strong, 'OPTIONS'],
  // If-None-Match: weak comparison
  ['If-None-Match names the tag', 'not-modified', ['If-None-Match', '"a"']],
  ['If-None-Match of HEAD', 'not-modified', ['If-None-Match', '"a"'], strong, 'HEAD'],
  ['If-None-Match of PUT', 'failed', ['If-None-Match', '"a"'], strong, 'PUT'],
  ['If-None-Match any of PUT', 'failed', ['If-None-Match', '*'], bare, 'PUT'],
  ['If-None-Match names another', 'proceed', ['If-None-Match', '"b"']],
  ['If-None-Match is weak', 'not-modified', ['If-None-Match', 'W/"a"']],
  ['the tag is weak and If-None-Match is strong', 'not-modified', ['If-None-Match', '"a"'], weak],
  ['If-None-Match lists the tag', 'not-modified', ['If-None-Match', ' ,"b" ,, W/"a",']],
  ['If-None-Match in two fields is one list', 'not-modified', ['If-None-Match', '"b"', 'If-None-Match', '"a"']],
  ['If-None-Match is any', 'not-modified', ['If-None-Match', '*'], bare],
  ['If-None-Match has a comma inside quotes', 'proceed', ['If-None-Match', '"b,"a","']],
  ['If-None-Match holds the tag inside another', 'proceed', ['If-None-Match', '"x","a""']],
  ['If-None-Match without quotes', 'proceed', ['If-None-Match', 'a']],
  ['If-None-Match with an open quote', 'proceed', ['If-None-Match', '"a']],
  ['If-None-Match with w/ in lower case', 'proceed', ['If-None-Match', 'w/"a"']],
  ['If-None-Match with junk behind the tag', 'proceed', ['If-None-Match', '"a" x']],
  ['If-None-Match without a comma between', 'proceed', ['If-None-Match', '"b" "a"']],
  ['a star within a list is no star', 'proceed', ['If-None-Match', '"b", *']],
  ['If-None-Match without a tag of ours', 'proceed', ['If-None-Match', '"a"'], bare],
  // If-Modified-Since
  ['not modified since', 'not-modified', ['If-Modified-Since', at]],
  ['not modified since a later date', 'not-modified', ['If-Modified-Since', after]],
  ['modified since an earlier date', 'proceed', ['If-Modified-Since', before]],
  ['If-Modified-Since is no date', 'proceed', ['If-Modified-Since', 'yesterday']],
  ['If-Modified-Since without a date of ours', 'proceed', ['If-Modified-Since', after], bare],
  ['If-Modified-Since of POST is ignored', 'proceed', ['If-Modified-Since', after], strong, 'POST'],
  [
    'If-Modified-Since beside If-None-Match is ignored',
    'proceed',
    ['If-Modified-Since', after, 'If-None-Match', '"b"'],
  ],
  ['both pass: If-Match, then If-None-Match', 'not-modified', ['If-Match', '"a"', 'If-None-Match', '"a"']],
  ['both pass: dates', 'not-modified', ['If-Unmodified-Since', at, 'If-Modified-Since', at]],
]

for (const [title, expected, fields, validators = strong, method = 'GET'] of cases) {
  test(`${title}: ${expected}`, () => {
    assert.equal(evaluatePreconditions(method, new RequestHeaders(fields), validators), expected)
  })
}

test('finds a tag with a comma in a list', () => {
  const headers = new RequestHeaders(['If-None-Match', '"x", "a,b"'])
  assert.equal(evaluatePreconditions('GET', headers, { etag: '"a,b"' }), 'not-modified')
})

const ranges: readonly [string, boolean, string | undefined, typeof strong | typeof bare][] = [
  ['no If-Range', true, undefined, strong],
  ['the strong tag', true, '"a"', strong],
  ['another tag', false, '"b"', strong],
  ['a weak tag', false, 'W/"a"', weak],
  ['a tag where we have none', false, '"a"', bare],
  ['the exact date', true, at, strong],
  ['a later date', false, after, strong],
  ['a date where we have none', false, at, bare],
  ['junk', false, 'a', strong],
  ['a list of tags', false, '"a", "b"', strong],
]

for (const [title, expected, field, validators] of ranges) {
  test(`If-Range with ${title} ${expected ? 'allows' : 'voids'} Range`, () => {
    const headers = new RequestHeaders(field === undefined ? [] : ['If-Range', field])
    assert.equal(allowsRange(headers, validators), expected)
  })
}

test('ignores Range under an If-Range date within the second of the change', () => {
  const headers = new RequestHeaders(['If-Range', at])
  assert.equal(allowsRange(headers, strong, modified + 999), false)
  assert.equal(allowsRange(headers, strong, modified + 1000), true)
})

test('parses many commas and spaces in linear time', () => {
  const start = processorTime()
  evaluatePreconditions('GET', new RequestHeaders(['If-None-Match', `"b"${', '.repeat(8000)}x`]), strong)
  evaluatePreconditions('GET', new RequestHeaders(['If-None-Match', '"b'.repeat(8000)]), strong)
  assert.ok(processorTime() - start < 500)
})
