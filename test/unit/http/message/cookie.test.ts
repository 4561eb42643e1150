import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieValue } from '../../../../src/http/message/cookie.ts'
import { RequestHeaders } from '../../../../src/http/message/headers.ts'

for (const [field, expected] of [
  [undefined, undefined],
  ['', undefined],
  ['id', undefined],
  ['xid=1; ID=2', undefined],
  ['id=1', '1'],
  ['a=b;id = 1 ;c=d', '1'],
  ['id="a b"', 'a b'],
  ['id=a=b', 'a=b'],
  ['id=; id=2', ''],
  ['id=1; id=2', '1'],
] as const) {
  test(`the cookie "id" in ${JSON.stringify(field)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(cookieValue(field, 'id'), expected)
  })
}

test('reads cookies from every Cookie line of a request', () => {
  const headers = new RequestHeaders(['Cookie', 'a=1', 'Accept', '*/*', 'cookie', 'id=2; b=3'])
  assert.equal(headers.get('cookie'), 'a=1; id=2; b=3')
  assert.equal(cookieValue(headers.get('cookie'), 'id'), '2')
})
